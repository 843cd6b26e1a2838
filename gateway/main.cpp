#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/check.hpp"
#include "gateway/config.hpp"
#include "gateway/embedded.hpp"
#include "gateway/fault.hpp"
#include "gateway/hindsight.hpp"
#include "gateway/log.hpp"
#include "gateway/rfc3339.hpp"
#include "gateway/serve.hpp"
#include "gateway/signed_receipt.hpp"
#include "gateway/start_result.hpp"
#include "gateway/startup.hpp"
#include "gateway/verify.hpp"
#include "gateway/version.hpp"

namespace {

namespace gateway = assent::gateway;

constexpr int status_sound = 0;
constexpr int status_faults = 1;
constexpr int status_usage = 2;

// Each command's options, and what it does when it was chosen.
struct CommandLine {
  std::vector<std::filesystem::path> files;
  std::filesystem::path configuration;
  std::string described_file = "assent";
  std::filesystem::path database;
  bool is_for_elsewhere = false;
  gateway::ExplainQuestion explain;
  gateway::ReplayQuestion replay;
  std::string at;
  std::string since;
  std::string until;
  std::string on;
  std::vector<std::string> annulled;
  gateway::Verification verification;
  std::filesystem::path receipt;
  std::filesystem::path receipt_key;
  std::function<int()> run;
};

assent::policy::WallTime wall_time() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

int serve(const std::filesystem::path& file) {
  gateway::Faults faults;
  auto prepared =
      gateway::prepare_to_serve(file, gateway::Surroundings::of_process(), wall_time(), faults);
  if (!prepared) {
    std::cerr << gateway::to_string(faults);
    return gateway::exit_misconfigured;
  }
  gateway::Log log{{prepared->config.log.level, prepared->config.log.format, {}}};
  gateway::log_preparation(*prepared, log);
  return gateway::serve(prepared->config, std::move(prepared->policy), log);
}

void add_serve(CLI::App& app, CommandLine& line) {
  auto* serve_command = app.add_subcommand("serve", "Run the service in the foreground");
  serve_command->add_option(
      "--config", line.configuration,
      "Where and how to run, and where the policy is; without it the built-in "
      "defaults hold, which serve this machine only");
  serve_command->footer(
      "Examples:\n"
      "  assent serve                 on 127.0.0.1:8088, state in $XDG_STATE_HOME/assent or\n"
      "                               build/assent-state; the log says where the tokens are\n"
      "  assent serve --config /etc/assent/assent.yaml\n"
      "  curl -H \"Authorization: Bearer $(cat build/assent-state/tokens/operator)\" \\\n"
      "    http://127.0.0.1:8088/metrics\n"
      "SIGHUP reads the files of the policy again: policy.yaml, jurisdictions.yaml and\n"
      "transfers.yaml, not assent.yaml. They come into force whole, and every room has moved to\n"
      "them before the log says policy.in_force; or they have faults, which the log then names,\n"
      "and nothing changes. A policy that was PUT to /v1/policy holds, also after a restart, "
      "until\n"
      "one of the files is changed.\n"
      "SIGTERM and Ctrl-C end it in order: every call detail record is closed. The status is 78\n"
      "when the configuration is wrong; all its faults are then on standard error, or in the log\n"
      "where a policy that was PUT does not fit it any more.");
  serve_command->callback([&line] { line.run = [&line] { return serve(line.configuration); }; });
}

void add_check(CLI::App& app, CommandLine& line) {
  auto* check = app.add_subcommand(
      "check", "Find everything that is wrong with configuration files, and say how to mend it");
  check->add_option("FILE", line.files,
                    "assent.yaml, policy.yaml, jurisdictions.yaml or transfers.yaml; none: the "
                    "built-in ones");
  check->add_flag("--elsewhere", line.is_for_elsewhere,
                  "The files are for another machine: do not look for its directories, keys and "
                  "certificates on this one");
  check->footer(
      "Examples:\n"
      "  assent check /etc/assent/assent.yaml\n"
      "  assent check --elsewhere production/assent.yaml staging/assent.yaml\n"
      "  assent check policy.yaml jurisdictions.yaml\n"
      "A configuration is checked with the policy that it names. A file of the policy alone is\n"
      "checked with the others given, or else with those that are built in.\n"
      "Faults read FILE:LINE:COLUMN: what is wrong, and a remedy below; warnings say what is "
      "sound\n"
      "and still denies, such as a rule past its review date. The status is 0 when all is sound,\n"
      "1 when something is wrong.");
  check->callback([&line] {
    line.run = [&line] {
      auto surroundings = gateway::Surroundings::of_process();
      surroundings.is_here = !line.is_for_elsewhere;
      const bool sound =
          gateway::check_files(line.files, surroundings, wall_time(), std::cout, std::cerr);
      return sound ? status_sound : status_faults;
    };
  });
}

void add_schema(CLI::App& app, CommandLine& line) {
  auto* schema = app.add_subcommand(
      "schema",
      "Print the JSON Schema of a configuration file, so that an editor helps to write it");
  schema
      ->add_option("FILE", line.described_file,
                   "assent, policy, jurisdictions or transfers; without it assent")
      ->check(CLI::IsMember({"assent", "policy", "jurisdictions", "transfers"}));
  schema->footer(
      "Examples:\n"
      "  assent schema policy > policy.schema.json\n"
      "Beside policy.yaml, an editor with the YAML language server finds it by the file's first "
      "line:\n"
      "  # yaml-language-server: $schema=policy.schema.json\n"
      "It knows the form of a file. `assent check` knows besides whether what it says is sound.");
  schema->callback([&line] {
    line.run = [&line] {
      std::cout << gateway::embedded(line.described_file + ".schema.json").value();
      return status_sound;
    };
  });
}

// "2026-12-01T14:00:00Z", or a day for its beginning.
assent::policy::WallTime instant(const std::string& option, const std::string& text) {
  const bool is_day = text.size() == sizeof "2026-12-01" - 1;
  const auto time = gateway::parse_rfc3339(is_day ? text + "T00:00:00Z" : text);
  if (!time) {
    throw CLI::ValidationError(option, gateway::as_shown(text) + " is neither a day such as " +
                                           "2026-12-01 nor a time such as 2026-12-01T14:00:00Z");
  }
  return *time;
}

std::optional<assent::policy::WallTime> optional_instant(const std::string& option,
                                                         const std::string& text) {
  return text.empty() ? std::nullopt : std::optional{instant(option, text)};
}

std::optional<assent::policy::Date> optional_day(const std::string& option,
                                                 const std::string& text) {
  const auto time = optional_instant(option, text);
  return time ? std::optional{std::chrono::floor<std::chrono::days>(*time)} : std::nullopt;
}

void add_database(CLI::App& command, CommandLine& line) {
  auto* database = command.add_option("--database", line.database,
                                      "The service's database, or a copy of it; a copy is read");
  command
      .add_option("--config", line.configuration,
                  "Or the configuration that names it; without either, the built-in one")
      ->excludes(database);
}

gateway::Config configuration_of(const CommandLine& line) {
  auto surroundings = gateway::Surroundings::of_process();
  surroundings.is_here = false;  // only its paths are of interest
  gateway::Faults faults;
  auto config = line.configuration.empty()
                    ? gateway::default_config(surroundings, faults)
                    : gateway::load_config(line.configuration, surroundings, faults);
  if (!faults.empty()) throw std::runtime_error(gateway::to_string(faults));
  return config;
}

std::filesystem::path database_of(const CommandLine& line) {
  return line.database.empty() ? configuration_of(line).storage.database : line.database;
}

void add_explain(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand(
      "explain", "Why somebody's media goes, or does not go, somewhere: now or at a past instant");
  auto& question = line.explain;
  command->add_option("--room", question.room, "The room")->required();
  command->add_option("--participant", question.participant, "Whose media")->required();
  command->add_option("--purpose", question.purpose, "What for: a purpose, or a sink")->required();
  command->add_option("--at", line.at, "As of this day or time; without it, as of now");
  command->add_option("--session", question.session,
                      "Which holding of the room; without it, the latest that had begun");
  add_database(*command, line);
  command->add_flag("--json", question.as_json, "As the API answers ?explain=true");
  command->footer(
      "Examples:\n"
      "  assent explain --room standup --participant ann --purpose recording\n"
      "  assent explain --room standup --participant ann --purpose recording \\\n"
      "    --at 2026-11-25T14:03:00Z --database /var/lib/assent/assent.db\n"
      "The answer is in words that can be forwarded: yes or no, then each thing that must hold,\n"
      "with the rule, its source and its date. The room is decided again from its record, under\n"
      "the policy that it had. A copy of the database is read; the service may be running.\n"
      "The status is 1 when the record cannot tell, and standard error says why.");
  command->callback([&line] {
    line.explain.at = optional_instant("--at", line.at).value_or(wall_time());
    line.run = [&line] {
      gateway::explain(database_of(line), line.explain, std::cout);
      return status_sound;
    };
  });
}

void read_annulments(CommandLine& line) {
  auto& change = line.replay.change;
  for (const std::string& word : line.annulled) {
    const auto mechanism = assent::policy::parse_mechanism(word);
    if (!mechanism || *mechanism == assent::policy::Mechanism::none) {
      std::vector<std::string_view> words;
      for (std::size_t i = 1; i < assent::policy::mechanisms; ++i)
        words.push_back(to_string(static_cast<assent::policy::Mechanism>(i)));
      throw CLI::ValidationError("--annul", gateway::as_shown(word) + " is no mechanism; " +
                                                gateway::suggest(word, words));
    }
    change.annulled.push_back(*mechanism);
  }
  const auto on = optional_day("--on", line.on);
  if (on) change.on = *on;
  line.replay.as_at = optional_day("--at", line.at);
  if (!line.replay.as_at) line.replay.as_at = on;
}

void add_replay(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand(
      "replay", "Decide recorded rooms again under changed rules: which sinks stop, for whom?");
  auto& question = line.replay;
  command->add_option("--room", question.room, "Only this room; without it, all of them");
  command->add_option("--since", line.since, "Only rooms held at this day or time, or later");
  command->add_option("--until", line.until, "Only rooms that began before this day or time");
  command->add_option("--policy", question.change.files.policy, "Instead of the policy they had");
  command->add_option("--jurisdictions", question.change.files.jurisdictions,
                      "Instead of the jurisdictions they had");
  command->add_option("--transfers", question.change.files.transfers,
                      "Instead of the transfers they had");
  auto* annul = command->add_option(
      "--annul", line.annulled, "This mechanism of transfers is annulled, such as dpf; repeatable");
  annul->allow_extra_args(false);
  auto* on = command->add_option("--on", line.on, "From this day on");
  annul->needs(on);
  on->needs(annul);
  command->add_option("--at", line.at,
                      "As if every room took place on this day; without it, the day of --on, or "
                      "else the days on which they did");
  add_database(*command, line);
  command->add_flag("--verbose", question.with_details, "Every room and person, too");
  command->add_flag("--json", question.as_json, "All of it, for a program");
  command->footer(
      "Examples:\n"
      "  assent replay --annul dpf --on 2026-12-01\n"
      "                               the EU-US framework falls that day: which sinks stop?\n"
      "  assent replay --transfers transfers-new.yaml --since 2026-11-01 --json\n"
      "  assent replay --policy policy-new.yaml --room standup --verbose\n"
      "Nothing is changed by it: a copy of the database is read, and the service may be running.\n"
      "Every room is decided twice from its record, under the rules it had and under the changed\n"
      "ones; the table says what differs.");
  command->callback([&line] {
    line.replay.since = optional_instant("--since", line.since);
    line.replay.until = optional_instant("--until", line.until);
    read_annulments(line);
    line.run = [&line] {
      gateway::replay(database_of(line), line.replay, std::cout, std::cerr);
      return status_sound;
    };
  });
}

// Without a ledger named, all that the configuration names.
gateway::Verification verification_of(const CommandLine& line) {
  gateway::Verification asked = line.verification;
  if (!asked.ledger.empty()) return asked;
  const auto config = configuration_of(line);
  asked.ledger = config.ledger.directory;
  asked.database = config.storage.database;
  asked.subject_keys = config.ledger.subject_keys;
  asked.cdr_lines = config.storage.cdr_directory;
  for (const auto& sink : config.sinks)
    if (const auto* ogg = std::get_if<gateway::OggSink>(&sink.transport))
      asked.recordings.push_back(ogg->directory);
  return asked;
}

void add_verify(CLI::App& app, CommandLine& line) {
  auto* verify = app.add_subcommand(
      "verify", "Whether all records are what they were when they were acknowledged");
  auto& asked = line.verification;
  auto* ledger = verify->add_option("--ledger", asked.ledger,
                                    "The ledger's folder, or a copy of it; then only what else is "
                                    "named is verified with it");
  verify
      ->add_option("--config", line.configuration,
                   "Or the configuration that names everything; without either, the built-in one")
      ->excludes(ledger);
  const auto add = [&](const char* name, auto& place, const char* help) {
    verify->add_option(name, place, help);
  };
  add("--key", asked.key,
      "Verifier key that was kept when the ledger was begun; without it the one in the ledger's "
      "folder, which proves less");
  verify->add_option("--database", asked.database, "The service's database, or a copy of it")
      ->needs(ledger);
  verify
      ->add_option("--subject-keys", asked.subject_keys,
                   "By which the entries' commitments are opened")
      ->needs(ledger);
  verify->add_option("--cdr-lines", asked.cdr_lines, "Folder of the daily files of records")
      ->needs(ledger);
  verify->add_option("--recordings", asked.recordings, "Folder of a sink of kind ogg; repeatable")
      ->needs(ledger)
      ->allow_extra_args(false);
  verify
      ->add_option("--checkpoint", asked.checkpoints,
                   "A checkpoint that was kept elsewhere: the ledger must continue it; repeatable")
      ->allow_extra_args(false);
  verify->footer(
      "Examples:\n"
      "  assent verify --config /etc/assent/assent.yaml --checkpoint /mnt/witness/june\n"
      "  assent verify --ledger copy/ledger --key kept.vkey --database copy/assent.db \\\n"
      "    --subject-keys copy/subject-keys --recordings copy/recordings\n"
      "Reads only, and not while the service runs. The ledger's tree is computed again; every row\n"
      "of the database is compared with its entry; every room is decided again from its record,\n"
      "and every delivery must lie in a permission; every recording must be as it was closed.\n"
      "Prints what was shown and what was not, or what is wrong, where, and what to do. The\n"
      "status is 0 when all is sound, 1 when not.");
  verify->callback([&line] {
    line.run = [&line] {
      const bool sound = gateway::verify(verification_of(line), std::cout, std::cerr);
      return sound ? status_sound : status_faults;
    };
  });
}

void add_receipt(CLI::App& app, CommandLine& line) {
  auto* receipt =
      app.add_subcommand("receipt", "Whether consent receipts are genuine, and what they say");
  receipt->add_option("FILE", line.receipt, "The receipts, as they were downloaded: one a line")
      ->required()
      ->check(CLI::ExistingFile);
  receipt->add_option("--key", line.receipt_key, "Verifier key of the ledger that signed it")
      ->required()
      ->check(CLI::ExistingFile);
  receipt->footer(
      "Examples:\n"
      "  assent receipt mine.jws --key assent.vkey\n"
      "Needs no service and no network. Prints each as JSON when it is genuine. The key is "
      "in\n"
      "the ledger's folder (vkey) and at GET /v1/ledger/key; get it from whom you trust.");
  receipt->callback([&line] {
    line.run = [&line] {
      const auto key = gateway::read_verifier_key(line.receipt_key);
      const auto text = gateway::read_whole(line.receipt);
      if (!key) throw std::runtime_error(gateway::to_string(key.error()));
      if (!text) throw std::runtime_error(gateway::to_string(text.error()));
      std::istringstream lines{*text};
      unsigned number = 0;
      for (std::string one; std::getline(lines, one);) {
        const auto opened = gateway::open_receipt(one, *key);
        const std::string place = line.receipt.string() + ":" + std::to_string(++number) + ": ";
        if (!opened) throw std::runtime_error(place + opened.error().what);
        std::cout << *opened << '\n';
      }
      if (number == 0) throw std::runtime_error(line.receipt.string() + " is empty");
      return status_sound;
    };
  });
}

void add_version(CLI::App& app, CommandLine& line) {
  app.add_subcommand("version", "Print the version")->callback([&line] {
    line.run = [] {
      std::cout << "assent " << gateway::version() << '\n';
      return status_sound;
    };
  });
}

// CLI11 would only say that a command is required.
bool names_unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || std::string_view{argv[1]}.starts_with('-')) return false;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr))
    names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), argv[1]) != names.end()) return false;
  const std::vector<std::string_view> possible(names.begin(), names.end());
  std::cerr << "assent: " << gateway::as_shown(argv[1]) << " is not a command; "
            << gateway::suggest(argv[1], possible) << '\n';
  return true;
}

int run(int argc, char** argv) {
  CLI::App app{
      "Carries a conference's media, and gives it to recorders and other sinks only as far as\n"
      "each speaker allows.",
      "assent"};
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  assent check /etc/assent/assent.yaml\n"
      "                               find all faults of a configuration at once\n"
      "  assent explain --room standup --participant ann --purpose recording\n"
      "                               why her media goes there, or not\n"
      "  assent replay --annul dpf --on 2026-12-01\n"
      "                               which sinks would stop if that framework fell\n"
      "Each command explains itself:  assent check --help");
  CommandLine line;
  add_serve(app, line);
  add_check(app, line);
  add_schema(app, line);
  add_explain(app, line);
  add_replay(app, line);
  add_verify(app, line);
  add_receipt(app, line);
  add_version(app, line);
  if (names_unknown_command(app, argc, argv)) return status_usage;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? status_sound : status_usage;
  }
  return line.run();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "assent: " << error.what() << '\n';
    return status_faults;
  }
}

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/check.hpp"
#include "gateway/config.hpp"
#include "gateway/embedded.hpp"
#include "gateway/fault.hpp"
#include "gateway/log.hpp"
#include "gateway/serve.hpp"
#include "gateway/startup.hpp"
#include "gateway/version.hpp"

namespace {

namespace gateway = assent::gateway;

constexpr int status_sound = 0;
constexpr int status_faults = 1;
constexpr int status_usage = 2;
constexpr int status_configuration = 78;  // EX_CONFIG of sysexits: starting again mends nothing

// Each command's options, and what it does when it was chosen.
struct CommandLine {
  std::vector<std::filesystem::path> files;
  std::filesystem::path configuration;
  std::string described_file = "assent";
  bool is_for_elsewhere = false;
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
    return status_configuration;
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
      "when the configuration is wrong; all its faults are then on standard error.");
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
      "Each command explains itself:  assent check --help");
  CommandLine line;
  add_serve(app, line);
  add_check(app, line);
  add_schema(app, line);
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

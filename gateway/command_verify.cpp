#include <filesystem>
#include <iostream>
#include <variant>

#include "gateway/command.hpp"
#include "gateway/command_options.hpp"
#include "gateway/verify.hpp"

namespace assent::gateway {
namespace {

class VerifyCommand final : public Command {
 public:
  explicit VerifyCommand(CLI::App& app)
      : Command{app, "verify",
                "Whether all records are what they were when they were acknowledged"} {
    auto* ledger =
        options().add_option("--ledger", asked_.ledger,
                             "The ledger's folder, or a copy of it; then only what else is "
                             "named is verified with it");
    options()
        .add_option("--config", configuration_,
                    "Or the configuration that names everything; without either, the built-in one")
        ->excludes(ledger);
    const auto add = [&](const char* name, auto& place, const char* help) {
      options().add_option(name, place, help);
    };
    add("--key", asked_.key,
        "Verifier key that was kept when the ledger was begun; without it the one in the ledger's "
        "folder, which proves less");
    auto* const database =
        options()
            .add_option(
                "--database", database_,
                "The service's database, or a copy of it, or the postgresql:// URI of either")
            ->needs(ledger);
    options()
        .add_option("--subject-keys", asked_.subject_keys,
                    "By which the entries' commitments are opened")
        ->needs(database);
    options()
        .add_option("--cdr-lines", asked_.cdr_lines, "Folder of the daily files of records")
        ->needs(database);
    options()
        .add_option("--recordings", asked_.recordings, "Folder of a sink of kind ogg; repeatable")
        ->needs(database)
        ->allow_extra_args(false);
    options()
        .add_option("--checkpoint", asked_.checkpoints,
                    "A checkpoint that was kept elsewhere: the ledger must continue it; repeatable")
        ->allow_extra_args(false);
    options()
        .add_option("--receipts", asked_.receipts,
                    "Receipts that somebody holds, one a line: each must have its entry and its "
                    "row; repeatable")
        ->allow_extra_args(false);
    options().footer(
        "Examples:\n"
        "  assent verify --config /etc/assent/assent.yaml --checkpoint /mnt/witness/june\n"
        "  assent verify --ledger copy/ledger --key kept.vkey --database copy/assent.db \\\n"
        "    --subject-keys copy/subject-keys --recordings copy/recordings\n"
        "  assent verify --config /etc/assent/assent.yaml --receipts consent-receipts.jws\n"
        "  pg_dump assent | psql assent_copy; assent verify --ledger copy/ledger \\\n"
        "    --database 'postgresql:///assent_copy?host=/run/postgresql'\n"
        "Reads only, and not while the service runs. The ledger's tree is computed again; every "
        "row\n"
        "of the database is compared with its entry; every room is decided again from its record,\n"
        "and every delivery must lie in a permission; every recording must be as it was closed.\n"
        "Prints what was shown and what was not, or what is wrong, where, and what to do. The\n"
        "status is 0 when all is sound, 1 when not.");
  }

  int run() override {
    const bool sound = verify(with_all_that_is_configured(), std::cout, std::cerr);
    return sound ? status_sound : status_faults;
  }

 private:
  // Without a ledger named, all that the configuration names.
  [[nodiscard]] Verification with_all_that_is_configured() const {
    Verification asked = asked_;
    if (!database_.empty()) asked.database = database_place(database_);
    if (!asked.ledger.empty()) return asked;
    const auto config = configuration_of(configuration_);
    asked.ledger = config.ledger.directory;
    asked.database = config.storage.database;
    asked.subject_keys = config.ledger.subject_keys;
    asked.cdr_lines = config.storage.cdr_directory;
    for (const auto& sink : config.sinks)
      if (const auto* ogg = std::get_if<OggSink>(&sink.transport))
        asked.recordings.push_back(ogg->directory);
    return asked;
  }

  Verification asked_;
  std::string database_;
  std::filesystem::path configuration_;
};

}  // namespace

std::unique_ptr<Command> make_verify(CLI::App& app) {
  return std::make_unique<VerifyCommand>(app);
}

}  // namespace assent::gateway

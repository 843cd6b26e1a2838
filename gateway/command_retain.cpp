#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <iostream>
#include <stdexcept>

#include "gateway/command.hpp"
#include "gateway/command_call.hpp"
#include "gateway/retention.hpp"

namespace assent::gateway {
namespace {

class RetainCommand final : public Command {
 public:
  explicit RetainCommand(CLI::App& app)
      : Command{app, "retain", "Let go what has come to the end of its retention, now"} {
    options().add_flag("--dry-run", only_show_, "Only show what would go");
    options().add_flag("--json", as_json_, "For a program");
    options().add_option("--config", configuration_,
                         "The service's configuration; without it, the built-in one");
    options().add_option("--token-file", token_,
                         "A token of the role privacy-officer, for a service that runs; without "
                         "it, the one in the service's directory of tokens");
    options().footer(
        "Examples:\n"
        "  assent retain --dry-run      what would go, why, and since when it is due\n"
        "  assent retain --config /etc/assent/assent.yaml\n"
        "How long each kind of data is kept is the policy's to say, and when contracts end is\n"
        "said in assent.yaml for tenants, and by PATCH /v1/subjects/{subject} for a person. A\n"
        "service that runs does the same once a day, and is asked by its API; one that does not\n"
        "is started for the request. The ledger says how much of each kind went.");
  }

  int run() override {
    const std::string target =
        std::string("/v1/retention?dry_run=") + (only_show_ ? "true" : "false");
    const auto answer = call_service(configuration_, token_, "privacy-officer", "POST", target);
    const auto report = answer_object(answer);
    std::cout << (as_json_ ? boost::json::serialize(report) + '\n' : retention_table(report));
    return status_sound;
  }

 private:
  bool only_show_ = false;
  bool as_json_ = false;
  std::filesystem::path configuration_;
  std::filesystem::path token_;
};

}  // namespace

std::unique_ptr<Command> make_retain(CLI::App& app) {
  return std::make_unique<RetainCommand>(app);
}

}  // namespace assent::gateway

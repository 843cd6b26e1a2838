#include <filesystem>
#include <iostream>
#include <utility>

#include "gateway/command.hpp"
#include "gateway/command_options.hpp"
#include "gateway/fault.hpp"
#include "gateway/log.hpp"
#include "gateway/serve.hpp"
#include "gateway/start_result.hpp"
#include "gateway/startup.hpp"

namespace assent::gateway {
namespace {

class ServeCommand final : public Command {
 public:
  explicit ServeCommand(CLI::App& app)
      : Command{app, "serve", "Run the service in the foreground"} {
    options().add_option("--config", configuration_,
                         "Where and how to run, and where the policy is; without it the built-in "
                         "defaults hold, which serve this machine only");
    options().footer(
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
        "when the configuration is wrong; all its faults are then on standard error, or in the "
        "log\n"
        "where a policy that was PUT does not fit it any more.");
  }

  int run() override {
    Faults faults;
    auto prepared =
        prepare_to_serve(configuration_, Surroundings::of_process(), wall_time(), faults);
    if (!prepared) {
      std::cerr << to_string(faults);
      return exit_misconfigured;
    }
    Log log{{prepared->config.log.level, prepared->config.log.format, {}}};
    log_preparation(*prepared, log);
    return serve(prepared->config, std::move(prepared->policy), log);
  }

 private:
  std::filesystem::path configuration_;
};

}  // namespace

std::unique_ptr<Command> make_serve(CLI::App& app) {
  return std::make_unique<ServeCommand>(app);
}

}  // namespace assent::gateway

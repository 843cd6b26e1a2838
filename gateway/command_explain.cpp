#include <iostream>
#include <string>

#include "gateway/command.hpp"
#include "gateway/command_options.hpp"
#include "gateway/hindsight.hpp"

namespace assent::gateway {
namespace {

class ExplainCommand final : public Command {
 public:
  explicit ExplainCommand(CLI::App& app)
      : Command{app, "explain",
                "Why somebody's media goes, or does not go, somewhere: now or at a past instant"} {
    options().add_option("--room", question_.room, "The room")->required();
    options().add_option("--participant", question_.participant, "Whose media")->required();
    options()
        .add_option("--purpose", question_.purpose, "What for: a purpose, or a sink")
        ->required();
    options().add_option("--at", at_, "As of this day or time; without it, as of now");
    options().add_option("--session", question_.session,
                         "Which holding of the room; without it, the latest that had begun");
    database_.add_to(options());
    options().add_flag("--json", question_.as_json, "As the API answers ?explain=true");
    options().footer(
        "Examples:\n"
        "  assent explain --room standup --participant ann --purpose recording\n"
        "  assent explain --room standup --participant ann --purpose recording \\\n"
        "    --at 2026-11-25T14:03:00Z --database /var/lib/assent/assent.db\n"
        "The answer is in words that can be forwarded: yes or no, then each thing that must hold,\n"
        "with the rule, its source and its date. The room is decided again from its record, under\n"
        "the policy that it had. One instant of the database is read; the service may be running.\n"
        "The status is 1 when the record cannot tell, and standard error says why.");
  }

  int run() override {
    question_.at = optional_instant("--at", at_).value_or(wall_time());
    explain(database_.place(), question_, std::cout);
    return status_sound;
  }

 private:
  ExplainQuestion question_;
  std::string at_;
  DatabaseOption database_;
};

}  // namespace

std::unique_ptr<Command> make_explain(CLI::App& app) {
  return std::make_unique<ExplainCommand>(app);
}

}  // namespace assent::gateway

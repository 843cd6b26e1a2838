#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/command.hpp"
#include "gateway/command_options.hpp"
#include "gateway/fault.hpp"
#include "gateway/hindsight.hpp"

namespace assent::gateway {
namespace {

class ReplayCommand final : public Command {
 public:
  explicit ReplayCommand(CLI::App& app)
      : Command{app, "replay",
                "Decide recorded rooms again under changed rules: which sinks stop, for whom?"} {
    options().add_option("--room", question_.room, "Only this room; without it, all of them");
    options().add_option("--since", since_, "Only rooms held at this day or time, or later");
    options().add_option("--until", until_, "Only rooms that began before this day or time");
    options().add_option("--policy", question_.change.files.policy,
                         "Instead of the policy they had");
    options().add_option("--jurisdictions", question_.change.files.jurisdictions,
                         "Instead of the jurisdictions they had");
    options().add_option("--transfers", question_.change.files.transfers,
                         "Instead of the transfers they had");
    auto* annul = options().add_option(
        "--annul", annulled_, "This mechanism of transfers is annulled, such as dpf; repeatable");
    annul->allow_extra_args(false);
    auto* on = options().add_option("--on", on_, "From this day on");
    annul->needs(on);
    on->needs(annul);
    options().add_option("--at", at_,
                         "As if every room took place on this day; without it, the day of --on, or "
                         "else the days on which they did");
    database_.add_to(options());
    options().add_flag("--verbose", question_.with_details, "Every room and person, too");
    options().add_flag("--json", question_.as_json, "All of it, for a program");
    options().footer(
        "Examples:\n"
        "  assent replay --annul dpf --on 2026-12-01\n"
        "                               the EU-US framework falls that day: which sinks stop?\n"
        "  assent replay --transfers transfers-new.yaml --since 2026-11-01 --json\n"
        "  assent replay --policy policy-new.yaml --room standup --verbose\n"
        "Nothing is changed by it: one instant of the database is read; the service may be "
        "running.\n"
        "Every room is decided twice from its record, under the rules it had and under the "
        "changed\n"
        "ones; the table says what differs.");
  }

  int run() override {
    question_.since = optional_instant("--since", since_);
    question_.until = optional_instant("--until", until_);
    read_annulments();
    replay(database_.place(), question_, std::cout, std::cerr);
    return status_sound;
  }

 private:
  void read_annulments();

  ReplayQuestion question_;
  std::string since_;
  std::string until_;
  std::string at_;
  std::string on_;
  std::vector<std::string> annulled_;
  DatabaseOption database_;
};

void ReplayCommand::read_annulments() {
  auto& change = question_.change;
  for (const std::string& word : annulled_) {
    const auto mechanism = policy::parse_mechanism(word);
    if (!mechanism || *mechanism == policy::Mechanism::none) {
      std::vector<std::string_view> words;
      for (std::size_t i = 1; i < policy::mechanisms; ++i)
        words.push_back(to_string(static_cast<policy::Mechanism>(i)));
      throw CLI::ValidationError("--annul",
                                 as_shown(word) + " is no mechanism; " + suggest(word, words));
    }
    change.annulled.push_back(*mechanism);
  }
  const auto on = optional_day("--on", on_);
  if (on) change.on = *on;
  question_.as_at = optional_day("--at", at_);
  if (!question_.as_at) question_.as_at = on;
}

}  // namespace

std::unique_ptr<Command> make_replay(CLI::App& app) {
  return std::make_unique<ReplayCommand>(app);
}

}  // namespace assent::gateway

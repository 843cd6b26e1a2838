#include <filesystem>
#include <iostream>
#include <string>

#include "gateway/cdrs_parameters.hpp"
#include "gateway/cdrs_report.hpp"
#include "gateway/command.hpp"
#include "gateway/command_options.hpp"
#include "gateway/fault.hpp"

namespace assent::gateway {
namespace {

class CdrsCommand final : public Command {
 public:
  explicit CdrsCommand(CLI::App& app)
      : Command{app, "cdrs", "Call detail records, in the forms that other programs read"} {
    auto& filter = question_.filter;
    options().add_option("--format", form_,
                         "jsonl (the default), csv, vcon, cel (Asterisk) or freeswitch");
    add("--room", filter.room, "Only of this room");
    add("--participant", filter.participant, "Only of this participant");
    add("--subject", filter.subject, "Only of this person");
    add("--since", since_, "Only records made on this day or later");
    add("--until", until_, "Only records made before this day");
    add("--processor", question_.processor,
        "Only what the policy in force shows this processor; without it, all");
    database_.add_to(options());
    options().footer(
        "Examples:\n"
        "  assent cdrs --since 2026-11-01 --until 2026-12-01 --format csv > november.csv\n"
        "  assent cdrs --room standup --format vcon > standup.jsonl\n"
        "                               a vCon for each time that the room was held, with "
        "consents\n"
        "  assent cdrs --room standup --processor customer-management\n"
        "                               what support may see of it, and nothing else\n"
        "  assent cdrs --format cel >> /var/log/asterisk/cel-custom/Master.csv\n"
        "One instant of the database is read; the service may be running. vcon and\n"
        "freeswitch write a line a call, jsonl and csv one a record. What they say of people is\n"
        "personal data: keep it as such. The same is at GET /v1/cdrs.");
  }

  int run() override {
    for (const auto& [option, value] : texts_)
      if (option->count() != 0) check(option->get_name(), *value);
    if (!form_.empty()) {
      const auto form = parse_cdr_form(form_);
      if (!form)
        throw CLI::ValidationError(
            "--format", as_shown(form_) + " is no form; " + suggest(form_, cdr_form_words));
      question_.form = *form;
    }
    question_.filter.from = optional_instant("--since", since_);
    question_.filter.until = optional_instant("--until", until_);
    question_.gateway = database_.gateway_name();
    const auto write = [](std::string_view text) { std::cout << text; };
    report_cdrs(database_.place(), question_, write, std::cerr);
    std::cout.flush();
    if (!std::cout) throw std::runtime_error("not all of it could be written");
    return status_sound;
  }

 private:
  void add(const char* name, std::string& into, const char* help) {
    texts_.emplace_back(options().add_option(name, into, help), &into);
  }
  // An empty text is a mistake, and must not ask for everything.
  static void check(const std::string& name, const std::string& value) {
    if (value.empty())
      throw CLI::ValidationError(name, "it is empty: write a value, or leave the option out");
    if (const auto fault = cdrs_parameter_fault(std::string_view{name}.substr(2), value))
      throw CLI::ValidationError(name,
                                 as_shown(value) + ": it" + fault->substr(fault->find(" must")));
  }

  CdrsQuestion question_;
  std::vector<std::pair<const CLI::Option*, const std::string*>> texts_;
  std::string form_;
  std::string since_;
  std::string until_;
  DatabaseOption database_;
};

}  // namespace

std::unique_ptr<Command> make_cdrs(CLI::App& app) {
  return std::make_unique<CdrsCommand>(app);
}

}  // namespace assent::gateway

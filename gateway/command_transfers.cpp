#include <iostream>
#include <string>

#include "gateway/command.hpp"
#include "gateway/command_options.hpp"
#include "gateway/fault.hpp"
#include "gateway/transfers_parameters.hpp"
#include "gateway/transfers_report.hpp"

namespace assent::gateway {
namespace {

class TransfersCommand final : public Command {
 public:
  explicit TransfersCommand(CLI::App& app)
      : Command{app, "transfers", "Which personal data went to whom, where, and by what right"} {
    auto& filter = question_.filter;
    add("--subject", filter.subject, "Only of this person");
    add("--room", filter.room, "Only of this room");
    add("--processor", filter.processor, "Only to this one: a processor, a webhook, the gateway");
    add("--mechanism", filter.mechanism,
        "Only what it makes lawful, such as dpf; none: what nothing does");
    add("--from", filter.from, "Only of people in this country or region");
    add("--to", filter.to, "Only to this country or region");
    options().add_option("--since", since_,
                         "Only calls that passed something on this day or later");
    options().add_option("--until", until_, "Only calls that passed something before this day");
    options().add_option("--by", by_,
                         "Added up by subject, processor, mechanism or countries; without it, way "
                         "by way");
    auto* json = options().add_flag("--json", as_json_, "For a program");
    options().add_flag("--csv", as_csv_, "For a spreadsheet")->excludes(json);
    options().add_option("--svg", question_.picture,
                         "Besides, a picture for a report into this file");
    database_.add_to(options());
    options().footer(
        "Examples:\n"
        "  assent transfers             every way that data took, unlawful ones first\n"
        "  assent transfers --by countries --since 2026-11-01 --until 2026-12-01\n"
        "  assent transfers --mechanism none --svg unlawful.svg\n"
        "  assent transfers --subject s-ann --csv > ann.csv\n"
        "One instant of the database is read; the service may be running. Of each call its last\n"
        "record counts, which has all that it passed on: a call that has begun before --since, or\n"
        "goes on after --until, counts whole. The same is at GET /v1/transfers.");
  }

  int run() override {
    for (const auto& [name, value] : texts_) {
      if (value->empty()) continue;
      if (const auto fault = transfers_parameter_fault(std::string_view{name}.substr(2), *value))
        throw CLI::ValidationError(name,
                                   as_shown(*value) + ": it" + fault->substr(fault->find(" must")));
    }
    question_.filter.since = optional_instant("--since", since_);
    question_.filter.until = optional_instant("--until", until_);
    if (!by_.empty()) {
      const auto grouping = parse_grouping(by_);
      constexpr std::string_view words[] = {"paths", "subject", "processor", "mechanism",
                                            "countries"};
      if (!grouping)
        throw CLI::ValidationError("--by",
                                   as_shown(by_) + " is no grouping; " + suggest(by_, words));
      question_.grouping = *grouping;
    }
    using Form = TransfersQuestion::Form;
    question_.form = as_json_ ? Form::json : as_csv_ ? Form::csv : Form::table;
    report_transfers(database_.place(), question_, std::cout, std::cerr);
    return status_sound;
  }

 private:
  void add(const char* name, std::string& into, const char* help) {
    options().add_option(name, into, help);
    texts_.emplace_back(name, &into);
  }

  TransfersQuestion question_;
  std::vector<std::pair<const char*, const std::string*>> texts_;
  std::string since_;
  std::string until_;
  std::string by_;
  bool as_json_ = false;
  bool as_csv_ = false;
  DatabaseOption database_;
};

}  // namespace

std::unique_ptr<Command> make_transfers(CLI::App& app) {
  return std::make_unique<TransfersCommand>(app);
}

}  // namespace assent::gateway

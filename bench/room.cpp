// How long a room takes to decide anew when one consent changes, by the number of participants.
#include "policy/room.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

namespace assent::bench {
namespace {

using namespace policy;

constexpr WallTime now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 24};
constexpr Date next_year = std::chrono::year{2027} / 12 / 31;
const std::vector<std::string> sinks{"archive", "copy", "recorder", "standby"};

JurisdictionRow row(std::string code, Rule rule, std::string regime) {
  JurisdictionRow made;
  made.code = std::move(code);
  made.interception = rule;
  made.data_protection = Rule::none;
  made.regime = std::move(regime);
  made.source = "bench";
  made.contested = Contested::no;
  made.review_by = next_year;
  return made;
}

// One purpose with four sinks, one of them abroad, under a mechanism of transfer.
RuleBook rules_under(Rule rule) {
  RuleBook made;
  made.categories["recordings"].media_path = true;
  Purpose recording;
  recording.category = "recordings";
  recording.bases = {Basis::consent};
  recording.least = Strength::firm;
  made.purposes["recording"] = recording;
  Processor processor;
  processor.role = Role::self;
  processor.categories = {"recordings"};
  processor.purposes = {"recording"};
  processor.countries = {"NL", "US"};
  processor.own_use = false;
  processor.media_path = true;
  made.processors["operator"] = processor;
  for (const std::string& sink : sinks)
    made.sinks[sink] = {"recording", "operator", sink == "archive" ? "US" : "NL"};
  made.method_rules.at(static_cast<std::size_t>(Method::verbal)) =
      MethodRule{Strength::firm, {}, {}};
  for (const auto* code : {"NL", "DE"})
    made.jurisdictions[code] = row(code, rule, "EU");
  made.jurisdictions["US"] = row("US", rule, "");
  TransferRow transfer;
  transfer.exporter = "EU";
  transfer.importer = "US";
  transfer.mechanism = Mechanism::adequacy;
  transfer.effective = std::chrono::year{2020} / 1 / 1;
  transfer.status = TransferStatus::in_force;
  transfer.source = "bench";
  transfer.review_by = next_year;
  made.transfers.push_back(transfer);
  return made;
}

class GrantedRoom {
 public:
  GrantedRoom(const RuleBook& rules, std::size_t participants) : room_{"room", rules} {
    for (std::size_t i = 0; i < participants; ++i) {
      ParticipantJoined joined;
      joined.participant = "participant-" + std::to_string(i);
      joined.evidence = {{EvidenceKind::declared, i % 2 == 0 ? "NL" : "DE"}};
      joined.minor = Minor::no;
      tell(joined);
    }
    for (std::size_t i = 0; i < participants; ++i)
      grant("participant-" + std::to_string(i));
    tell(PurposeStarted{"recording", By::sinks, sinks, true});
  }

  void grant(const std::string& participant) {
    Statement granted;
    granted.answer = Answer::granted;
    granted.method = Method::verbal;
    tell(ConsentStated{participant, "recording", granted});
  }
  void withdraw(const std::string& participant) {
    tell(ConsentWithdrawn{participant, "recording", Giver::participant});
  }
  [[nodiscard]] std::size_t changed() const { return out_.changed.size(); }

 private:
  void tell(const Event& event) {
    if (!room_.handle(now, event, out_)) std::abort();
  }

  Room room_;
  Decisions out_;
};

// Each iteration is a withdrawal and a grant: two changes.
void change_consent(benchmark::State& state, Rule rule) {
  const auto participants = static_cast<std::size_t>(state.range(0));
  const RuleBook rules = rules_under(rule);
  GrantedRoom room{rules, participants};
  const std::string who = "participant-7";
  for (auto _ : state) {
    room.withdraw(who);
    room.grant(who);
  }
  const std::size_t touched = rule == Rule::all_party ? participants : 1;
  if (room.changed() != touched * sinks.size()) state.SkipWithError("the room decided otherwise");
  state.counters["change"] = benchmark::Counter(
      2, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.SetComplexityN(state.range(0));
}

void register_all() {
  for (const Rule rule : {Rule::all_party, Rule::per_participant}) {
    auto* change = benchmark::RegisterBenchmark(
        ("change_consent/" + std::string{to_string(rule)}).c_str(), change_consent, rule);
    for (int participants = 125; participants <= 8'000; participants *= 2)
      change->Arg(participants);
    change->Complexity()->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace
}  // namespace assent::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  assent::bench::register_all();
  benchmark::RunSpecifiedBenchmarks();
}

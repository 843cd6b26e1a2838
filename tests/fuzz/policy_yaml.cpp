// A file of the policy: its faults are where they can be found and say what to do, and what has
// none can be asked about. The first byte says which file it is.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/law_reader.hpp"
#include "gateway/policy_reader.hpp"
#include "gateway/policy_warnings.hpp"
#include "gateway/yaml_reader.hpp"

using namespace assent;
using namespace assent::gateway;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// As much of the law as a policy needs to refer to.
constexpr std::string_view some_law = R"(version: "1"
jurisdictions:
  NL:
    name: Netherlands
    regime: EU
    interception: one_party
    data_protection: per_participant
    wording: participant_may
    citation: "a law"
    contested: no
    source: "a source"
    source_date: "2026-01-01"
    review_by: 2027-01-01
    not_legal_advice: true
)";
void check_faults(const Faults& faults, std::string_view text) {
  const auto lines = static_cast<unsigned>(std::ranges::count(text, '\n')) + 2;
  for (const Fault& fault : faults.in_order()) {
    require(fault.line <= lines && !fault.what.empty());
    require(to_string(fault).find(fault.what) != std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  Faults faults;
  const auto document = YamlDocument::from_text("file.yaml", text, faults);
  policy::RuleBook rules;
  if (data[0] == 'j') {
    read_jurisdictions(document.root(), rules);
  } else if (data[0] == 't') {
    read_transfers(document.root(), rules);
  } else {
    Faults of_law;
    const auto law = YamlDocument::from_text("law.yaml", some_law, of_law);
    read_jurisdictions(law.root(), rules);
    read_rules(document.root(), rules);
  }
  check_faults(faults, text);
  if (!faults.empty()) return 0;
  require(rules.purposes.size() <= policy::purposes_max && rules.sinks.size() <= policy::sinks_max);
  constexpr policy::WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 26}};
  for (const auto& warning : warnings_of(rules, now))
    require(!warning.empty());
  return 0;
}

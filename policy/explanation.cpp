#include "policy/explanation.hpp"

namespace assent::policy {
namespace {

std::string line_of(const Finding& finding) {
  const bool content = finding.reason == Reason::permitted;
  std::string line = content ? "  yes  " : "  NO   ";
  line += to_string(finding.axis);
  if (!content) {
    line += ": ";
    line += sentence(finding.reason);
  }
  if (!finding.detail.empty()) line += (content ? ": " : " ") + finding.detail;
  std::string basis = finding.row;
  for (const std::string* part : {&finding.citation, &finding.source, &finding.source_date})
    if (!part->empty()) basis += (basis.empty() ? "" : "; ") + *part;
  if (!basis.empty()) line += " [" + basis + "]";
  return line + '\n';
}

}  // namespace

std::string in_words(const Explanation& explanation) {
  const Decision& decision = explanation.decision;
  std::string words = "Participant " + decision.participant + " in room " + explanation.room;
  words += decision.permitted ? ": media goes to " : ": media does not go to ";
  words += decision.sink + " for " + decision.purpose + ". ";
  words += sentence(decision.reason);
  if (!decision.blocker.empty()) words += " It depends on participant " + decision.blocker + ".";
  words += '\n';
  for (const Finding& finding : explanation.findings)
    words += line_of(finding);
  words += "Decided under the policy " +
           (decision.rules_hash.empty() ? std::string("(no hash)") : decision.rules_hash) +
           ", epoch " + std::to_string(decision.epoch) + ". This is not legal advice.\n";
  return words;
}

}  // namespace assent::policy

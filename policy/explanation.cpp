#include "policy/explanation.hpp"

#include <array>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <string_view>

namespace assent::policy {
namespace {

std::string_view title(Axis axis) {
  switch (axis) {
    case Axis::started:
      return "The purpose";
    case Axis::binding:
      return "The recipient";
    case Axis::layers:
      return "Narrower policies";
    case Axis::composition:
      return "The law of those present";
    case Axis::ciphertext:
      return "Encryption";
    case Axis::consent:
      return "Consent";
    case Axis::minors:
      return "Minors";
    case Axis::strength:
      return "Strength of the consent";
    case Axis::basis:
      return "Legal basis";
    case Axis::others:
      return "Consent of the others";
    case Axis::notice:
      return "Notice";
    case Axis::own_use:
      return "The recipient's own use";
    case Axis::transfer:
      return "Transfer abroad";
    case Axis::required:
      break;
  }
  return "Purposes it builds on";
}

// "25 November 2026, 14:03:07 UTC"
std::string date_in_words(WallTime time) {
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - midnight)};
  std::array<char, 32> of_day{};
  std::snprintf(of_day.data(), of_day.size(), "%02d:%02d:%02d UTC",
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return in_words(midnight) + ", " + of_day.data();
}

// A sentence after "because".
std::string as_clause(std::string_view sentence) {
  std::string clause{sentence};
  if (clause.ends_with('.')) clause.pop_back();
  if (!clause.empty())
    clause[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(clause[0])));
  return clause;
}

std::string line_of(const Finding& finding) {
  std::string line = finding.reason == Reason::permitted ? "  yes  " : "  NO   ";
  line += title(finding.axis);
  line += ": ";
  line += finding.detail.empty() ? std::string(sentence(finding.reason)) : finding.detail;
  if (finding.since) line += " Since " + date_in_words(*finding.since) + ".";
  std::string basis = finding.row;
  for (const std::string* part : {&finding.citation, &finding.source, &finding.source_date})
    if (!part->empty()) basis += (basis.empty() ? "" : "; ") + *part;
  if (!basis.empty()) line += " [" + basis + "]";
  return line + '\n';
}

std::string answer_of(const Explanation& explanation) {
  const Decision& decision = explanation.decision;
  std::string words = decision.permitted ? "Yes. " : "No. ";
  words += "The audio and video of participant " + decision.participant + " in room " +
           explanation.room + (decision.permitted ? " go to " : " do not go to ") + decision.sink;
  if (!decision.purpose.empty()) words += " for " + decision.purpose;
  words += ", because " + as_clause(sentence(decision.reason)) + ".";
  if (!decision.blocker.empty())
    words += explanation.others == Others::named
                 ? " It depends on participant " + decision.blocker + "."
                 : " It depends on somebody else who is present.";
  words += "\nThis is the answer as of " + date_in_words(explanation.at) + ".";
  if (explanation.since)
    words += " It has been so since " + date_in_words(*explanation.since) + ".";
  if (decision.deadline)
    words +=
        " It ends on " + date_in_words(*decision.deadline) + ", unless something changes before.";
  return words + '\n';
}

}  // namespace

std::string in_words(Date day) {
  constexpr std::array<std::string_view, 12> months{
      "January", "February", "March",     "April",   "May",      "June",
      "July",    "August",   "September", "October", "November", "December"};
  const std::chrono::year_month_day date{day};
  return std::to_string(static_cast<unsigned>(date.day())) + ' ' +
         std::string(months.at(static_cast<unsigned>(date.month()) - 1)) + ' ' +
         std::to_string(static_cast<int>(date.year()));
}

std::string in_words(const Explanation& explanation) {
  std::string words = answer_of(explanation);
  if (!explanation.findings.empty())
    words += "Everything must hold for it to go there. What was found:\n";
  for (const Finding& finding : explanation.findings)
    words += line_of(finding);
  const Decision& decision = explanation.decision;
  words += "Decided under the policy " +
           (decision.rules_hash.empty() ? std::string("(no hash)") : decision.rules_hash) +
           ", epoch " + std::to_string(decision.epoch) + ". This is not legal advice.\n";
  return words;
}

}  // namespace assent::policy

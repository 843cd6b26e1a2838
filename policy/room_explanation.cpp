#include <algorithm>
#include <utility>

#include "policy/room_state.hpp"

namespace assent::policy {
namespace {

std::string text(std::string_view view) {
  return std::string(view);
}

std::string origin_text(const Member& member) {
  if (member.evidence.empty()) return "No evidence says where this person is.";
  std::string words = "Evidence:";
  for (const JurisdictionEvidence& hint : member.evidence)
    words +=
        " " + text(to_string(hint.kind)) + " " + (hint.code.empty() ? "nowhere" : hint.code) + ",";
  words.back() = '.';
  return words;
}

}  // namespace

Explanation Room::State::explain(const Member& member, std::size_t slot) const {
  const std::size_t purpose = index_.slots()[slot].purpose;
  const Standing stands = standing(member, purpose);
  const Survey found = survey(slot);  // also of a purpose that is not started
  const Facts facts = facts_of(member, slot, stands, found, transfer_of(member, slot));
  Explanation explanation{id_, member.subject, now_, decision_of(member, slot), {}};
  for (std::size_t axis = 0; axis < axes; ++axis)
    explanation.findings.push_back(finding(static_cast<Axis>(axis), member, slot, facts, found));
  return explanation;
}

Finding Room::State::finding(Axis axis, const Member& member, std::size_t slot, const Facts& facts,
                             const Survey& found) const {
  const Slot& at = index_.slots()[slot];
  const IndexedPurpose& purpose = index_.purposes()[at.purpose];
  const Consent& own = member.own[at.purpose];
  Finding one;
  one.axis = axis;
  one.reason = judge(axis, facts);
  switch (axis) {
    case Axis::started:
      one.row = "purposes/" + purpose.name;
      break;
    case Axis::binding:
      one.row = "processors/" + at.processor;
      one.detail = at.name + " is operated by " + at.processor + " in " + at.jurisdiction + ".";
      break;
    case Axis::layers:
      if (!tenant_.empty()) one.row = "tenants/" + tenant_;
      break;
    case Axis::composition: {
      one.detail = "The strictest rule in the room is " + text(to_string(facts.rule)) + ". " +
                   origin_text(member);
      if (found.row.empty()) break;
      one.row = "jurisdictions/" + found.row;
      if (const auto row = rules().jurisdictions.find(found.row);
          row != rules().jurisdictions.end()) {
        one.citation = row->second.citation;
        one.source = row->second.source;
        one.source_date = row->second.source_date;
      }
      break;
    }
    case Axis::ciphertext:
      break;
    case Axis::consent:
    case Axis::strength:
      one.row = "purposes/" + purpose.name;
      one.detail = "The consent is " + text(to_string(facts.consent)) + "; its strength is " +
                   text(to_string(own.strength)) + ", at least " +
                   text(to_string(member.least[at.purpose])) + " is asked for.";
      break;
    case Axis::minors:
      one.row = "minors";
      break;
    case Axis::basis:
      one.row = "purposes/" + purpose.name;
      break;
    case Axis::others:
      one.detail = std::to_string(found.missing.size()) + " of " + std::to_string(members_.size()) +
                   " people have not granted it.";
      break;
    case Axis::notice:
      one.row = "notices/" + required_notice(member, at.purpose);
      break;
    case Axis::own_use:
      one.row = "processors/" + at.processor;
      break;
    case Axis::transfer: {
      const TransferAnswer transfer = transfer_of(member, slot);
      if (transfer.exporter.empty()) {
        one.detail = "No transfer between legal regimes takes place.";
        break;
      }
      one.row = "transfers/" + transfer.exporter + "/" + text(country_of(at.jurisdiction));
      one.citation = transfer.instrument;
      one.detail = "Mechanism: " + text(to_string(transfer.mechanism)) + ".";
      for (const TransferRow& row : rules().transfers)
        if (row.exporter == transfer.exporter && row.instrument == transfer.instrument) {
          one.source = row.source;
          one.source_date = row.source_date;
        }
      break;
    }
    case Axis::required:
      for (const std::string& name : purpose.rules->requires_purposes)
        one.detail += (one.detail.empty() ? "It builds on " : ", ") + name;
      if (!one.detail.empty()) one.detail += '.';
      break;
  }
  return one;
}

}  // namespace assent::policy

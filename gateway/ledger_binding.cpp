#include "gateway/ledger_binding.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "gateway/sha256.hpp"

namespace assent::gateway {
namespace {

namespace json = boost::json;

std::int64_t ms(WallTime time) {
  return time.time_since_epoch().count();
}

json::array words(const ConsentEvent& of) {
  return {of.session,
          of.room,
          of.participant,
          of.subject,
          of.purpose,
          of.giver,
          of.statement,
          of.state,
          of.method,
          of.strength,
          of.notice,
          of.evidence,
          of.epoch,
          of.rules,
          of.receipt,
          ms(of.at),
          of.expires ? ms(*of.expires) : 0};
}
json::array words(const CdrEntry& of) {
  return {of.session,    of.room, of.participant, of.subject,
          of.record_seq, of.kind, ms(of.at),      of.json};
}
// The texts by their hashes: they are kept once, however often they come into force.
json::array words(const AcceptedPolicy& of) {
  json::array all{of.hash,  of.source, of.by, of.files, of.server_processor, of.server_jurisdiction,
                  ms(of.at)};
  for (const auto* text : {&of.texts.policy, &of.texts.jurisdictions, &of.texts.transfers}) {
    all.emplace_back(text->name);
    all.emplace_back(to_hex(sha256(text->text)));
  }
  return all;
}
json::array words(const RoomEvent& of) {
  return {of.session, of.room, of.participant, of.subject, of.seq, of.rules, ms(of.at), of.json};
}
json::array words(const ClosedRecording& of) {
  return {of.session, of.room,  of.participant, of.subject, of.sink,
          of.purpose, of.epoch, ms(of.at),      of.json};
}

json::array words(const PrivacyAction& of) {
  return {of.action, of.subject, of.actor, ms(of.at), of.json};
}

LedgerEntry open_part(const ConsentEvent& of) {
  LedgerEntry entry;
  entry.kind = LedgerKind::consent;
  entry.session = of.session;
  entry.purpose = of.purpose;
  entry.state = of.state;
  entry.rules = of.rules;
  entry.epoch = of.epoch;
  return entry;
}
LedgerEntry open_part(const CdrEntry& of) {
  LedgerEntry entry;
  entry.kind = LedgerKind::record;
  entry.session = of.session;
  entry.state = of.kind;
  return entry;
}
LedgerEntry open_part(const AcceptedPolicy& of) {
  LedgerEntry entry;
  entry.kind = LedgerKind::policy;
  entry.state = of.source;
  entry.rules = of.hash;
  return entry;
}
LedgerEntry open_part(const RoomEvent& of) {
  LedgerEntry entry;
  entry.kind = LedgerKind::event;
  entry.session = of.session;
  entry.rules = of.rules;
  return entry;
}
LedgerEntry open_part(const ClosedRecording& of) {
  LedgerEntry entry;
  entry.kind = LedgerKind::recording;
  entry.session = of.session;
  entry.purpose = of.purpose;
  entry.epoch = of.epoch;
  return entry;
}

LedgerEntry open_part(const PrivacyAction& of) {
  LedgerEntry entry;
  entry.kind = LedgerKind::action;
  entry.state = of.action;
  return entry;
}

template <class Of>
std::string_view table_of() {
  if constexpr (std::is_same_v<Of, ConsentEvent>) return "consents";
  if constexpr (std::is_same_v<Of, CdrEntry>) return "cdrs";
  if constexpr (std::is_same_v<Of, AcceptedPolicy>) return "policies";
  if constexpr (std::is_same_v<Of, RoomEvent>) return "room_events";
  if constexpr (std::is_same_v<Of, ClosedRecording>) return "recordings";
  if constexpr (std::is_same_v<Of, PrivacyAction>) return "privacy_actions";
}

template <class Of>
constexpr bool is_kept =
    !std::is_same_v<Of, StoredReceipt> && !std::is_same_v<Of, LedgerCheckpoint>;

template <class Of>
std::string subject_of(const Of& of) {
  if constexpr (!std::is_same_v<Of, AcceptedPolicy>)
    if (!of.subject.empty()) return of.subject;
  return std::string{common_subject};
}

}  // namespace

std::string ledger_data(const Record& record, RecordId id) {
  return std::visit(
      [&]<class Of>(const Of& of) -> std::string {
        if constexpr (is_kept<Of>) {
          json::array all{table_of<Of>(), static_cast<std::int64_t>(id)};
          for (auto& word : words(of))
            all.push_back(std::move(word));
          return json::serialize(all);
        } else {
          return {};
        }
      },
      record);
}

std::optional<LedgerEntry> ledger_entry(const Record& record, RecordId id) {
  return std::visit(
      [&]<class Of>(const Of& of) -> std::optional<LedgerEntry> {
        if constexpr (is_kept<Of>) {
          LedgerEntry entry = open_part(of);
          entry.at = of.at;
          entry.subject = subject_of(of);
          entry.data = ledger_data(record, id);
          return entry;
        } else {
          return std::nullopt;
        }
      },
      record);
}

}  // namespace assent::gateway

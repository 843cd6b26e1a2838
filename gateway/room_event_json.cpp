#include "gateway/room_event_json.hpp"

#include <algorithm>

#include "gateway/json_fields.hpp"
#include "gateway/pseudonym.hpp"

namespace assent::gateway {

using policy::Event;
using policy::Statement;
using policy::Tightening;

template <>
inline constexpr auto json_words<policy::Answer> =
    std::array{Word<policy::Answer>{policy::Answer::refused, "refused"},
               Word<policy::Answer>{policy::Answer::granted, "granted"}};
template <>
inline constexpr auto json_words<policy::Method> =
    std::array{Word<policy::Method>{policy::Method::written, "written"},
               Word<policy::Method>{policy::Method::verbal, "verbal"},
               Word<policy::Method>{policy::Method::online, "online"},
               Word<policy::Method>{policy::Method::service_start, "service_start"},
               Word<policy::Method>{policy::Method::implied, "implied"}};
template <>
inline constexpr auto json_words<policy::Giver> =
    std::array{Word<policy::Giver>{policy::Giver::participant, "participant"},
               Word<policy::Giver>{policy::Giver::guardian, "guardian"}};
template <>
inline constexpr auto json_words<policy::DefaultState> =
    std::array{Word<policy::DefaultState>{policy::DefaultState::unstated, "unstated"},
               Word<policy::DefaultState>{policy::DefaultState::unticked, "unticked"},
               Word<policy::DefaultState>{policy::DefaultState::ticked, "ticked"}};
template <>
inline constexpr auto json_words<policy::Strength> =
    std::array{Word<policy::Strength>{policy::Strength::none, "none"},
               Word<policy::Strength>{policy::Strength::weakest, "weakest"},
               Word<policy::Strength>{policy::Strength::weak, "weak"},
               Word<policy::Strength>{policy::Strength::firm, "firm"},
               Word<policy::Strength>{policy::Strength::strong, "strong"}};
template <>
inline constexpr auto json_words<policy::Rule> =
    std::array{Word<policy::Rule>{policy::Rule::prohibit, "prohibit"},
               Word<policy::Rule>{policy::Rule::all_party, "all_party"},
               Word<policy::Rule>{policy::Rule::per_participant, "per_participant"},
               Word<policy::Rule>{policy::Rule::one_party, "one_party"},
               Word<policy::Rule>{policy::Rule::notice, "notice"},
               Word<policy::Rule>{policy::Rule::none, "none"}};
template <>
inline constexpr auto json_words<policy::By> = std::array{
    Word<policy::By>{policy::By::sinks, "sinks"}, Word<policy::By>{policy::By::server, "server"}};

namespace {

// The word of each kind of event; words never change meaning.
template <class E>
inline constexpr std::string_view event_word{};
template <>
inline constexpr std::string_view event_word<RulesInForce> = "rules_in_force";
template <>
inline constexpr std::string_view event_word<policy::TimePassed> = "time_passed";
template <>
inline constexpr std::string_view event_word<policy::ParticipantJoined> = "participant_joined";
template <>
inline constexpr std::string_view event_word<policy::ParticipantLeft> = "participant_left";
template <>
inline constexpr std::string_view event_word<policy::ConsentStated> = "consent_stated";
template <>
inline constexpr std::string_view event_word<policy::ConsentWithdrawn> = "consent_withdrawn";
template <>
inline constexpr std::string_view event_word<policy::ConsentInvalidated> = "consent_invalidated";
template <>
inline constexpr std::string_view event_word<policy::NoticeGiven> = "notice_given";
template <>
inline constexpr std::string_view event_word<policy::PurposeStarted> = "purpose_started";
template <>
inline constexpr std::string_view event_word<policy::PurposeStopped> = "purpose_stopped";
template <>
inline constexpr std::string_view event_word<policy::JurisdictionAdded> = "jurisdiction_added";
template <>
inline constexpr std::string_view event_word<policy::JurisdictionsReevaluated> =
    "jurisdictions_reevaluated";
template <>
inline constexpr std::string_view event_word<policy::MinorStated> = "minor_stated";
template <>
inline constexpr std::string_view event_word<policy::SaleOptedOut> = "sale_opted_out";
template <>
inline constexpr std::string_view event_word<policy::CiphertextStated> = "ciphertext_stated";
template <>
inline constexpr std::string_view event_word<policy::TenantSet> = "tenant_set";
template <>
inline constexpr std::string_view event_word<policy::RoomTightened> = "room_tightened";
template <>
inline constexpr std::string_view event_word<policy::LegTightened> = "leg_tightened";

constexpr std::string_view evidence_given = "given";

bool is_place(std::string_view code) {
  constexpr std::size_t longest = 6;  // "US-CA1"
  return code.size() >= 2 && code.size() <= longest &&
         std::all_of(code.begin(), code.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
         });
}

// Rules ask whether a kind of evidence is there, and for which country a transfer was agreed to.
policy::Evidence what_decides(policy::Evidence evidence) {
  for (auto& [kind, value] : evidence) {
    if (value.empty() || (kind == "transfer" && is_place(value))) continue;
    value = evidence_given;
  }
  return evidence;
}

}  // namespace

static void describe(auto& visit, Is<policy::JurisdictionEvidence> auto& of) {
  visit("kind", of.kind);
  visit("code", of.code);
}
static void describe(auto& visit, Is<policy::NoticeReference> auto& of) {
  visit("id", of.id);
  visit("version", of.version);
  visit("language", of.language);
  visit("hash", of.hash);
}
static void describe(auto& visit, Is<Statement> auto& of) {
  visit("answer", of.answer);
  visit("method", of.method);
  visit("giver", of.giver);
  visit.formed("evidence", of.evidence, what_decides);
  visit.unless_default("notice", of.notice);
  visit("default_state", of.default_state);
  visit("expires", of.expires);
  visit("stated_at", of.stated_at);
  visit("seen_epoch", of.seen_epoch);  // the nonce is not needed: what was repeated is not recorded
}
static void describe(auto& visit, Is<Tightening::OfPurpose> auto& of) {
  visit("prohibit", of.prohibit);
  visit("least", of.least);
  visit("at_least", of.at_least);
  visit("notice", of.notice);
}
static void describe(auto& visit, Is<Tightening> auto& of) {
  visit("purposes", of.purposes);
  visit("deny_sinks", of.deny_sinks);
  visit("deny_processors", of.deny_processors);
  visit("deny_sale", of.deny_sale);
  visit("stop_for_all", of.stop_for_all);
  visit("unflagged_as_minor", of.unflagged_as_minor);
  visit("deny_contested_transfers", of.deny_contested_transfers);
  visit("deny_explicit_consent", of.deny_explicit_consent);
}
static void describe(auto& visit, Is<policy::Server> auto& of) {
  visit("processor", of.processor);
  visit("jurisdiction", of.jurisdiction);
}

static void describe(auto& visit, Is<RulesInForce> auto& of) {
  visit("hash", of.hash);
  visit("server", of.server);
}
static void describe(auto&, Is<policy::TimePassed> auto&) {}
static void describe(auto& visit, Is<policy::ParticipantJoined> auto& of) {
  visit("evidence", of.evidence);
  visit("minor", of.minor);
  visit("sale_opt_out", of.sale_opt_out);
  visit("ciphertext_only", of.ciphertext_only);
  visit.unless_default("leg", of.leg);
}
static void describe(auto&, Is<policy::ParticipantLeft> auto&) {}
static void describe(auto& visit, Is<policy::ConsentStated> auto& of) {
  visit("purpose", of.purpose);
  visit("statement", of.statement);
}
static void describe(auto& visit, Is<policy::ConsentWithdrawn> auto& of) {
  visit("purpose", of.purpose);
  visit("giver", of.giver);
}
static void describe(auto& visit, Is<policy::ConsentInvalidated> auto& of) {
  visit("purpose", of.purpose);
  visit("giver", of.giver);
}
static void describe(auto& visit, Is<policy::NoticeGiven> auto& of) {
  visit("purpose", of.purpose);
  visit("notice", of.notice);
}
static void describe(auto& visit, Is<policy::PurposeStarted> auto& of) {
  visit("purpose", of.purpose);
  visit("by", of.by);
  visit("sinks", of.sinks);
  visit("requested", of.requested);
}
static void describe(auto& visit, Is<policy::PurposeStopped> auto& of) {
  visit("purpose", of.purpose);
}
static void describe(auto& visit, Is<policy::JurisdictionAdded> auto& of) {
  visit("evidence", of.evidence);
}
static void describe(auto& visit, Is<policy::JurisdictionsReevaluated> auto& of) {
  visit("evidence", of.evidence);
}
static void describe(auto& visit, Is<policy::MinorStated> auto& of) {
  visit("minor", of.minor);
}
static void describe(auto&, Is<policy::SaleOptedOut> auto&) {}
static void describe(auto& visit, Is<policy::CiphertextStated> auto& of) {
  visit("ciphertext_only", of.ciphertext_only);
}
static void describe(auto& visit, Is<policy::TenantSet> auto& of) {
  visit("tenant", of.tenant);
}
static void describe(auto& visit, Is<policy::RoomTightened> auto& of) {
  visit("room", of.room);
}
static void describe(auto& visit, Is<policy::LegTightened> auto& of) {
  visit("leg", of.leg);
}

namespace {

template <class E>
std::string text_of(const E& event) {
  JsonWriter writer;
  writer("event", std::string(event_word<E>));
  describe(writer, event);
  return boost::json::serialize(writer.take());
}

std::string text_of(const policy::RulesChanged& event) {
  return text_of(RulesInForce{event.rules->hash, event.rules->server});
}

// Reads the event if it is of this kind.
template <class E>
bool read_as(std::string_view word, const boost::json::object& object,
             std::optional<JsonFault>& fault, RecordedEvent& into) {
  if (word != event_word<E>) return false;
  E event;
  JsonReader reader{object, "", fault};
  std::string seen;
  reader("event", seen);
  describe(reader, event);
  reader.finish();
  if constexpr (std::same_as<E, RulesInForce>) {
    into.emplace<RulesInForce>(std::move(event));
  } else {
    into.emplace<Event>(std::move(event));
  }
  return true;
}

template <class... E>
bool read_any(const std::variant<E...>*, std::string_view word, const boost::json::object& object,
              std::optional<JsonFault>& fault, RecordedEvent& into) {
  const auto read = [&]<class One>(const One*) {
    if constexpr (std::same_as<One, policy::RulesChanged>) {
      return read_as<RulesInForce>(word, object, fault, into);
    } else {
      return read_as<One>(word, object, fault, into);
    }
  };
  return (read(static_cast<const E*>(nullptr)) || ...);
}

// False: the columns name nobody and the event needs somebody, or the other way round.
bool add_person(const RoomEvent& record, Event& event) {
  return std::visit(
      [&](auto& of) {
        if constexpr (requires { of.subject; }) of.subject = record.subject;
        // Who was erased in mid-call has one name before and another after: it is whoever is there.
        if constexpr (std::same_as<std::remove_cvref_t<decltype(of)>, policy::ConsentStated>)
          if (of.subject == erased_subject || is_pseudonym(of.subject)) of.subject.clear();
        if constexpr (requires { of.participant; }) {
          of.participant = record.participant;
          return !record.participant.empty();
        } else {
          return record.participant.empty();
        }
      },
      event);
}

}  // namespace

std::string to_json(const Event& event) {
  return std::visit([](const auto& of) { return text_of(of); }, event);
}

std::string_view participant_of(const Event& event) {
  return std::visit(
      [](const auto& of) -> std::string_view {
        if constexpr (requires { of.participant; }) {
          return of.participant;
        } else {
          return {};
        }
      },
      event);
}

boost::system::result<RecordedEvent, JsonFault> parse_room_event(const RoomEvent& record) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(record.json, error);
  if (error) return JsonFault{"", "is no JSON: " + error.message()};
  const auto* object = value.if_object();
  if (object == nullptr) return JsonFault{"", "is no object"};
  const auto* word = object->if_contains("event");
  if (word == nullptr || !word->is_string()) return JsonFault{"/event", "is missing"};

  RecordedEvent read;
  std::optional<JsonFault> fault;
  const Event* kinds = nullptr;
  if (!read_any(kinds, std::string_view{word->get_string()}, *object, fault, read)) {
    return JsonFault{"/event", "is none of the known words"};
  }
  if (fault) return *std::move(fault);
  auto* event = std::get_if<Event>(&read);
  if (event != nullptr && !add_person(record, *event)) {
    return JsonFault{"/event", "and the column of the participant contradict each other"};
  }
  return read;
}

}  // namespace assent::gateway

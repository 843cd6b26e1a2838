// What a conference writes down and tells.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>
#include <utility>

#include "gateway/conference.hpp"
#include "gateway/consent_receipt_text.hpp"
#include "gateway/room_event_json.hpp"
#include "gateway/sha256.hpp"
#include "policy/release.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::uint64_t owed_cdrs_max = 10'000;  // of all rooms
constexpr std::chrono::seconds owed_again{1};

json::object decision_json(const policy::Decision& decision) {
  return {{"participant", decision.participant},
          {"purpose", decision.purpose},
          {"sink", decision.sink},
          {"permitted", decision.permitted},
          {"reason", to_string(decision.reason)},
          {"epoch", decision.epoch},
          {"rules", decision.rules_hash}};
}

std::string evidence_json(const policy::Evidence& evidence) {
  json::object object;
  for (const auto& [key, value] : evidence)
    object[key] = value;
  return object.empty() ? std::string{} : json::serialize(object);
}

std::string notice_json(const policy::NoticeReference& notice) {
  if (notice.id.empty()) return {};
  return json::serialize(json::object{{"id", notice.id},
                                      {"version", notice.version},
                                      {"language", notice.language},
                                      {"hash", notice.hash}});
}

// Of a person's call, or of the room.
std::vector<Record> last_records(const std::vector<Record>& records) {
  std::vector<Record> last;
  std::copy_if(records.begin(), records.end(), std::back_inserter(last), [](const Record& record) {
    const auto* const entry = std::get_if<CdrEntry>(&record);
    return entry != nullptr && entry->kind == to_string(CdrKind::stop);
  });
  return last;
}

std::string_view statement_word(policy::ConsentState state) {
  using enum policy::ConsentState;
  switch (state) {
    case granted:
    case refused:
    case withdrawn:
      return to_string(state);
    default:
      return {};  // nobody spoke
  }
}

std::vector<std::string> denied_processors(const policy::Tightening& layers) {
  return {layers.deny_processors.begin(), layers.deny_processors.end()};
}

}  // namespace

Cdr Conference::opening_record(const JoinRequest& request) const {
  Cdr cdr;
  cdr.session = identity_.session;
  cdr.room = identity_.room;
  cdr.tenant = identity_.tenant;
  cdr.participant = request.who.participant;
  cdr.subject = request.who.subject;
  cdr.minor = request.who.minor;
  cdr.opened = read_clocks().wall;
  cdr.jurisdictions = request.evidence;
  name_rules(cdr);
  return cdr;
}

void Conference::name_rules(Cdr& cdr) const {
  cdr.policy_hash = policy_.rules().hash;
  cdr.data_hash = policy_.rules().data_hash;
}

CdrEntry Conference::entry_of(Participant& participant, CdrKind kind,
                              std::optional<CauseForClosing> cause) {
  return entry_of(participant, kind, cause, consents_of(participant));
}

CdrEntry Conference::entry_of(Participant& participant, CdrKind kind,
                              std::optional<CauseForClosing> cause,
                              std::vector<CdrConsent> consents) {
  count_transfers(participant);
  const WallTime now = read_clocks().wall;
  name_rules(participant.record.cdr());
  Cdr cdr = participant.record.next(kind, cause, now);
  cdr.consents = std::move(consents);
  cdr.transfers = participant.transfers.all();
  cdr.denied_processors =
      denied_processors(policy::tightened(layers_of_all(), participant.who.leg));
  cdr.retain_until = policy::records_retained_until(policy_.rules(), now, std::nullopt);
  auto entry = to_entry(cdr);
  // The next record tells of it.
  for (const auto& target : services_.places.exports)
    if (target.records) participant.transfers.tell(target.name, entry.json.size(), now);
  return entry;
}

CdrEntry Conference::room_entry(CdrKind kind, std::optional<CauseForClosing> cause) {
  const WallTime now = read_clocks().wall;
  name_rules(room_record_.cdr());
  Cdr cdr = room_record_.next(kind, cause, now);
  cdr.retain_until = policy::records_retained_until(policy_.rules(), now, std::nullopt);
  cdr.denied_processors = denied_processors(layers_of_all());
  return to_entry(cdr);
}

std::vector<CdrConsent> Conference::consents_of(const Participant& participant) const {
  std::vector<CdrConsent> consents;
  const auto add = [&](const std::string& purpose, policy::Giver giver) {
    const auto* consent = policy_.consent(participant.id, purpose, giver);
    if (consent == nullptr || consent->state == policy::ConsentState::unknown) return;
    CdrConsent& entry = consents.emplace_back();
    entry.purpose = purpose;
    entry.giver = to_string(giver);
    entry.state = to_string(consent->state);
    entry.method = to_string(consent->statement.method);
    entry.strength = to_string(consent->strength);
    entry.epoch = consent->epoch;
    entry.since = consent->changed_at;
    entry.expires = consent->statement.expires;
    entry.receipt = receipt_id({participant.id, purpose, giver});
    if (!consent->statement.notice.id.empty()) {
      entry.notice = consent->statement.notice.id + " " + consent->statement.notice.version;
    }
  };
  for (const auto& [purpose, unused] : policy_.rules().purposes) {
    add(purpose, policy::Giver::participant);
    add(purpose, policy::Giver::guardian);
  }
  return consents;
}

void Conference::note(WallTime now, const policy::Event& event) {
  std::string subject;
  if (const auto* joined = std::get_if<policy::ParticipantJoined>(&event))
    subject = joined->subject;
  const auto who = participants_.find(participant_of(event));
  if (who != participants_.end()) subject = who->second->who.subject;
  events_.note(now, event, std::move(subject), policy_.rules().hash);
  asio::post(timer_.get_executor(), [self = shared_from_this()] { self->record_events_later(); });
}

std::string Conference::new_receipt_id() const {
  Sha256 random{};
  services_.entropy(random);
  constexpr std::size_t digits = 32;  // 128 bits
  return to_hex(random).substr(0, digits);
}

// The events that brought the decisions about, and what they changed.
std::vector<Record> Conference::journal(const policy::Decisions& decisions) {
  std::vector<Record> records;
  for (auto& event : events_.take())
    records.emplace_back(std::move(event));
  for (const auto& change : decisions.consents) {
    ConsentEvent event;
    event.session = identity_.session;
    event.room = identity_.room;
    event.participant = change.participant;
    const auto who = participants_.find(change.participant);
    if (who != participants_.end()) event.subject = who->second->who.subject;
    event.purpose = change.purpose;
    event.giver = to_string(change.giver);
    event.statement = statement_word(change.state);
    event.state = to_string(change.state);
    event.epoch = change.epoch;
    event.rules = policy_.rules().hash;
    event.at = read_clocks().wall;
    if (const auto* consent = policy_.consent(change.participant, change.purpose, change.giver)) {
      event.method = to_string(consent->statement.method);
      event.strength = to_string(consent->strength);
      event.evidence = evidence_json(consent->statement.evidence);
      event.notice = notice_json(consent->statement.notice);
      event.expires = consent->statement.expires;
    }
    if (!event.statement.empty()) {
      const std::string id = new_receipt_id();
      event.receipt = consent_receipt_text(event, policy_.rules(), id);
      if (who != participants_.end()) who->second->receipts[{change.purpose, change.giver}] = id;
    }
    records.emplace_back(std::move(event));
  }
  return records;
}

// Nobody spoke, so what stands goes on to stand; what was shown is the notice.
ConsentEvent Conference::notice_record(const Participant& participant,
                                       const policy::NoticeGiven& notice) const {
  ConsentEvent event;
  event.session = identity_.session;
  event.room = identity_.room;
  event.participant = participant.id;
  event.subject = participant.who.subject;
  event.purpose = notice.purpose;
  event.giver = to_string(policy::Giver::participant);
  event.notice = notice_json(notice.notice);
  event.epoch = policy_.epoch();
  event.rules = policy_.rules().hash;
  event.at = read_clocks().wall;
  if (const auto* consent = policy_.consent(participant.id, notice.purpose)) {
    event.state = to_string(consent->state);
    event.method = to_string(consent->statement.method);
    event.strength = to_string(consent->strength);
    event.expires = consent->statement.expires;
  }
  return event;
}

asio::awaitable<Stored<RecordId>> Conference::store(std::vector<Record> records,
                                                    Patience patience) {
  std::vector<RoomEvent> events;
  std::vector<std::pair<std::string, std::uint32_t>> numbers;  // of records, by participant
  for (const auto& record : records) {
    if (const auto* event = std::get_if<RoomEvent>(&record)) events.push_back(*event);
    if (const auto* cdr = std::get_if<CdrEntry>(&record))
      numbers.emplace_back(cdr->participant, cdr->record_seq);
  }
  auto& storage = services_.storage;
  Stored<RecordId> stored = StorageError::closed;
  if (patience == Patience::until_open) {
    stored = co_await storage.append_patiently(std::move(records));
  } else {
    stored = co_await storage.append(std::move(records));
  }
  if (!stored) {
    events_.give_back(std::move(events));
    co_return stored;
  }
  for (const auto& [participant, number] : numbers) {
    const auto who = participants_.find(participant);
    if (who != participants_.end()) who->second->record.stored(number);
  }
  co_return stored;
}

// Totals are cumulative and what was not stored is listed again, so a CDR that is lost is made up
// for by the next one. After the last one there is none.
void Conference::record_later(std::vector<Record> records) {
  asio::co_spawn(
      timer_.get_executor(),
      [](std::shared_ptr<Conference> self, std::vector<Record> all) -> asio::awaitable<void> {
        const auto cdrs = std::count_if(all.begin(), all.end(), [](const Record& record) {
          return std::holds_alternative<CdrEntry>(record);
        });
        auto last = last_records(all);
        const auto stored = co_await self->store(std::move(all), Patience::until_open);
        if (stored) co_return;
        auto& lost = self->services_.totals.storage.lost_cdrs;
        lost += static_cast<std::uint64_t>(cdrs) - last.size();
        if (last.empty()) co_return;
        const std::uint64_t owed = last.size();
        const bool made_up_for = co_await self->owe(std::move(last));
        if (!made_up_for) lost += owed;
      }(shared_from_this(), std::move(records)),
      asio::detached);
}

// Until storage takes them, with the room's events that it did not take either.
asio::awaitable<bool> Conference::owe(std::vector<Record> last) {
  auto& owed = services_.totals.storage.owed_cdrs;
  if (owed >= owed_cdrs_max) co_return false;
  ++owed;
  bool is_stored = false;
  for (bool ended = false; !is_stored && !ended;) {
    asio::steady_timer timer{timer_.get_executor(), owed_again};
    boost::system::error_code cancelled;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    auto records = last;
    for (auto& event : events_.take())
      records.emplace_back(std::move(event));
    const auto stored = co_await store(std::move(records), Patience::until_open);
    is_stored = stored || stored.error() == StorageError::duplicate;
    ended = !is_stored &&
            (stored.error() == StorageError::closed || stored.error() == StorageError::too_large);
  }
  --owed;
  co_return is_stored;
}

// Of what restricts, or permits on what is durable already.
void Conference::journal_later(const policy::Decisions& decisions) {
  auto records = journal(decisions);
  if (!records.empty()) record_later(std::move(records));
}

void Conference::record_events_later() {
  std::vector<Record> records;
  for (auto& event : events_.take())
    records.emplace_back(std::move(event));
  if (!records.empty()) record_later(std::move(records));
}

void Conference::record_later(CdrEntry entry) {
  std::vector<Record> records;
  records.emplace_back(std::move(entry));
  record_later(std::move(records));
}

// What is told of somebody goes to whoever listens, and crosses borders with it.
void Conference::tell(std::string_view type, std::string_view participant,
                      const json::object& what) {
  const std::string text = json::serialize(what);
  services_.publish(type, identity_.room, text);
  const auto who = participants_.find(participant);
  if (who == participants_.end()) return;
  for (const auto& target : services_.places.exports) {
    const auto& events = target.events;
    if (std::find(events.begin(), events.end(), type) != events.end())
      who->second->transfers.tell(target.name, text.size(), read_clocks().wall);
  }
}

void Conference::publish_decisions(const policy::Decisions& decisions) {
  for (const auto& change : decisions.consents) {
    const json::object object{
        {"room", identity_.room},           {"participant", change.participant},
        {"purpose", change.purpose},        {"giver", to_string(change.giver)},
        {"state", to_string(change.state)}, {"epoch", change.epoch},
        {"rules", policy_.rules().hash}};
    tell("consent", change.participant, object);
  }
  for (const auto& decision : decisions.changed) {
    auto object = decision_json(decision);
    object["room"] = identity_.room;
    if (const auto why = hindrance_of(decision); !why.empty()) {
      object["permitted"] = false;
      object["reason"] = why;
    } else if (decision.permitted && tells_pseudonyms(decision.sink)) {
      object["call"] = pseudonym_of({}, decision.sink);
      object["speaker"] = pseudonym_of(decision.participant, decision.sink);
    }
    tell("decision", decision.participant, object);
  }
}

bool Conference::tells_pseudonyms(std::string_view name) const {
  const auto sink = services_.sinks.find(name);
  return sink && services_.sinks.sender(*sink) != nullptr;
}

std::string_view Conference::hindrance_of(const policy::Decision& decision) const {
  const auto who = participants_.find(decision.participant);
  const auto sink = services_.sinks.find(decision.sink);
  if (!decision.permitted || who == participants_.end() || !sink) return {};
  const auto standing = who->second->standing.find(*sink);
  return standing == who->second->standing.end() ? std::string_view{} : standing->second.hindrance;
}

void Conference::publish_purposes(const RouteChange& routes) {
  for (const std::string& purpose : routes.started) {
    json::array sinks;
    for (const auto sink : running_.at(purpose))
      sinks.push_back(json::string(services_.sinks.name(sink)));
    json::object object{{"room", identity_.room}, {"purpose", purpose}};
    object["sinks"] = std::move(sinks);
    services_.publish("purpose_started", identity_.room, json::serialize(object));
  }
  for (const std::string& purpose : routes.stopped) {
    services_.publish(
        "purpose_stopped", identity_.room,
        json::serialize(json::object{{"room", identity_.room}, {"purpose", purpose}}));
  }
}

void Conference::publish_sink_failure(const policy::Decision& decision, TrackError error) {
  auto object = decision_json(decision);
  object["room"] = identity_.room;
  object["error"] = to_string(error);
  tell("sink_failed", decision.participant, object);
}

// For sinks that are not ours: nothing after the mark is theirs to keep.
void Conference::publish_cut(const SinkCut& mark, std::string_view participant) {
  const json::object object{{"room", identity_.room}, {"participant", participant},
                            {"sink", mark.sink},      {"ssrc", mark.ssrc},
                            {"epoch", mark.epoch},    {"last_sequence", mark.last_sequence}};
  tell("cut", participant, object);
}

void Conference::on_relay_event(const media::RelayEvent& event) {
  if (const auto* press = std::get_if<media::KeyPressed>(&event)) return on_key(*press);
  const auto whose = [this](media::SourceId source) -> std::string {
    for (const auto& [id, participant] : participants_) {
      if (participant->source == source) return id;
    }
    return {};
  };
  json::object object{{"room", identity_.room}};
  std::string_view type;
  std::string participant;
  if (const auto* bound = std::get_if<media::StreamBound>(&event)) {
    type = "stream";
    participant = whose(bound->source);
    object["ssrc"] = static_cast<std::uint32_t>(bound->ssrc);
  } else if (const auto* conflict = std::get_if<media::SsrcConflict>(&event)) {
    type = "ssrc_conflict";
    participant = whose(conflict->source);
    object["ssrc"] = static_cast<std::uint32_t>(conflict->ssrc);
  } else {
    type = "remote_learned";
    participant = whose(std::get<media::RemoteLearned>(event).source);
  }
  object["participant"] = participant;
  tell(type, participant, object);
}

}  // namespace assent::gateway

#pragma once

#include <soci/soci.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/database.hpp"
#include "gateway/database_dialect.hpp"

// How rows are read and written; of the database's own files only.
namespace assent::gateway {

inline long long to_stored(WallTime time) {
  return time.time_since_epoch().count();
}
inline WallTime to_wall(long long stored) {
  return WallTime{std::chrono::milliseconds{stored}};
}

inline std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto part : parts)
    text += part;
  return text;
}

// The columns of a CDR in the order of `cdr_columns`.
struct CdrRow {
  long long id = 0;
  long long record_seq = 0;
  long long at = 0;
  CdrEntry entry;

  void bind(soci::statement& statement) {
    statement.exchange(soci::into(id));
    statement.exchange(soci::into(entry.session));
    statement.exchange(soci::into(entry.room));
    statement.exchange(soci::into(entry.participant));
    statement.exchange(soci::into(entry.subject));
    statement.exchange(soci::into(record_seq));
    statement.exchange(soci::into(entry.kind));
    statement.exchange(soci::into(at));
    statement.exchange(soci::into(entry.json));
  }
  CdrEntry take() {
    entry.id = RecordId{id};
    entry.record_seq = static_cast<std::uint32_t>(record_seq);
    entry.at = to_wall(at);
    return entry;
  }
};
inline constexpr std::string_view cdr_columns =
    "id, session, room, participant, subject, record_seq, kind, at, json";

struct ConsentRow {
  long long id = 0;
  long long epoch = 0;
  long long expires = 0;
  long long at = 0;
  ConsentEvent event;

  void bind(soci::statement& statement) {
    statement.exchange(soci::into(id));
    for (auto* text :
         {&event.session, &event.room, &event.participant, &event.subject, &event.purpose,
          &event.giver, &event.statement, &event.state, &event.method, &event.strength,
          &event.evidence, &event.notice, &event.rules, &event.receipt}) {
      statement.exchange(soci::into(*text));
    }
    statement.exchange(soci::into(epoch));
    statement.exchange(soci::into(expires));
    statement.exchange(soci::into(at));
  }
  ConsentEvent take() {
    event.id = RecordId{id};
    event.epoch = static_cast<std::uint64_t>(epoch);
    event.expires = expires == 0 ? std::nullopt : std::optional{to_wall(expires)};
    event.at = to_wall(at);
    return event;
  }
};
inline constexpr std::string_view consent_columns =
    "id, session, room, participant, subject, purpose, giver, statement, state, method, strength, "
    "evidence, notice, rules, receipt, epoch, expires, at";

struct RecordedSessionRow {
  long long first = 0;
  long long last = 0;
  long long closed = 0;
  RecordedSession session;

  void bind(soci::statement& statement) {
    statement.exchange(soci::into(session.session));
    statement.exchange(soci::into(session.room));
    statement.exchange(soci::into(first));
    statement.exchange(soci::into(last));
    statement.exchange(soci::into(closed));
  }
  RecordedSession take() {
    session.first = to_wall(first);
    session.last = to_wall(last);
    session.closed = closed == 0 ? std::nullopt : std::optional{to_wall(closed)};
    return session;
  }
};

struct RoomEventRow {
  long long id = 0;
  long long seq = 0;
  long long at = 0;
  RoomEvent event;

  void bind(soci::statement& statement) {
    statement.exchange(soci::into(id));
    for (auto* text : {&event.session, &event.room, &event.participant, &event.subject,
                       &event.rules, &event.json}) {
      statement.exchange(soci::into(*text));
    }
    statement.exchange(soci::into(seq));
    statement.exchange(soci::into(at));
  }
  RoomEvent take() {
    event.id = RecordId{id};
    event.seq = static_cast<std::uint64_t>(seq);
    event.at = to_wall(at);
    return event;
  }
};
inline constexpr std::string_view room_event_columns =
    "id, session, room, participant, subject, rules, json, seq, at";

struct RecordingRow {
  long long id = 0;
  long long epoch = 0;
  long long at = 0;
  ClosedRecording recording;

  void bind(soci::statement& statement) {
    statement.exchange(soci::into(id));
    for (auto* text : {&recording.session, &recording.room, &recording.participant,
                       &recording.subject, &recording.sink, &recording.purpose, &recording.json}) {
      statement.exchange(soci::into(*text));
    }
    statement.exchange(soci::into(epoch));
    statement.exchange(soci::into(at));
  }
  ClosedRecording take() {
    recording.id = RecordId{id};
    recording.epoch = static_cast<std::uint64_t>(epoch);
    recording.at = to_wall(at);
    return recording;
  }
};
inline constexpr std::string_view recording_columns =
    "id, session, room, participant, subject, sink, purpose, json, epoch, at";

struct PrivacyActionRow {
  long long id = 0;
  long long at = 0;
  PrivacyAction action;

  void bind(soci::statement& statement) {
    statement.exchange(soci::into(id));
    for (auto* text : {&action.action, &action.subject, &action.actor, &action.json}) {
      statement.exchange(soci::into(*text));
    }
    statement.exchange(soci::into(at));
  }
  PrivacyAction take() {
    action.id = RecordId{id};
    action.at = to_wall(at);
    return action;
  }
};
inline constexpr std::string_view privacy_action_columns = "id, action, subject, actor, json, at";

struct IdAndText {
  long long id = 0;
  std::string text;

  void bind(soci::statement& statement) {
    statement.exchange(soci::into(id));
    statement.exchange(soci::into(text));
  }
  std::pair<long long, std::string> take() { return {id, text}; }
};

// Runs a prepared query whose results are bound to `row`.
template <class Row, class Value>
void fetch_all(soci::statement& statement, Row& row, const std::string& text,
               std::vector<Value>& found) {
  row.bind(statement);
  statement.alloc();
  statement.prepare(text, soci::details::st_one_time_query);
  statement.define_and_bind();
  statement.execute();
  while (statement.fetch())
    found.push_back(row.take());
}

struct Database::Session {
  Session(const DatabasePlace& place, DatabaseUse use);

  void migrate();
  void remove_unacknowledged(RecordId acknowledged);
  void reconsider_chain(const std::string& session, const std::string& participant);
  void find_last_id();
  void keep_leaves_beyond(long long last);

  void insert(const ConsentEvent& event, long long id, long long leaf);
  void insert(const StoredReceipt& receipt, long long id, long long leaf);
  void insert(const CdrEntry& entry, long long id, long long leaf);
  void insert(const AcceptedPolicy& accepted, long long id, long long leaf);
  void insert(const RoomEvent& event, long long id, long long leaf);
  void insert(const ClosedRecording& recording, long long id, long long leaf);
  void insert(const LedgerCheckpoint& checkpoint, long long id, long long leaf);
  void insert(const PrivacyAction& action, long long id, long long leaf);

  std::unique_ptr<DatabaseDialect> dialect;
  soci::session sql;
  long long last_id = 0;
};

}  // namespace assent::gateway

#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gateway/export_queue.hpp"
#include "gateway/storage_record.hpp"

namespace assent::gateway {

// One person in one holding of a room.
struct PersonInSession {
  std::string session;
  std::string room;
  std::string participant;

  auto operator<=>(const PersonInSession&) const = default;
};

// Of a statement, what is counted.
struct StatementCounted {
  RecordId id{};
  std::string participant;
  std::string subject;
  std::string purpose;
  std::string statement;
};

struct StatementOnFile {
  ConsentEvent event;
  std::string jws;  // the receipt; empty: nobody spoke, or there is none
};

// All that storage has on one subject but its call detail records, which Storage::cdrs() gives by
// the page. Each list in the order of ids.
struct SubjectFile {
  std::vector<PersonInSession> persons;
  std::vector<StatementOnFile> statements;
  std::vector<RoomEvent> events;
  std::vector<ClosedRecording> recordings;
  std::vector<PrivacyAction> actions;
  std::vector<RecordExport> exports;  // copies of call detail records that others have
};

// The subject to be erased.
struct Erasure {
  std::string subject;
  std::string actor;  // the token's name
  WallTime at{};
  // What is to stand for the participant in each holding; missing ones are made up.
  std::map<PersonInSession, std::string> pseudonyms;
  // What the manifests say of the recordings now, by their rows.
  std::map<RecordId, std::string> recordings;
};

// Which rows of a person's.
struct RowsOf {
  bool statements = true;  // with events, and answers to the requests that made them
  bool records = true;
  bool recordings = true;
};

// What became of it.
struct Erased {
  std::size_t rooms = 0;  // holdings
  std::size_t statements = 0;
  std::size_t events = 0;
  std::size_t records = 0;  // call detail records
  std::size_t recordings = 0;
  std::size_t actions = 0;
  std::size_t answers = 0;   // to requests with an Idempotency-Key, removed
  std::size_t messages = 0;  // that wait for webhooks

  // Rows that are kept, under a pseudonym.
  [[nodiscard]] std::size_t rows() const {
    return statements + events + records + recordings + actions;
  }
  Erased& operator+=(const Erased& other) {
    rooms += other.rooms;
    statements += other.statements;
    events += other.events;
    records += other.records;
    recordings += other.recordings;
    actions += other.actions;
    answers += other.answers;
    messages += other.messages;
    return *this;
  }
};

}  // namespace assent::gateway

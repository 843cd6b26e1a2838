#pragma once

#include <array>

#include "gateway/export_table.hpp"
#include "gateway/webhook_table.hpp"

namespace assent::gateway {

// One script a version, never edited once released; the database knows how many were applied. The
// types are SQLite's: gateway/database_postgresql.cpp has the other server's for them.
// Times are milliseconds since 1970 UTC, 0 where there is none; nothing is NULL.
inline constexpr std::array database_migrations{
    R"sql(
CREATE TABLE consents (
  id INTEGER PRIMARY KEY,
  session TEXT NOT NULL, room TEXT NOT NULL, participant TEXT NOT NULL, subject TEXT NOT NULL,
  purpose TEXT NOT NULL, statement TEXT NOT NULL, state TEXT NOT NULL, method TEXT NOT NULL,
  strength TEXT NOT NULL, evidence TEXT NOT NULL, notice TEXT NOT NULL, epoch INTEGER NOT NULL,
  rules TEXT NOT NULL, expires INTEGER NOT NULL, at INTEGER NOT NULL);
CREATE INDEX consents_of_room ON consents (room, participant, purpose);
CREATE INDEX consents_of_subject ON consents (subject);

CREATE TABLE receipts (
  key TEXT PRIMARY KEY,
  id INTEGER NOT NULL, digest TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
  at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX receipts_by_id ON receipts (id);

CREATE TABLE cdrs (
  id INTEGER PRIMARY KEY,
  session TEXT NOT NULL, room TEXT NOT NULL, participant TEXT NOT NULL, subject TEXT NOT NULL,
  record_seq INTEGER NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL, json TEXT NOT NULL,
  UNIQUE (session, participant, record_seq));
CREATE INDEX cdrs_of_room ON cdrs (room);
CREATE INDEX cdrs_of_subject ON cdrs (subject);
CREATE INDEX cdrs_by_time ON cdrs (at);

-- Chains that have no stop yet: found at start without reading millions of records.
CREATE TABLE open_chains (
  session TEXT NOT NULL, participant TEXT NOT NULL,
  PRIMARY KEY (session, participant)) WITHOUT ROWID;

CREATE TABLE progress (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO progress VALUES ('cdr_lines_exported', 0), ('opened', 0);
)sql",
    R"sql(
-- The texts once, however often they come into force.
CREATE TABLE policies (
  hash TEXT PRIMARY KEY,
  policy_name TEXT NOT NULL, policy TEXT NOT NULL,
  jurisdictions_name TEXT NOT NULL, jurisdictions TEXT NOT NULL,
  transfers_name TEXT NOT NULL, transfers TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE accepted_policies (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL REFERENCES policies,
  source TEXT NOT NULL, accepted_by TEXT NOT NULL, files TEXT NOT NULL,
  server_processor TEXT NOT NULL, server_jurisdiction TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX accepted_policies_by_hash ON accepted_policies (hash);
)sql",
    R"sql(
ALTER TABLE consents ADD COLUMN giver TEXT NOT NULL DEFAULT 'participant';
)sql",
    R"sql(
-- What the policy of each room was told. The columns `participant` and `subject` alone say who it is
-- about: other words there erase a person, and the room can still be decided again.
CREATE TABLE room_events (
  id INTEGER PRIMARY KEY,
  session TEXT NOT NULL, room TEXT NOT NULL, participant TEXT NOT NULL, subject TEXT NOT NULL,
  rules TEXT NOT NULL, json TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
  UNIQUE (session, seq));
CREATE INDEX room_events_of_room ON room_events (room, at);
CREATE INDEX room_events_of_subject ON room_events (subject);
)sql",
    R"sql(
CREATE TABLE ledger_checkpoint (
  id INTEGER PRIMARY KEY, size INTEGER NOT NULL, note TEXT NOT NULL);
)sql", webhook_table_schema,
    R"sql(
-- Each row's entry in the ledger; -1 for those that were there before the ledger was begun.
ALTER TABLE consents ADD COLUMN leaf INTEGER NOT NULL DEFAULT -1;
ALTER TABLE cdrs ADD COLUMN leaf INTEGER NOT NULL DEFAULT -1;
ALTER TABLE accepted_policies ADD COLUMN leaf INTEGER NOT NULL DEFAULT -1;
ALTER TABLE room_events ADD COLUMN leaf INTEGER NOT NULL DEFAULT -1;

-- Files of the built-in recorder, as they were when they were closed; the JSON is the manifest's.
CREATE TABLE recordings (
  id INTEGER PRIMARY KEY,
  session TEXT NOT NULL, room TEXT NOT NULL, participant TEXT NOT NULL, subject TEXT NOT NULL,
  sink TEXT NOT NULL, purpose TEXT NOT NULL, epoch INTEGER NOT NULL, json TEXT NOT NULL,
  at INTEGER NOT NULL, leaf INTEGER NOT NULL);
CREATE INDEX recordings_of_session ON recordings (session);
CREATE INDEX recordings_of_subject ON recordings (subject);
)sql",
    R"sql(
ALTER TABLE consents ADD COLUMN receipt TEXT NOT NULL DEFAULT '';
CREATE INDEX consents_of_session ON consents (session, participant);
)sql",
    R"sql(
-- What was done about people's data, and what is known of a subject beyond one call.
CREATE TABLE privacy_actions (
  id INTEGER PRIMARY KEY,
  action TEXT NOT NULL, subject TEXT NOT NULL, actor TEXT NOT NULL, json TEXT NOT NULL,
  at INTEGER NOT NULL, leaf INTEGER NOT NULL);
CREATE INDEX privacy_actions_of_subject ON privacy_actions (subject);

CREATE INDEX cdrs_stopped_rooms ON cdrs (id) WHERE participant = '' AND kind = 'stop';

-- Call detail records whose lines in the daily files are to be written anew, or to go.
CREATE TABLE outdated_lines (id INTEGER PRIMARY KEY);
)sql",
    R"sql(
-- The last records of calls that have ended: totals are read from them alone.
CREATE INDEX cdrs_closing ON cdrs (kind, id) WHERE kind = 'stop';
)sql",
    R"sql(
-- Entries of the ledger whose rows were taken back, until the ledger says so.
CREATE TABLE removed_leaves (leaf INTEGER PRIMARY KEY);
)sql", export_table_schema};

}  // namespace assent::gateway

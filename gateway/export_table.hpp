#pragma once

namespace assent::gateway {

// A script of database_migrations.
inline constexpr const char* export_table_schema = R"sql(
-- How far each target of exports has come.
CREATE TABLE export_targets (
  target TEXT PRIMARY KEY,
  reached INTEGER NOT NULL, file TEXT NOT NULL, size INTEGER NOT NULL, sent INTEGER NOT NULL
  ) WITHOUT ROWID;
CREATE TABLE export_refusals (
  target TEXT NOT NULL, reason TEXT NOT NULL, records INTEGER NOT NULL,
  PRIMARY KEY (target, reason)) WITHOUT ROWID;

-- What left of each person's call, as transfers: the JSON has no ids.
CREATE TABLE record_exports (
  session TEXT NOT NULL, room TEXT NOT NULL, participant TEXT NOT NULL, subject TEXT NOT NULL,
  target TEXT NOT NULL, records INTEGER NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY (session, participant, subject, target)) WITHOUT ROWID;
CREATE INDEX record_exports_of_subject ON record_exports (subject);

CREATE INDEX cdrs_of_participant ON cdrs (participant);
)sql";

}  // namespace assent::gateway

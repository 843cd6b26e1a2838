// A replay's report, for people and for programs.
#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/replay.hpp"
#include "gateway/rfc3339.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

constexpr std::size_t columns = 9;
using Line = std::array<std::string, columns>;

std::string counted(std::size_t count, std::string_view one, std::string_view more) {
  return std::to_string(count) + ' ' + std::string(count == 1 ? one : more);
}

std::string day_of(WallTime time) {
  return to_rfc3339(time).substr(0, sizeof "2026-11-25" - 1);
}

Line line_of(const SinkChange& change) {
  return {change.sink,
          change.processor,
          change.country,
          std::string(to_string(change.mechanism)),
          std::to_string(change.sessions.size()),
          std::to_string(change.people.size()),
          change.stop == 0 ? "-" : std::to_string(change.stop),
          change.open == 0 ? "-" : std::to_string(change.open),
          change.first.room + " on " + day_of(change.first.first) + ": " +
              std::string(to_string(change.reason))};
}

std::string table(const std::vector<SinkChange>& sinks) {
  std::vector<Line> lines{{"SINK", "PROCESSOR", "COUNTRY", "MECHANISM", "ROOMS", "PEOPLE", "STOP",
                           "OPEN", "FIRST ROOM, AND WHY"}};
  for (const SinkChange& change : sinks)
    lines.push_back(line_of(change));
  std::array<std::size_t, columns> widths{};
  for (const Line& line : lines)
    for (std::size_t column = 0; column + 1 < columns; ++column)
      widths.at(column) = std::max(widths.at(column), line.at(column).size() + 2);
  std::string text;
  for (Line& line : lines) {
    text += "  ";
    for (std::size_t column = 0; column < columns; ++column) {
      line.at(column).resize(std::max(line.at(column).size(), widths.at(column)), ' ');
      text += line.at(column);
    }
    text += '\n';
  }
  return text;
}

std::string details(const std::vector<ReplayedRoom>& rooms) {
  std::string text;
  for (const ReplayedRoom& room : rooms) {
    text += "\nRoom " + room.session.room + ", " + to_rfc3339(room.session.first) + ", session " +
            room.session.session + '\n';
    for (const PermitChange& change : room.stop)
      text += "  stops  " + change.participant + " to " + change.sink + " for " + change.purpose +
              ". " + std::string(sentence(change.reason)) + '\n';
    for (const PermitChange& change : room.open)
      text += "  opens  " + change.participant + " to " + change.sink + " for " + change.purpose +
              ". As recorded: " + std::string(sentence(change.reason)) + '\n';
  }
  return text;
}

json::array changes_json(const std::vector<PermitChange>& changes) {
  json::array array;
  for (const PermitChange& change : changes)
    array.push_back(json::object{{"participant", change.participant},
                                 {"sink", change.sink},
                                 {"purpose", change.purpose},
                                 {"processor", change.processor},
                                 {"country", change.country},
                                 {"mechanism", to_string(change.mechanism)},
                                 {"reason", to_string(change.reason)}});
  return array;
}

json::object session_json(const RecordedSession& session) {
  return {
      {"room", session.room}, {"session", session.session}, {"began", to_rfc3339(session.first)}};
}

}  // namespace

std::string in_words(const ReplayReport& report, bool with_details) {
  std::string text = "Replayed " + counted(report.rooms, "recorded room", "recorded rooms") +
                     ", under the rules that each had and " + report.change;
  if (report.as_at) text += ", as if each had taken place on " + day_of(*report.as_at);
  text += ".\n\n";
  if (report.sinks.empty()) {
    text += "Nothing changes.\n";
  } else {
    text += table(report.sinks);
  }
  text += "\nIn all: of " + counted(report.permits, "permit", "permits") +
          " (a person's media to a sink), " + std::to_string(report.stop) + " would stop, and " +
          std::to_string(report.open) + " would open.\n";
  if (report.not_taken > 0)
    text += counted(report.not_taken, "statement or start of a purpose does",
                    "statements and starts of purposes do") +
            " not fit the changed rules and counted as not made.\n";
  for (const UnreadableRoom& room : report.unreadable)
    text += "Not replayed: room " + room.session.room + ", session " + room.session.session + ": " +
            room.what + '\n';
  if (with_details) text += details(report.details);
  return text + "This is not legal advice.\n";
}

std::string to_json(const ReplayReport& report) {
  json::object object{{"change", report.change},   {"rooms", report.rooms},
                      {"permits", report.permits}, {"stop", report.stop},
                      {"open", report.open},       {"not_taken", report.not_taken},
                      {"not_legal_advice", true}};
  if (report.as_at) object["as_at"] = day_of(*report.as_at);
  json::array sinks;
  for (const SinkChange& change : report.sinks)
    sinks.push_back(json::object{{"sink", change.sink},
                                 {"purpose", change.purpose},
                                 {"processor", change.processor},
                                 {"country", change.country},
                                 {"mechanism", to_string(change.mechanism)},
                                 {"reason", to_string(change.reason)},
                                 {"rooms", change.sessions.size()},
                                 {"people", change.people.size()},
                                 {"stop", change.stop},
                                 {"open", change.open},
                                 {"first", session_json(change.first)}});
  json::array rooms;
  for (const ReplayedRoom& room : report.details) {
    auto one = session_json(room.session);
    one["stop"] = changes_json(room.stop);
    one["open"] = changes_json(room.open);
    rooms.push_back(std::move(one));
  }
  json::array unreadable;
  for (const UnreadableRoom& room : report.unreadable) {
    auto one = session_json(room.session);
    one["why"] = room.what;
    unreadable.push_back(std::move(one));
  }
  object["sinks"] = std::move(sinks);
  object["changed_rooms"] = std::move(rooms);
  object["unreadable"] = std::move(unreadable);
  return json::serialize(object);
}

}  // namespace assent::gateway

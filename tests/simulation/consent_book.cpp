#include "tests/simulation/consent_book.hpp"

#include <algorithm>

namespace assent::simulation {

void ConsentBook::join_asked(media::RoomKey room, Person person) {
  stays_[person].room = room;
}
void ConsentBook::join_answered(Person person) {
  stays_.at(person).joined = true;
}
void ConsentBook::leave_asked(Person person) {
  stays_.at(person).leaving = true;
}
void ConsentBook::leave_answered(Person person) {
  stays_.at(person).left = true;
}

void ConsentBook::grant_stored(Person person, std::string_view purpose, media::TimePoint until) {
  stays_.at(person).grants[std::string(purpose)].push_back(until);
}

void ConsentBook::grant_answered(Person person, std::string_view purpose) {
  auto& grants = stays_.at(person).grants[std::string(purpose)];
  grants.erase(grants.begin(), grants.end() - 1);  // the latest word is the one that counts
}

void ConsentBook::consent_closed(Person person, std::string_view purpose) {
  stays_.at(person).grants.erase(std::string(purpose));
}

void ConsentBook::start_asked(media::RoomKey room, std::string_view purpose,
                              std::set<media::SinkId> sinks) {
  auto& running = running_[{room, std::string(purpose)}];
  running.wanted = std::move(sinks);
  running.changing = true;
}

void ConsentBook::stop_asked(media::RoomKey room, std::string_view purpose) {
  start_asked(room, purpose, {});
}

void ConsentBook::change_answered(media::RoomKey room, std::string_view purpose) {
  auto& running = running_.at({room, std::string(purpose)});
  running.sinks = running.wanted;
  running.changing = false;
}

void ConsentBook::set_busy(media::RoomKey room, bool busy) {
  if (busy) {
    busy_.insert(room);
  } else {
    busy_.erase(room);
  }
}

bool ConsentBook::may_have(Person person, media::SinkId sink, media::TimePoint now) const {
  const auto& stay = stays_.at(person);
  const auto purpose = place_of(sink).purpose;
  if (stay.left || !perhaps_runs(stay.room, sink) || !consents(stay, purpose, now)) return false;
  if (law_ == Law::per_participant) return true;
  return std::all_of(stays_.begin(), stays_.end(), [&](const auto& other) {
    const Stay& also = other.second;
    const bool present = also.room == stay.room && also.joined && !also.leaving;
    return !present || consents(also, purpose, now);
  });
}

bool ConsentBook::must_have(Person person, media::SinkId sink, media::TimePoint now) const {
  return !is_busy(stays_.at(person).room) && may_have(person, sink, now);
}

bool ConsentBook::certainly_runs(media::RoomKey room, media::SinkId sink) const {
  const auto* found = running(room, place_of(sink).purpose);
  return found != nullptr && !found->changing && found->sinks.contains(sink);
}

bool ConsentBook::perhaps_runs(media::RoomKey room, media::SinkId sink) const {
  const auto* found = running(room, place_of(sink).purpose);
  return found != nullptr && (found->sinks.contains(sink) || found->wanted.contains(sink));
}

bool ConsentBook::consents(const Stay& stay, std::string_view purpose, media::TimePoint now) const {
  const auto grants = stay.grants.find(purpose);
  return grants != stay.grants.end() &&
         std::any_of(grants->second.begin(), grants->second.end(),
                     [now](media::TimePoint until) { return now < until; });
}

const ConsentBook::Running* ConsentBook::running(media::RoomKey room,
                                                 std::string_view purpose) const {
  const auto found = running_.find({room, std::string(purpose)});
  return found == running_.end() ? nullptr : &found->second;
}

}  // namespace assent::simulation

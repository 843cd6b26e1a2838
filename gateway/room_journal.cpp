#include "gateway/room_journal.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/room_event_json.hpp"

namespace assent::gateway {

RoomJournal::RoomJournal(std::string session, std::string room)
    : session_{std::move(session)}, room_{std::move(room)} {}

void RoomJournal::note(WallTime at, const policy::Event& event, std::string subject,
                       std::string rules) {
  last_at_ = std::max(last_at_, at);  // as for the room itself, time never runs backwards
  RoomEvent& noted = waiting_.emplace_back();
  noted.session = session_;
  noted.room = room_;
  noted.participant = participant_of(event);
  noted.subject = std::move(subject);
  noted.seq = ++last_seq_;
  noted.rules = std::move(rules);
  noted.at = last_at_;
  noted.json = to_json(event);
}

std::vector<RoomEvent> RoomJournal::take() {
  return std::exchange(waiting_, {});
}

void RoomJournal::give_back(std::vector<RoomEvent> events) {
  events.insert(events.end(), std::make_move_iterator(waiting_.begin()),
                std::make_move_iterator(waiting_.end()));
  std::sort(events.begin(), events.end(),
            [](const RoomEvent& a, const RoomEvent& b) { return a.seq < b.seq; });
  // The beginning is kept: a record can be read up to what it lacks.
  if (events.size() > waiting_max) events.resize(waiting_max);
  waiting_ = std::move(events);
}

}  // namespace assent::gateway

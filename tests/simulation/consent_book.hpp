#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "media/time.hpp"
#include "tests/simulation/sinks.hpp"

namespace assent::simulation {

// Half of the oracle: who consented to what and when, kept from what was asked, answered and
// found in the durable store alone. It knows nothing of decisions, epochs or permits.
//
// While a request is under way both the state before and after it may be in force: what restricts
// counts from its answer, what permits from its being durable.
class ConsentBook {
 public:
  explicit ConsentBook(Law law) : law_{law} {}

  void join_asked(media::RoomKey room, Person person);
  void join_answered(Person person);
  void leave_asked(Person person);
  void leave_answered(Person person);

  void grant_stored(Person person, std::string_view purpose, media::TimePoint until);
  void grant_answered(Person person, std::string_view purpose);
  // Refused, withdrawn, or a grant that could not be stored: answered.
  void consent_closed(Person person, std::string_view purpose);

  void start_asked(media::RoomKey room, std::string_view purpose, std::set<media::SinkId> sinks);
  void stop_asked(media::RoomKey room, std::string_view purpose);
  void change_answered(media::RoomKey room, std::string_view purpose);

  // A request of this room is under way, and what may be need not be.
  void set_busy(media::RoomKey room, bool busy);

  // Nobody could object to it.
  [[nodiscard]] bool may_have(Person person, media::SinkId sink, media::TimePoint now) const;
  // Everybody agreed, everything was answered: withholding it is a fault.
  [[nodiscard]] bool must_have(Person person, media::SinkId sink, media::TimePoint now) const;
  // The server certainly (or perhaps) performs the sink's purpose in the room at present.
  [[nodiscard]] bool certainly_runs(media::RoomKey room, media::SinkId sink) const;
  [[nodiscard]] bool perhaps_runs(media::RoomKey room, media::SinkId sink) const;
  [[nodiscard]] bool is_busy(media::RoomKey room) const { return busy_.contains(room); }

 private:
  struct Stay {
    media::RoomKey room{};
    bool joined = false;                                                       // answered
    bool leaving = false;                                                      // asked
    bool left = false;                                                         // answered
    std::map<std::string, std::vector<media::TimePoint>, std::less<>> grants;  // until when
  };
  struct Running {
    std::set<media::SinkId> sinks;   // answered
    std::set<media::SinkId> wanted;  // asked
    bool changing = false;
  };

  [[nodiscard]] bool consents(const Stay& stay, std::string_view purpose,
                              media::TimePoint now) const;
  [[nodiscard]] const Running* running(media::RoomKey room, std::string_view purpose) const;

  Law law_;
  std::map<Person, Stay> stays_;
  std::map<std::pair<media::RoomKey, std::string>, Running> running_;
  std::set<media::RoomKey> busy_;
};

}  // namespace assent::simulation

#pragma once

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "media/outbox.hpp"
#include "tests/simulation/accounts.hpp"
#include "tests/simulation/call_model.hpp"
#include "tests/simulation/consent_book.hpp"
#include "tests/simulation/hearing_model.hpp"
#include "tests/simulation/journal.hpp"

namespace assent::simulation {

// Judges every datagram that the relay lets out, every cut and every record, against plain
// bookkeeping of what was asked, answered, stored and sent. Objections go to the journal.
class Oracle {
 public:
  Oracle(Law law, Lines& lines, Journal& journal)
      : book{law}, lines_{lines}, journal_{journal}, hearing_{book, lines} {}

  ConsentBook book;

  // What offer and answer settled, and which purposes are counted for whom. A line is removed
  // here before it goes.
  void leg_added(const Line& line) { call_.leg_added(line); }
  void leg_changed(const Line& line) { call_.leg_changed(line); }
  void leg_removed(media::TimePoint now, const Line& line);
  void route_opened(Person person, media::SinkId sink) { accounts_.route_opened(person, sink); }
  void route_closed(media::TimePoint now, Person person, media::SinkId sink);

  // `now` is when the relay handled it; `from` is where its output begins in the outbox.
  void arrived(media::TimePoint now, Line& line, const Datagram& datagram, const media::Outbox& out,
               std::size_t from);
  void given_back(std::size_t outgoing);
  void flushed() { flights_.clear(); }

  void permit_set(media::TimePoint now, Person person, media::SinkId sink, media::Permit permit,
                  const std::vector<media::CutMark>& cut);
  void settled(media::TimePoint now, Person person, const media::SourceRecord& record);

  [[nodiscard]] std::uint64_t heard_by_sinks() const { return heard_by_sinks_; }
  [[nodiscard]] std::uint64_t kept_from_sinks() const { return kept_from_sinks_; }

 private:
  struct Produced {
    const media::Outgoing* call = nullptr;
    std::array<const media::Outgoing*, media::sinks_max> copies{};
    std::vector<const media::Outgoing*> reports;
    std::string fault;  // two of one kind
  };
  // What one datagram in the outbox stands for, to be undone when it comes back.
  struct Flight {
    LegSerial serial{};
    bool is_call_rtp = false;
    std::size_t bytes = 0;
    std::vector<std::pair<media::SinkId, std::size_t>> copies;
  };
  struct Event {  // one datagram that arrived
    media::TimePoint now;
    Line& line;
    const Datagram& datagram;
    std::int64_t extended;
    const media::Outbox& out;
  };

  [[nodiscard]] Produced sort(const media::Outbox& out, std::size_t from) const;
  void judge_rtp(const Event& event, const Produced& produced);
  void judge_call(const Event& event, const media::Outgoing* sent);
  [[nodiscard]] Verdict judge_server(const Event& event);
  void judge_sink(const Event& event, media::SinkId sink, const media::Outgoing* sent);
  void judge_rtcp(const Event& event, const Produced& produced);
  void judge_report(const Event& event, const media::Outgoing& sent);
  void check_forwarded(const Event& event, const media::Outgoing& sent, Line& to);
  void count_call(const Event& event, const media::Outgoing* sent, bool could_go);
  void count_copy(const Event& event, media::SinkId sink, std::size_t bytes, Flight& flight);
  [[nodiscard]] Line* opposite(const Line& line);
  [[nodiscard]] Flight& flight(const Event& event, const media::Outgoing& sent);
  void object(const Event& event, const std::string& why);

  Lines& lines_;
  Journal& journal_;
  CallModel call_;
  HearingModel hearing_;
  Accounts accounts_;
  std::vector<Flight> flights_;  // as the outbox
  std::uint64_t heard_by_sinks_ = 0;
  std::uint64_t kept_from_sinks_ = 0;
};

}  // namespace assent::simulation

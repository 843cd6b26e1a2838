#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

namespace assent::bench {

using Nanoseconds = std::int64_t;  // of CLOCK_REALTIME, as the kernel stamps packets

[[nodiscard]] Nanoseconds clock_now();

// One request about one person's consent, as the client saw it.
struct Statement {
  bool grants = false;
  Nanoseconds asked = 0;              // before the request's first byte was written
  Nanoseconds answered = 0;           // after the answer's last byte was read; 0: not yet
  std::optional<std::int64_t> cut{};  // of a withdrawal: last extended sequence at the sink
};

// A packet as the sink saw it.
struct Arrival {
  Nanoseconds at = 0;         // when the kernel put it into the sink's socket
  std::int64_t sequence = 0;  // extended; 0: RTCP, which has none
};

// What no sink may ever see, and two counts that show that it was looked for.
struct Verdict {
  std::uint64_t packets = 0;         // judged
  std::uint64_t after = 0;           // later than a withdrawal's answer, before the next grant
  std::uint64_t beyond = 0;          // of a sequence number after the cut of its epoch
  std::uint64_t again = 0;           // of one that an earlier cut had closed off
  std::uint64_t without_grant = 0;   // before anything was ever granted
  std::uint64_t while_deciding = 0;  // between a withdrawal's request and its answer: allowed

  [[nodiscard]] std::uint64_t violations() const { return after + beyond + again + without_grant; }
};

// One person's statements and the packets of that person at one sink, judged against each other. A
// packet waits here until the withdrawal that ends its epoch is answered: then its cut is known.
// Statements come from a client's thread, packets from the sink's.
class ConsentHistory {
 public:
  void asked(bool grants, Nanoseconds at);
  void answered(Nanoseconds at, std::optional<std::int64_t> cut);

  void arrived(Arrival arrival);
  // Judges what can be judged; the rest is waiting.
  void judge(Verdict& verdict);
  [[nodiscard]] std::size_t waiting() const { return arrivals_.size(); }

  // Whether two falsified outcomes are noticed: the last packet before an answer, moved behind it,
  // and a cut that is one too low. Nothing where no withdrawal cut anything.
  [[nodiscard]] std::optional<bool> notices_falsification() const;

 private:
  // Null while the packet's epoch is open.
  std::optional<std::uint64_t Verdict::*> fault_of(const Arrival& arrival, bool& deciding) const;

  mutable std::mutex access_;  // of the statements
  std::deque<Statement> statements_;
  std::int64_t closed_off_ = 0;  // the last cut of the statements that are forgotten
  bool forgot_ = false;

  std::deque<Arrival> arrivals_;     // of the sink's thread alone
  std::optional<Arrival> last_cut_;  // the packet that was the last of its epoch
  Statement withdrawal_;             // and what ended it
};

}  // namespace assent::bench

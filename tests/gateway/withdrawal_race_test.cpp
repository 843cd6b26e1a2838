#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <optional>
#include <random>

#include "gateway/rfc3339.hpp"
#include "tests/gateway/media_peer.hpp"
#include "tests/seed.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;
using SystemTime = std::chrono::system_clock::time_point;

// An rtp sink that knows from the kernel when each packet arrived. Sending on loopback puts a
// packet into the receiver's socket before the sender's system call returns, so a packet stamped
// later than the moment at which the acknowledgement had arrived was sent after it.
class StampedSink {
 public:
  StampedSink() {
    const int on = 1;
    ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    const int room = 8 << 20;
    ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  }
  [[nodiscard]] std::uint16_t port() const { return socket_.port(); }

  struct Arrival {
    SystemTime at;
    std::uint32_t ssrc = 0;
    std::uint16_t sequence = 0;
  };
  // What is waiting now.
  std::vector<Arrival> take() {
    std::vector<Arrival> arrivals;
    std::array<std::byte, 2048> bytes;
    for (;;) {
      iovec vector{bytes.data(), bytes.size()};
      std::array<std::byte, 256> control;
      msghdr header{};
      header.msg_iov = &vector;
      header.msg_iovlen = 1;
      header.msg_control = control.data();
      header.msg_controllen = control.size();
      const auto size = ::recvmsg(socket_.descriptor(), &header, MSG_DONTWAIT);
      if (size < 0) return arrivals;
      timespec stamp{};
      std::size_t segment = static_cast<std::size_t>(size);
      for (auto* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_type == SCM_TIMESTAMPNS) std::memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
        int gro = 0;
        if (c->cmsg_level == IPPROTO_UDP) std::memcpy(&gro, CMSG_DATA(c), sizeof gro);
        if (gro > 0) segment = static_cast<std::size_t>(gro);
      }
      const SystemTime at{std::chrono::seconds{stamp.tv_sec} +
                          std::chrono::nanoseconds{stamp.tv_nsec}};
      for (std::size_t o = 0; o + 12 <= static_cast<std::size_t>(size); o += segment) {
        const std::span<const std::byte> packet{bytes.data() + o, segment};
        arrivals.push_back({at, media::load_be32(packet, 8), media::load_be16(packet, 2)});
      }
    }
  }

 private:
  Socket socket_;
};

// Speaks as fast as it can until it goes.
class Chatter {
 public:
  explicit Chatter(std::vector<Caller*> who)
      : thread_{[this, who = std::move(who)] {
          while (!done_) {
            for (Caller* caller : who)
              caller->speak();
            while (who.front()->server.receive(0ms)) {
            }
          }
        }} {}
  ~Chatter() {
    done_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

struct Leaks {
  std::uint64_t late = 0;           // stamped after the acknowledgement
  std::uint64_t beyond = 0;         // of a sequence number after the cut
  std::uint64_t would_be_late = 0;  // had the grant's answer been the withdrawal's
  std::uint64_t delivered = 0;
};

// Everything takes longer under a sanitizer.
constexpr int races_by_default = std::string_view{ASSENT_SANITIZE}.empty() ? 2000 : 200;

int races() {
  const char* asked = std::getenv("ASSENT_RACES");
  return asked != nullptr ? std::atoi(asked) : races_by_default;
}

TEST(Withdrawal, Failure01NotOnePacketLeavesAfterTheAcknowledgementWhileEverybodyTalks) {
  StampedSink sink;
  RunningService service{{.archive_port = sink.port()}};
  service.ask("PUT", "/v1/rooms/race", "{}");
  service.ask("PUT", "/v1/rooms/race/purposes/recording", R"({"by": "sinks"})");
  Caller one{service, "race", "one", 0x1111};
  Caller two{service, "race", "two", 0x2222};
  one.connect(service);
  two.connect(service);
  const auto consent = grant();
  service.ask("PUT", two.path + "/consents/recording", consent);  // always speaking, always taken
  const tests::Seed seed = tests::Seed::from_environment_or(20261124);
  std::mt19937_64 random{seed.value()};
  Leaks leaks;
  {
    Chatter chatter{{&one, &two}};
    for (int i = 0; i < races(); ++i) {
      const auto granted = service.call("PUT", one.path + "/consents/recording", consent);
      ASSERT_EQ(granted.status, 200U);
      std::this_thread::sleep_for(std::chrono::microseconds{random() % 4000});
      const auto withdrawn = service.call("DELETE", one.path + "/consents/recording");
      ASSERT_EQ(withdrawn.status, 200U);
      std::this_thread::sleep_for(std::chrono::microseconds{random() % 2000});
      std::optional<std::uint16_t> cut;
      for (const auto& mark : withdrawn.body.at("cut").as_array()) {
        if (mark.at("sink").as_string() == "archive")
          cut = static_cast<std::uint16_t>(mark.at("last_sequence").to_number<std::int64_t>());
      }
      auto arrivals = sink.take();
      std::erase_if(arrivals, [](const auto& arrival) { return arrival.ssrc != 0x1111; });
      leaks.delivered += arrivals.size();
      if (!cut) leaks.beyond += arrivals.size();
      // From the newest back: a round may be longer than half of all sequence numbers.
      std::int64_t after = 0;
      for (auto arrival = arrivals.rbegin(); arrival != arrivals.rend(); ++arrival) {
        if (arrival->at > withdrawn.arrived) ++leaks.late;
        if (arrival->at > granted.arrived) ++leaks.would_be_late;
        if (!cut) continue;
        after += static_cast<std::int16_t>(static_cast<std::uint16_t>(arrival->sequence - *cut));
        cut = arrival->sequence;
        if (after > 0) ++leaks.beyond;
      }
    }
  }
  EXPECT_EQ(leaks.late, 0U) << seed.text();
  EXPECT_EQ(leaks.beyond, 0U) << seed.text();
  EXPECT_GT(leaks.delivered, static_cast<std::uint64_t>(races()));
  // The count can fail: packets that come after a given moment are seen.
  EXPECT_GT(leaks.would_be_late, 0U);
}

// The deadline is read where packets are gated: no timer has to fire, no thread has to live for it.
TEST(Withdrawal, Failure19AConsentEndsAtItsInstantThoughTheControlThreadStandsStill) {
  StampedSink sink;
  RunningService service{{.archive_port = sink.port()}};
  service.ask("PUT", "/v1/rooms/stall", "{}");
  service.ask("PUT", "/v1/rooms/stall/purposes/recording", R"({"by": "sinks"})");
  Caller one{service, "stall", "one", 0x1111};
  one.connect(service);
  const Chatter chatter{{&one}};
  const auto expires = read_clocks().wall + 500ms;
  auto consent = boost::json::parse(grant()).as_object();
  consent["expires"] = to_rfc3339(expires);
  service.ask("PUT", one.path + "/consents/recording", boost::json::serialize(consent));
  const auto goes_on = service.stall_control(2500ms);
  std::this_thread::sleep_until(expires + 1s);
  const auto arrivals = sink.take();
  EXPECT_EQ(goes_on.wait_for(0s), std::future_status::timeout) << "it did not stand still";
  ASSERT_FALSE(arrivals.empty());
  // A batch has one time; what it let pass may be sent a moment later.
  EXPECT_LT(arrivals.back().at, expires + 100ms);
  EXPECT_GT(arrivals.back().at, expires - 250ms);
}

}  // namespace
}  // namespace assent::gateway::test

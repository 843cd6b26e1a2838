#include "gateway/rtp_stream.hpp"

#include <gtest/gtest.h>
#include <sys/epoll.h>

#include <atomic>
#include <boost/json/array.hpp>
#include <random>

#include "tests/gateway/comes_true.hpp"
#include "tests/gateway/frame_listener.hpp"
#include "tests/gateway/media_peer.hpp"
#include "tests/seed.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;

constexpr media::SourceId ann{1};
constexpr media::SourceId ben{2};

// A stream and the readiness set that its owner would watch; time is the test's.
class StreamToSink : public testing::Test {
 protected:
  ~StreamToSink() override { ::close(readiness_); }

  RtpStream::Options options() {
    return {loopback(sink.port()), readiness_, 7, [this](bool open) { told.push_back(open); }};
  }
  void handle_ready(bool admits = true) {
    epoll_event event{};
    while (::epoll_wait(readiness_, &event, 1, 20) > 0) {
      const std::uint64_t tag = event.data.u64;  // the system's struct is packed
      EXPECT_EQ(tag, 7U);
      stream.handle_ready(now, [admits](media::SourceId) { return admits; });
    }
  }
  void open() {
    stream.expect(ann);
    stream.expect(ben);
    stream.handle_timeout(now);
    ASSERT_TRUE(sink.accept());
    handle_ready();
    ASSERT_TRUE(stream.is_open());
  }
  // How many were taken.
  std::size_t send(const std::vector<Bytes>& packets, media::SourceId source) {
    std::vector<FramedDispatch> run;
    for (const auto& packet : packets)
      run.push_back({packet, source});
    std::size_t failed = 0;
    stream.send(now, run, [&failed](std::size_t) { ++failed; });
    return run.size() - failed;
  }
  // Until the system takes no more: the rest of a frame is pending then.
  std::size_t fill(media::SourceId source) {
    std::size_t taken = 0;
    for (std::size_t once = 1; once > 0; taken += once)
      once = send(std::vector<Bytes>(100, Bytes(1'001, std::byte{0x42})), source);
    return taken;
  }

  int readiness_ = ::epoll_create1(0);
  FrameListener sink{4'096};
  std::vector<bool> told;
  media::TimePoint now{};
  RtpStream stream{options()};
};

TEST_F(StreamToSink, EveryFrameThatWasTakenArrivesWholeThoughTheSystemTakesSomeInPart) {
  open();
  std::size_t taken = 0;
  std::size_t arrived = 0;
  for (int round = 0; round < 20; ++round) {
    taken += fill(ann);
    for (const auto& frame : sink.take()) {
      ++arrived;
      EXPECT_EQ(frame, Bytes(1'001, std::byte{0x42}));
    }
    handle_ready();
  }
  for (int i = 0; i < 10 && arrived < taken; ++i) {
    handle_ready();
    arrived += sink.take().size();
  }
  EXPECT_GT(taken, 100U);
  EXPECT_EQ(arrived, taken);
}

TEST_F(StreamToSink, WhenItIsFullTheRestOfAFrameOfAPersonWhoWithdrewNeverLeaves) {
  open();
  const auto taken = fill(ann);
  stream.cease(now, ben);
  EXPECT_TRUE(stream.is_open()) << "nothing of theirs was on its way";
  stream.cease(now, ann);
  EXPECT_FALSE(stream.is_open());
  const auto arrived = sink.take().size();
  EXPECT_LT(arrived, taken) << "the frame that was taken in part arrived whole";
  EXPECT_TRUE(sink.is_over());
}

TEST_F(StreamToSink, WhatTheSystemStillHoldsOfAPersonWhoWithdrewNeverLeaves) {
  open();
  const std::size_t frame_bytes = 2 + 1'001;
  ASSERT_EQ(send(std::vector<Bytes>(25, Bytes(frame_bytes - 2)), ann), 25U) << "whole frames";
  ASSERT_EQ(send({Bytes(20)}, ben), 1U);
  stream.cease(now, ann);
  const auto arrived = sink.arrived();
  EXPECT_FALSE(stream.is_open());
  ASSERT_LT(arrived, 25 * frame_bytes) << "the system held none";
  EXPECT_EQ(sink.take().size(), arrived / frame_bytes);
  EXPECT_TRUE(sink.is_over());

  // Nor are they taken for bytes of the next connection.
  now = *stream.next_timeout();
  open();
  ASSERT_EQ(send(std::vector<Bytes>(25, Bytes(1'001)), ben), 25U);
  stream.cease(now, ann);
  EXPECT_TRUE(stream.is_open());
}

TEST_F(StreamToSink, WhatTheSystemStillHoldsGoesNowhereWhenTheGatewayEnds) {
  {
    RtpStream ended{options()};
    ended.expect(ann);
    ended.handle_timeout(now);
    ASSERT_TRUE(sink.accept());
    ended.handle_ready(now, [](media::SourceId) { return true; });
    const Bytes packet(1'001);
    const std::vector<FramedDispatch> run(25, {packet, ann});
    ended.send(now, run, [](std::size_t) { ADD_FAILURE() << "the system did not take it"; });
  }
  const auto arrived = sink.arrived();
  EXPECT_EQ(sink.take().size(), arrived / 1'003);
  EXPECT_TRUE(sink.is_over());
}

TEST_F(StreamToSink, WhoseFramesAreOnTheirWayAlreadyCostsNobodyTheStream) {
  open();
  ASSERT_EQ(send({Bytes(20), Bytes(20)}, ann), 2U);
  const auto taken = fill(ben);
  stream.cease(now, ann);
  EXPECT_TRUE(stream.is_open());
  std::size_t arrived = 0;
  for (int i = 0; i < 100 && arrived < 2 + taken; ++i) {
    arrived += sink.take().size();
    handle_ready();
  }
  EXPECT_EQ(arrived, 2 + taken);
}

TEST_F(StreamToSink, TheRestOfAFrameWhosePermitHasExpiredNeverLeaves) {
  open();
  const auto taken = fill(ann);
  std::size_t arrived = sink.take().size();  // and there is room again
  handle_ready(false);
  EXPECT_FALSE(stream.is_open());
  arrived += sink.take().size();
  EXPECT_LT(arrived, taken);
}

TEST_F(StreamToSink, TheRestOfAFrameLeavesAtOnceWhereThereIsRoomForIt) {
  open();
  const auto taken = fill(ann);
  std::size_t arrived = sink.take().size();
  stream.cease(now, ann);
  EXPECT_TRUE(stream.is_open());
  handle_ready(false);
  arrived += sink.take().size();
  EXPECT_EQ(arrived, taken);
}

TEST_F(StreamToSink, ABrokenConnectionIsMadeAgainAndBeginsWithAWholeFrame) {
  open();
  fill(ann);
  sink.hang_up();
  handle_ready();
  EXPECT_FALSE(stream.is_open());
  EXPECT_EQ(send({Bytes(20), Bytes(20)}, ann), 0U);
  EXPECT_EQ(stream.counts().withheld, 2U);
  ASSERT_TRUE(stream.next_timeout());
  EXPECT_GT(*stream.next_timeout(), now);
  now = *stream.next_timeout();
  open();
  EXPECT_EQ(send({Bytes(20, std::byte{1})}, ben), 1U);
  const auto frames = sink.take();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0], Bytes(20, std::byte{1}));
  EXPECT_EQ(told, (std::vector<bool>{true, false, true}));
  EXPECT_EQ(stream.counts().connections, 2U);
  EXPECT_EQ(stream.counts().withheld, 2U);
}

TEST(RtpStream, WaitsLongerAfterEachFailureWhileNobodyListens) {
  const int readiness = ::epoll_create1(0);
  {
    std::vector<bool> told;
    RtpStream stream{{loopback(1), readiness, 7, [&told](bool open) { told.push_back(open); }}};
    media::TimePoint now{};
    std::vector<std::chrono::milliseconds> waits;
    for (int i = 0; i < 8; ++i) {
      stream.handle_timeout(now);
      epoll_event event{};
      if (::epoll_wait(readiness, &event, 1, 1'000) > 0)
        stream.handle_ready(now, [](media::SourceId) { return true; });
      ASSERT_TRUE(stream.next_timeout());
      waits.push_back(
          std::chrono::duration_cast<std::chrono::milliseconds>(*stream.next_timeout() - now));
      now = *stream.next_timeout();
    }
    EXPECT_EQ(told, std::vector<bool>{false}) << "once";
    EXPECT_EQ(waits.front(), 250ms);
    EXPECT_EQ(waits.back(), 5s);
    EXPECT_TRUE(std::is_sorted(waits.begin(), waits.end()));
  }
  ::close(readiness);
}

TEST(FramedSink, IsConnectedOrNotAndWhatWasWithheldMeanwhileIsCountedByItsMetrics) {
  FrameListener sink;
  RunningService::Options options;
  options.sinks = "  archive: {kind: rtp, address: \"127.0.0.1:" + std::to_string(sink.port()) +
                  "\", transport: tcp}\n";
  RunningService service{options};
  const auto metric = [&](std::string_view name) {
    const auto answer = service.call("GET", "/metrics").body;
    const std::string text{answer.as_string()};
    const std::string line =
        "assent_sink_" + std::string(name) + "{sink=\"archive\",worker=\"0\"} ";
    const auto at = text.find(line);
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + line.size()));
  };
  const auto comes_to = [&](std::string_view name, int value) {
    for (int i = 0; i < 500 && metric(name) != value; ++i)
      std::this_thread::sleep_for(10ms);
    return metric(name);
  };
  ASSERT_TRUE(sink.accept());
  EXPECT_EQ(comes_to("connected", 1), 1);
  EXPECT_EQ(metric("reconnects_total"), 0);
  service.ask("PUT", "/v1/rooms/framed", "{}");
  service.ask("PUT", "/v1/rooms/framed/purposes/recording", R"({"by": "sinks"})");
  Caller caller{service, "framed", "caller", 0x1111};
  caller.connect(service);
  service.ask("PUT", caller.path + "/consents/recording", grant());
  caller.speak();
  EXPECT_EQ(sink.take(500ms).size(), 1U);
  EXPECT_EQ(metric("unconnected_packets_total"), 0);

  sink.hang_up();
  EXPECT_EQ(comes_to("connected", 0), 0);
  for (int i = 0; i < 3; ++i) {
    caller.speak();
    EXPECT_TRUE(caller.server.receive()) << "the call does not wait for a sink";
  }
  const int withheld = metric("unconnected_packets_total");
  ASSERT_TRUE(sink.accept());
  EXPECT_EQ(comes_to("connected", 1), 1);
  EXPECT_EQ(metric("reconnects_total"), 1);
  EXPECT_LE(withheld, 3);
  caller.speak();
  EXPECT_EQ(sink.take(500ms).size(), 1U);
}

constexpr int rounds = std::string_view{ASSENT_SANITIZE}.empty() ? 300 : 60;

TEST(Withdrawal, Failure01NoFrameBeyondTheCutReachesASinkOverOneConnection) {
  FrameListener sink;
  RunningService::Options options;
  options.sinks = "  archive: {kind: rtp, address: \"127.0.0.1:" + std::to_string(sink.port()) +
                  "\", transport: tcp}\n";
  RunningService service{options};
  ASSERT_TRUE(sink.accept());
  service.ask("PUT", "/v1/rooms/race", "{}");
  service.ask("PUT", "/v1/rooms/race/purposes/recording", R"({"by": "sinks"})");
  Caller one{service, "race", "one", 0x1111};
  Caller two{service, "race", "two", 0x2222};
  one.connect(service);
  two.connect(service);
  service.ask("PUT", two.path + "/consents/recording", grant());
  const tests::Seed seed = tests::Seed::from_environment_or(20261126);
  std::mt19937_64 random{seed.value()};
  std::atomic<bool> done = false;
  std::thread talk{[&] {
    while (!done) {
      one.speak();
      two.speak();
      std::this_thread::sleep_for(50us);
      while (one.server.receive(0ms) || two.server.receive(0ms)) {
      }
    }
  }};
  std::size_t delivered = 0;
  std::size_t of_two = 0;
  std::size_t beyond = 0;
  std::size_t at_the_cut = 0;
  std::optional<std::uint16_t> cut;   // of the last withdrawal; none while a consent holds
  std::optional<std::uint16_t> last;  // of this round, and that reached the sink
  const auto hear = [&](const std::vector<FrameListener::Bytes>& frames) {
    for (const auto& frame : frames) {
      const auto packet = media::parse_rtp(frame);
      if (!packet || static_cast<std::uint32_t>(packet->ssrc()) != one.ssrc) {
        ++of_two;
        continue;
      }
      ++delivered;
      last = media::load_be16(frame, 2);
      if (cut && static_cast<std::int16_t>(static_cast<std::uint16_t>(*last - *cut)) > 0) ++beyond;
    }
  };
  for (int i = 0; i < rounds; ++i) {
    hear(sink.take(0ms, 5ms));  // still of the round before
    service.ask("PUT", one.path + "/consents/recording", grant());
    cut.reset();
    last.reset();
    // Withdrawn before anything was heard, or while it is heard; nobody read while the consent was
    // stored, so that much may wait.
    const bool waits = i % 2 == 0;
    EXPECT_TRUE(comes_true([&] {
      hear(sink.take(0ms, 5ms));
      return last || sink.is_over() || !waits;
    }));
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 4'000});
    const auto withdrawn = service.call("DELETE", one.path + "/consents/recording");
    for (const auto& mark : withdrawn.body.at("cut").as_array())
      cut = static_cast<std::uint16_t>(mark.at("last_sequence").to_number<std::int64_t>());
    EXPECT_TRUE(!last || cut);
    EXPECT_TRUE(comes_true([&] {
      hear(sink.take(0ms, 5ms));  // the other one goes on, and may leave no pause
      return !last || last == cut || sink.is_over();
    })) << "round "
        << i << " ends before its cut; " << seed.text();
    if (last && last == cut) ++at_the_cut;
    EXPECT_TRUE(!sink.is_over() || sink.accept());
  }
  done = true;
  talk.join();
  EXPECT_EQ(beyond, 0U) << seed.text();
  EXPECT_GT(delivered, 0U);
  EXPECT_GT(of_two, delivered) << "whoever consents all the time is heard all the time";
  EXPECT_GT(at_the_cut, static_cast<std::size_t>(rounds / 4)) << "the cut says where it ends";
  EXPECT_NE(service.log().find("sink.connected"), std::string::npos);
}

}  // namespace
}  // namespace assent::gateway::test

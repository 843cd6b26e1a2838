#include "gateway/call_record.hpp"

#include <gtest/gtest.h>

#include <random>

#include "gateway/cdr_chain.hpp"
#include "tests/seed.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

constexpr media::SinkId recorder{3};
constexpr media::LegId leg{7};

const ClockReading start = {WallTime{1'790'000'000'000ms}, media::TimePoint{1h}};

ClockReading after(std::chrono::milliseconds passed) {
  return {start.wall + passed, start.steady + passed};
}

// What the relay settles of one client leg whose packets all go to the call.
class Settled {
 public:
  Settled() {
    record_.emplace_back();
    record_[0].leg = leg;
    record_[0].side = media::Side::client;
  }
  Settled& delivered(std::uint64_t epoch, std::int64_t first, std::int64_t last,
                     std::chrono::milliseconds at = 0ms) {
    const auto packets = static_cast<std::uint64_t>(last - first + 1);
    took(packets);
    media::DeliveredInterval interval{};
    interval.sink = recorder;
    interval.ssrc = media::Ssrc{1};
    interval.epoch = epoch;
    interval.first_sequence = first;
    interval.last_sequence = last;
    interval.packets = packets;
    interval.bytes = packets * 100;
    interval.first_time = start.steady + at;
    interval.last_time = start.steady + at + 20ms * (packets - 1);
    record_[0].delivered.push_back(interval);
    return *this;
  }
  Settled& withheld(std::uint64_t packets) {
    took(packets);
    media::RouteCounters counted{};
    counted.offered = packets;
    counted.withheld[static_cast<std::size_t>(media::Withheld::no_permit)] = packets;
    record_[0].routes.emplace_back(recorder, counted);
    return *this;
  }
  operator const media::SourceRecord&() const { return record_; }  // NOLINT: reads as one

 private:
  void took(std::uint64_t packets) {
    auto& counters = record_[0].counters;
    counters.rtp_packets += packets;
    counters.rtp_bytes += packets * 100;
    counters.forwarded_packets += packets;
    counters.forwarded_bytes += packets * 100;
  }

  media::SourceRecord record_;
};

std::string_view refused(media::SinkId) {
  return "consent_refused";
}

Cdr opening() {
  Cdr cdr;
  cdr.session = "session";
  cdr.room = "room";
  cdr.participant = "ann";
  cdr.opened = start.wall;
  return cdr;
}

class GrowingRecord : public testing::Test {
 protected:
  GrowingRecord() {
    record.add_leg(leg, media::Side::client, "audio", "RTP/AVP", start.wall);
    record.attach(recorder, {"recorder", "recording"});
    chain.add(record.next(CdrKind::start, std::nullopt, start.wall));
    record.stored(record.last_number());
  }
  Cdr next(bool is_stored = true, CdrKind kind = CdrKind::interim) {
    Cdr cdr = record.next(kind, CauseForClosing::period, start.wall);
    EXPECT_TRUE(imbalances(cdr).empty()) << to_json(cdr);
    if (is_stored) {
      EXPECT_TRUE(chain.add(cdr).empty()) << to_json(cdr);
      record.stored(cdr.record_seq);
    }
    return cdr;
  }
  static const CdrRoute& sink_of(const Cdr& cdr) { return cdr.legs.at(0).routes.at(1); }
  const std::vector<DeliveredInterval>& known() const { return sink_of(chain.whole()).delivered; }

  CallRecord record{opening()};
  CdrChain chain;
};

TEST_F(GrowingRecord, ListsAnIntervalAgainOnlyWhenItHasGrown) {
  record.fold(Settled{}.delivered(1, 10, 19), after(1s), refused);
  EXPECT_EQ(sink_of(next()).delivered.size(), 1U);
  EXPECT_TRUE(sink_of(next()).delivered.empty());
  record.fold(Settled{}.delivered(1, 20, 24), after(2s), refused);
  const auto grown = next();
  ASSERT_EQ(sink_of(grown).delivered.size(), 1U);
  EXPECT_EQ(sink_of(grown).delivered[0].first_sequence, 10U);
  EXPECT_EQ(sink_of(grown).delivered[0].packets, 15U);
  EXPECT_EQ(sink_of(grown).packets, 15U);
  ASSERT_EQ(known().size(), 1U);
  EXPECT_EQ(known()[0].packets, 15U);
}

TEST_F(GrowingRecord, RepeatsWhatARecordSaidThatCouldNotBeStored) {
  record.fold(Settled{}.delivered(1, 10, 19), after(1s), refused);
  EXPECT_EQ(sink_of(next(false)).delivered.size(), 1U);
  record.fold(Settled{}.delivered(2, 20, 21), after(2s), refused);
  EXPECT_EQ(sink_of(next(false)).delivered.size(), 2U);
  EXPECT_EQ(sink_of(next()).delivered.size(), 2U);
  EXPECT_TRUE(sink_of(next()).delivered.empty());
  EXPECT_EQ(known().size(), 2U);
}

TEST_F(GrowingRecord, WhatGrewAfterARecordIsNotTakenForStoredWithIt) {
  record.fold(Settled{}.delivered(1, 10, 19), after(1s), refused);
  const auto first = next(false);
  record.fold(Settled{}.delivered(1, 20, 24), after(2s), refused);
  chain.add(first);
  record.stored(first.record_seq);
  EXPECT_EQ(sink_of(next()).delivered.at(0).packets, 15U);
}

TEST_F(GrowingRecord, APacketThatComesLateIsAnIntervalByItself) {
  record.fold(Settled{}.delivered(1, 10, 19), after(1s), refused);
  next();
  record.fold(Settled{}.delivered(1, 8, 8), after(2s), refused);
  next();
  record.fold(Settled{}.delivered(1, 20, 24), after(3s), refused);
  next();
  ASSERT_EQ(known().size(), 2U);
  EXPECT_EQ(known()[0].packets + known()[1].packets, 16U);
}

TEST_F(GrowingRecord, ASinkThatComesAgainGoesOnInItsRoute) {
  record.fold(Settled{}.withheld(5), after(1s), refused);
  for (int i = 0; i < 1'000; ++i) {
    record.detach(recorder);
    Settled elsewhere;  // taken in while nobody recorded
    elsewhere.withheld(3);
    media::SourceRecord passed = elsewhere;
    passed[0].routes.clear();
    record.fold(passed, after(2s), refused);
    record.attach(recorder, {"recorder", "recording"});
    record.fold(Settled{}.delivered(1, 10 + i, 10 + i), after(3s), refused);
  }
  const auto cdr = next();
  ASSERT_EQ(cdr.legs[0].routes.size(), 2U);
  EXPECT_EQ(sink_of(cdr).ingress(cdr.legs[0].packets), 1'005U);
  EXPECT_EQ(sink_of(cdr).packets, 1'000U);
  EXPECT_EQ(sink_of(cdr).withheld.at("consent_refused"), 5U);
}

TEST_F(GrowingRecord, TellsForHowLongSomethingWasDelivered) {
  record.fold(Settled{}.delivered(1, 0, 99, 0ms), after(10s), refused);     // 2 s
  record.fold(Settled{}.delivered(2, 100, 149, 60s), after(70s), refused);  // 1 s, a minute later
  const auto cdr = next();
  EXPECT_EQ(sink_of(cdr).milliseconds, 99U * 20 + 49U * 20);
  EXPECT_EQ(sink_of(cdr).first, start.wall);
  EXPECT_EQ(sink_of(cdr).last, start.wall + 60s + 980ms);
  EXPECT_EQ(cdr.legs[0].routes[0].milliseconds, 70'000U);  // of the call, to the period
}

TEST_F(GrowingRecord, OfALongCallGrowsWithTheCallAndNotWithItsSquare) {
  constexpr std::int64_t changes = 5'000;
  std::vector<std::size_t> sizes;
  for (std::int64_t epoch = 1; epoch <= changes; ++epoch) {
    record.fold(Settled{}
                    .delivered(static_cast<std::uint64_t>(epoch), epoch * 10, epoch * 10 + 4)
                    .withheld(5),
                after(epoch * 200ms), refused);
    sizes.push_back(to_json(next()).size());
  }
  EXPECT_LT(sizes.back(), sizes.front() + 100);  // longer numbers, not more of them
  EXPECT_EQ(known().size(), static_cast<std::size_t>(changes));
  EXPECT_EQ(sink_of(chain.whole()).packets, static_cast<std::uint64_t>(changes) * 5);
}

// Any order of packets, changes, losses and acknowledgements.
TEST_F(GrowingRecord, AChainHasEverythingOnceWhateverStorageTook) {
  const auto seed = tests::Seed::from_environment_or(42);
  SCOPED_TRACE(seed.text());
  std::mt19937_64 random{seed.value()};
  std::uint64_t epoch = 1;
  std::int64_t sequence = 100;
  std::optional<std::uint32_t> waiting;  // for its acknowledgement
  for (int step = 0; step < 3'000; ++step) {
    switch (random() % 6) {
      case 0:
        ++epoch;
        break;
      case 1:
        record.fold(Settled{}.withheld(random() % 4), after(step * 20ms), refused);
        break;
      case 2: {
        const Cdr cdr = next(false);
        if (random() % 3 == 0) break;  // lost
        EXPECT_TRUE(chain.add(cdr).empty()) << to_json(cdr);
        waiting = cdr.record_seq;
        break;
      }
      case 3:
        if (waiting) record.stored(*waiting);
        waiting.reset();
        break;
      default: {
        const auto count = static_cast<std::int64_t>(random() % 5 + 1);
        record.fold(Settled{}.delivered(epoch, sequence, sequence + count - 1), after(step * 20ms),
                    refused);
        sequence += count;
      }
    }
  }
  next(true, CdrKind::stop);
  std::uint64_t listed = 0;
  for (const auto& interval : known())
    listed += interval.packets;
  EXPECT_EQ(listed, static_cast<std::uint64_t>(sequence - 100));
}

TEST(CdrChain, TakesARecordOfAnEarlierVersionForAllOfIt) {
  Cdr cdr = opening();
  cdr.version = 2;
  CdrLeg& only = cdr.legs.emplace_back();
  only.packets = 10;
  CdrRoute& route = only.routes.emplace_back();
  route.packets = 10;
  route.delivered = {{1, 1, 5, 14, 10, 1'000, start.wall, start.wall}};
  CdrChain chain;
  EXPECT_TRUE(chain.add(cdr).empty());
  cdr.kind = CdrKind::interim;
  cdr.record_seq = 2;
  only.packets = route.packets = 12;
  cdr.legs[0].routes[0].delivered = {{1, 1, 3, 14, 12, 1'200, start.wall, start.wall}};
  cdr.legs[0].routes[0].packets = cdr.legs[0].packets = 12;
  EXPECT_TRUE(chain.add(cdr).empty());
  EXPECT_EQ(chain.whole().legs[0].routes[0].delivered.size(), 1U);
}

TEST(CdrChain, FindsARouteThatCountsWhatItsChainDoesNotList) {
  Cdr cdr = opening();
  CdrRoute& route = cdr.legs.emplace_back().routes.emplace_back();
  route.packets = 10;
  route.delivered = {{1, 1, 5, 13, 9, 900, start.wall, start.wall}};
  CdrChain chain;
  const auto differences = chain.add(cdr);
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].total, 10U);
  EXPECT_EQ(differences[0].listed, 9U);
}

}  // namespace
}  // namespace assent::gateway

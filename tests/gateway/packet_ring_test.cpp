#include "gateway/packet_ring.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <random>
#include <thread>
#include <vector>

namespace assent::gateway {
namespace {

unsigned long seed() {
  const char* const given = std::getenv("ASSENT_SEED");
  return given != nullptr ? std::strtoul(given, nullptr, 10) : 42;
}

std::vector<std::byte> payload_of(std::uint64_t sequence) {
  std::vector<std::byte> bytes(sequence * 7 % (recorded_payload_max + 1));
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::byte>(sequence + i);
  return bytes;
}

RecordedPacket packet_of(std::uint64_t sequence, const std::vector<std::byte>& payload) {
  return {TrackId{static_cast<std::uint32_t>(sequence % 5)},
          static_cast<std::uint32_t>(sequence + 1),
          sequence,
          static_cast<std::uint32_t>(sequence * 960),
          sequence % 3 == 0,
          media::TimePoint{std::chrono::milliseconds{sequence}},
          payload};
}

void expect_packet(const RecordedPacket& packet, std::uint64_t sequence) {
  const auto payload = payload_of(sequence);
  const auto expected = packet_of(sequence, payload);
  ASSERT_EQ(packet.extended_sequence, sequence);
  EXPECT_EQ(packet.track, expected.track);
  EXPECT_EQ(packet.ssrc, expected.ssrc);
  EXPECT_EQ(packet.rtp_timestamp, expected.rtp_timestamp);
  EXPECT_EQ(packet.marker, expected.marker);
  EXPECT_EQ(packet.captured, expected.captured);
  EXPECT_TRUE(
      std::equal(packet.payload.begin(), packet.payload.end(), payload.begin(), payload.end()));
}

TEST(PacketRing, GivesBackWhatItTookInOrderAndRefusesWhenFull) {
  SCOPED_TRACE("ASSENT_SEED=" + std::to_string(seed()));
  std::mt19937_64 random{seed()};
  PacketRing ring{10'000};
  std::deque<std::uint64_t> model;
  std::uint64_t next = 0;
  std::uint64_t refused = 0;
  for (int step = 0; step < 100'000; ++step) {
    if (random() % 16 != 0) {
      const auto payload = payload_of(next);
      if (ring.push(packet_of(next, payload))) {
        model.push_back(next);
      } else {
        ++refused;
      }
      ++next;
    } else {
      ring.drain([&](const RecordedPacket& packet) {
        ASSERT_FALSE(model.empty());
        expect_packet(packet, model.front());
        model.pop_front();
      });
      ASSERT_TRUE(model.empty());
    }
  }
  EXPECT_GT(refused, 0u);
  EXPECT_LT(refused, next);
}

TEST(PacketRing, RefusesAPayloadThatNoDatagramHolds) {
  PacketRing ring{1u << 16};
  const std::vector<std::byte> payload(recorded_payload_max + 1);
  EXPECT_FALSE(ring.push(packet_of(1, payload)));
}

TEST(PacketRing, LosesNothingBetweenTwoThreads) {
  PacketRing ring{1u << 14};
  constexpr std::uint64_t packets = 50'000;
  std::thread producer{[&] {
    for (std::uint64_t sequence = 0; sequence < packets; ++sequence) {
      const auto payload = payload_of(sequence);
      while (!ring.push(packet_of(sequence, payload)))
        std::this_thread::yield();
    }
  }};
  std::uint64_t expected = 0;
  while (expected < packets) {
    ring.drain([&](const RecordedPacket& packet) { expect_packet(packet, expected++); });
    std::this_thread::yield();
  }
  producer.join();
}

}  // namespace
}  // namespace assent::gateway

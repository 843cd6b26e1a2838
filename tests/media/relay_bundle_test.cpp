#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/media/relay_fixture.hpp"

namespace assent::media {
namespace {

using namespace tests;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint8_t video_pt = 96;
constexpr std::uint8_t mid_id = 4;
constexpr Ssrc signalled_video{0x7777};

std::vector<std::byte> with_mid(std::vector<std::byte> packet, char mid) {
  // RFC 8285 §4.2: one element of one byte, and three of padding.
  const std::vector<std::byte> extension{
      std::byte{0xbe},        std::byte{0xde}, std::byte{0}, std::byte{1},
      std::byte{mid_id << 4}, std::byte(mid),  std::byte{0}, std::byte{0}};
  packet[0] |= std::byte{0x10};
  packet.insert(packet.begin() + 12, extension.begin(), extension.end());
  return packet;
}

// A transport that carries audio (m-section 0) and video (1), in front of a server with a leg for
// each.
class RelayBundle : public RelayTest {
 protected:
  void SetUp() override {
    source = relay.add_source(RoomKey{1});
    LegConfig client;
    client.source = source;
    client.remote_rtp = client.remote_rtcp = at(7000);
    client.rtcp_mux = true;
    client.payload_types[opus_pt] = Codec::opus;
    client.payload_types[video_pt] = Codec::other_video;
    client.takes = client.payload_types;
    client.bundle.mids = {"a", "v"};
    client.bundle.mid_extension = mid_id;
    client.bundle.ssrcs = {{signalled_video, 1}};
    client.bundle.payload_types[video_pt] = 1;
    bundled = relay.add_leg(client);
    audio = relay.add_leg(server_leg(8000));
    video = relay.add_leg(server_leg(8100));
    relay.connect({bundled, 0}, {audio, 0});
    relay.connect({bundled, 1}, {video, 1});
  }

  LegConfig server_leg(std::uint16_t port) {
    LegConfig config;
    config.source = source;
    config.side = Side::server;
    config.remote_rtp = at(port);
    config.remote_rtcp = at(static_cast<std::uint16_t>(port + 1));
    config.bundle.payload_types.fill(port == 8000 ? 0 : 1);
    return config;
  }

  SourceId source{};
  LegId bundled{};
  LegId audio{};
  LegId video{};
};

// RFC 8843 §9.2
TEST_F(RelayBundle, TellsStreamsApartByMidThenBySsrcThenByPayloadType) {
  arrive(bundled, 7000, rtp(1, Ssrc{1}, opus_pt));
  EXPECT_EQ(sent_to(audio).size(), 1U);
  arrive(bundled, 7000, rtp(1, Ssrc{2}, video_pt));
  EXPECT_EQ(sent_to(video).size(), 1U);
  arrive(bundled, 7000, rtp(1, signalled_video, opus_pt));
  EXPECT_EQ(sent_to(video).size(), 2U);
  arrive(bundled, 7000, with_mid(rtp(1, Ssrc{3}, opus_pt), 'v'));
  EXPECT_EQ(sent_to(video).size(), 3U);
  arrive(bundled, 7000, with_mid(rtp(1, Ssrc{4}, video_pt), '?'));  // no such m-section
  EXPECT_EQ(sent_to(video).size(), 4U);
  EXPECT_EQ(sent_to(audio).size(), 1U);
}

TEST_F(RelayBundle, KeepsAStreamWhereItsFirstPacketPutIt) {
  arrive(bundled, 7000, with_mid(rtp(1, Ssrc{3}, opus_pt), 'v'));
  arrive(bundled, 7000, rtp(2, Ssrc{3}, opus_pt));  // senders stop saying it (RFC 8843 §15)
  EXPECT_EQ(sent_to(video).size(), 2U);
}

TEST_F(RelayBundle, CarriesBothOfTheServersLegsOnTheOneTransport) {
  arrive(audio, 8000, rtp(1, Ssrc{5}, opus_pt));
  arrive(video, 8100, rtp(1, Ssrc{6}, video_pt));
  EXPECT_EQ(sent_to(bundled).size(), 2U);
}

TEST_F(RelayBundle, HoldsOneMSectionAndNotTheOther) {
  LegConfig config = relay.leg(bundled).config();
  config.sections_on_hold = 1U << 1;
  relay.reconfigure_leg(bundled, config);
  arrive(video, 8100, rtp(1, Ssrc{6}, video_pt));
  EXPECT_THAT(sent_to(bundled), IsEmpty());
  arrive(audio, 8000, rtp(1, Ssrc{5}, opus_pt));
  EXPECT_EQ(sent_to(bundled).size(), 1U);
}

TEST_F(RelayBundle, TellsReportsToEveryLegBehindIt) {
  std::vector<std::byte> report(8);
  report[0] = std::byte{0x80};
  report[1] = std::byte{201};
  store_be16(report, 2, 1);
  store_be32(report, 4, 1);
  arrive(bundled, 7000, report);
  const auto to = [this](LegId leg) {
    return sent({Lane::Kind::leg_rtcp, static_cast<std::uint32_t>(leg)}).size();
  };
  EXPECT_EQ(to(audio), 1U);
  EXPECT_EQ(to(video), 1U);
}

TEST_F(RelayBundle, LosesWithALegWhatWentToItAndNothingElse) {
  relay.remove_leg(video);
  arrive(bundled, 7000, rtp(1, Ssrc{2}, video_pt));
  arrive(bundled, 7000, rtp(1, Ssrc{1}, opus_pt));
  EXPECT_EQ(sent_to(audio).size(), 1U);
  EXPECT_EQ(
      relay.leg(bundled).counters.unforwarded[static_cast<std::size_t>(DropReason::not_connected)],
      1U);
}

}  // namespace
}  // namespace assent::media

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/rtcp.hpp"
#include "tests/media/relay_fixture.hpp"

namespace assent::media {
namespace {

using namespace tests;

constexpr std::uint8_t vp8_pt = 96;
constexpr Ssrc camera{0x3333};

class RelayPictures : public RelayTest {
 protected:
  void SetUp() override {
    relay.set_sink(recorder, {});
    ann = join(1000);
    auto config = relay.leg(ann.client).config();
    config.payload_types[vp8_pt] = Codec::other_video;
    relay.reconfigure_leg(ann.client, config);
    relay.open_route(ann.source, recorder);
    arrive(ann.client, ann.client_port, rtp(1));
    arrive(ann.client, ann.client_port, rtp(1, camera, vp8_pt));
    outbox.clear();
  }
  // RTCP that goes to the participant.
  std::vector<std::vector<std::byte>> asked() {
    outbox.clear();
    if (const auto due = relay.next_timeout(); due && *due <= now)
      relay.handle_timeout(now, outbox);
    return sent({Lane::Kind::leg_rtcp, static_cast<std::uint32_t>(ann.client)});
  }

  Participant ann{};
};

// RFC 4585 §6.3.1
TEST_F(RelayPictures, AreAskedForOfEachVideoWhenAGrantBegins) {
  EXPECT_TRUE(asked().empty());
  relay.set_permit(now, ann.source, recorder, open_forever);
  const auto requests = asked();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_TRUE(parse_rtcp(requests[0]));
  EXPECT_EQ(load_be32(requests[0], 8), 0x81CE0002U);
  EXPECT_EQ(load_be32(requests[0], 16), static_cast<std::uint32_t>(camera));
  EXPECT_TRUE(asked().empty());
}

TEST_F(RelayPictures, AreNotAskedForWhenAGrantGoesOnOrEndsOrIsOfASinkWithoutVideo) {
  relay.set_permit(now, ann.source, recorder, open_forever);
  EXPECT_EQ(asked().size(), 1U);
  relay.set_permit(now, ann.source, recorder, Permit{TimePoint::max(), 8});
  relay.set_permit(now, ann.source, recorder, Permit::denied(9));
  EXPECT_TRUE(asked().empty());
  relay.set_sink(recorder, {codec_bit(Codec::opus), false, false});
  relay.set_permit(now, ann.source, recorder, open_forever);
  EXPECT_TRUE(asked().empty());
}

TEST_F(RelayPictures, AreNotAskedOfWhoHasLeft) {
  relay.set_permit(now, ann.source, recorder, open_forever);
  relay.remove_leg(ann.client);
  outbox.clear();
  relay.handle_timeout(now, outbox);
  EXPECT_TRUE(outbox.outgoing().empty());
}

}  // namespace
}  // namespace assent::media

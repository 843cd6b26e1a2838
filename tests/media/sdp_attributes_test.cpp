#include "media/sdp_attributes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/media/sdp_samples.hpp"

namespace assent::media {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Lines = std::vector<SdpLine>;

TEST(SdpAttributes, ANameIsNotMistakenForALongerOne) {
  EXPECT_EQ(attribute({'a', "rtcp:5005", 1}, "rtcp"), "5005");
  EXPECT_EQ(attribute({'a', "rtcp-mux", 1}, "rtcp"), std::nullopt);
  EXPECT_EQ(attribute({'a', "rtcp-mux", 1}, "rtcp-mux"), "");
  EXPECT_EQ(attribute({'i', "rtcp-mux", 1}, "rtcp-mux"), std::nullopt);
}

TEST(SdpAttributes, TheJanusDescriptionIsReadInTypes) {
  const auto sdp = parse_sdp(samples::janus);
  ASSERT_TRUE(sdp);
  const auto& lines = sdp->media.at(0).lines;
  EXPECT_EQ(attribute_value(lines, "mid"), "audio");
  EXPECT_EQ(read_direction(lines), Direction::sendrecv);

  const auto maps = read_rtpmaps(lines);
  ASSERT_TRUE(maps);
  ASSERT_EQ(maps->size(), 2u);
  EXPECT_EQ(maps->at(0).payload_type, 111);
  EXPECT_EQ(maps->at(0).encoding, "opus");
  EXPECT_EQ(maps->at(0).clock_hz, 48'000u);
  EXPECT_EQ(maps->at(0).channels, 2);
  EXPECT_EQ(maps->at(1).channels, 1);

  const auto fmtps = read_fmtps(lines);
  ASSERT_EQ(fmtps.size(), 1u);
  EXPECT_EQ(fmtps[0].format, "111");
  EXPECT_THAT(fmtps[0].parameters, HasSubstr("useinbandfec=0"));

  const auto extmaps = read_extmaps(lines);
  ASSERT_TRUE(extmaps);
  EXPECT_EQ(extmaps->at(0).id, 1);
  EXPECT_EQ(extmaps->at(0).uri, "urn:ietf:params:rtp-hdrext:ssrc-audio-level");

  const auto sources = read_sources(lines);
  ASSERT_TRUE(sources);
  ASSERT_EQ(sources->size(), 1u);
  EXPECT_EQ(sources->at(0).ssrc, Ssrc{287454020});
  EXPECT_EQ(sources->at(0).cname, "janus");
  EXPECT_THAT(sources->at(0).attributes, ElementsAre("cname:janus", "msid:janus janusa0"));
}

TEST(SdpAttributes, GroupsRecordingAndExtmapDirectionsAreReadable) {
  const Lines lines{{'a', "group:LS 0 1", 1},
                    {'a', "record:on", 2},
                    {'a', "recordpref:off", 3},
                    {'a', "extmap:4/sendonly urn:x-test extra words", 4}};
  const auto groups = read_groups(lines);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].semantics, "LS");
  EXPECT_THAT(groups[0].mids, ElementsAre("0", "1"));
  EXPECT_EQ(attribute_value(lines, "record"), "on");
  EXPECT_EQ(attribute_value(lines, "recordpref"), "off");
  const auto extmaps = read_extmaps(lines);
  ASSERT_TRUE(extmaps);
  EXPECT_EQ(extmaps->at(0).direction, "sendonly");
  EXPECT_EQ(extmaps->at(0).parameters, "extra words");
}

TEST(SdpAttributes, MalformedOnesSayTheirLine) {
  for (const auto* const value : {"rtpmap:96", "rtpmap:128 opus/48000", "rtpmap:96 opus",
                                  "rtpmap:96 opus/0", "rtpmap:96 opus/48000/0", "rtpmap:x a/1"}) {
    const auto maps = read_rtpmaps(Lines{{'a', value, 7}});
    ASSERT_FALSE(maps) << value;
    EXPECT_EQ(maps.error().line, 7u);
  }
  EXPECT_FALSE(read_extmaps(Lines{{'a', "extmap:x urn:y", 1}}));
  EXPECT_FALSE(read_extmaps(Lines{{'a', "extmap:1", 1}}));
  EXPECT_FALSE(read_sources(Lines{{'a', "ssrc:4294967296 cname:x", 1}}));
  EXPECT_FALSE(read_rtcp(Lines{{'a', "rtcp:65536", 1}}));
  EXPECT_FALSE(read_rtcp(Lines{{'a', "rtcp:5005 IN IP4 example.org", 1}}));
}

TEST(SdpAttributes, OnlyNumericUnicastAddressesAreTaken) {
  for (const auto* const good : {"IN IP4 192.0.2.1", "IN IP6 2001:db8::1", "IN IP4 0.0.0.0"}) {
    EXPECT_TRUE(read_connection(Lines{{'c', good, 1}})) << good;
  }
  for (const auto* const bad :
       {"IN IP4 gateway.example", "IN IP4 2001:db8::1", "IN IP6 192.0.2.1",
        "IN IP4 233.252.0.1/127", "IN IP4 233.252.0.1", "IN IP6 ff0e::1", "IN IP4 255.255.255.255",
        "IN IP4", "IP4 192.0.2.1", "ATM NSAP 47", "IN IP4 192.0.2.1 ", "IN IP4 192.0.2.1/8", ""}) {
    const auto connection = read_connection(Lines{{'c', bad, 9}});
    ASSERT_FALSE(connection) << bad;
    EXPECT_EQ(connection.error().line, 9u);
  }
  EXPECT_FALSE(read_connection(Lines{{'c', "IN IP4 192.0.2.1", 1}, {'c', "IN IP4 192.0.2.2", 2}}));
}

TEST(SdpAttributes, NowhereIsRecognisedInBothFamilies) {
  EXPECT_TRUE(is_nowhere(*parse_endpoint("0.0.0.0", 9)));
  EXPECT_TRUE(is_nowhere(*parse_endpoint("::", 9)));
  EXPECT_FALSE(is_nowhere(*parse_endpoint("::1", 9)));
  EXPECT_FALSE(is_nowhere(*parse_endpoint("127.0.0.1", 9)));
}

TEST(SdpAttributes, EncodingNamesAreComparedWithoutCase) {
  EXPECT_EQ(codec_of("audio", "OPUS"), Codec::opus);
  EXPECT_EQ(codec_of("audio", "pcmu"), Codec::pcmu);
  EXPECT_EQ(codec_of("video", "RTX"), Codec::rtx);
  EXPECT_EQ(codec_of("video", "ulpfec"), Codec::fec);
  EXPECT_EQ(codec_of("audio", "cn"), Codec::comfort_noise);
  EXPECT_EQ(codec_of("audio", "speex"), Codec::other_audio);
  EXPECT_EQ(codec_of("video", "VP8"), Codec::other_video);
}

TEST(SdpAttributes, DirectionsCombine) {
  for (const auto direction :
       {Direction::inactive, Direction::sendonly, Direction::recvonly, Direction::sendrecv}) {
    EXPECT_EQ(direction_of(sends(direction), receives(direction)), direction);
  }
}

}  // namespace
}  // namespace assent::media

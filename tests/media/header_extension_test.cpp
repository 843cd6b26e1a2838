// What of a packet's header reaches a sink: the fixed part, and the extensions that it names.
#include "media/header_extension.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include "media/sdp_description.hpp"
#include "tests/media/conversation.hpp"
#include "tests/media/packets.hpp"
#include "tests/media/relay_fixture.hpp"
#include "tests/seed.hpp"

namespace assent::media {
namespace {

using namespace tests;
using testing::IsEmpty;

// RFC 3550 and RFC 8285 by hand: whatever may stand in a header.
Bytes with_header(const Bytes& fixed, std::size_t csrcs, std::uint16_t profile, Bytes body,
                  const Bytes& payload, std::size_t padding) {
  body.resize((body.size() + 3) / 4 * 4);
  Bytes bytes = fixed;
  bytes[0] = static_cast<std::byte>(0x90 | (padding > 0 ? 0x20 : 0) | csrcs);
  bytes.resize(12 + csrcs * 4 + 4, std::byte{0xc5});
  store_be16(bytes, 12 + csrcs * 4, profile);
  store_be16(bytes, 14 + csrcs * 4, static_cast<std::uint16_t>(body.size() / 4));
  append(bytes, body);
  append(bytes, payload);
  bytes.resize(bytes.size() + padding);
  if (padding > 0) bytes.back() = static_cast<std::byte>(padding);
  return bytes;
}

class AnyPacket {
 public:
  explicit AnyPacket(std::uint64_t seed) : random_{seed} {}

  std::size_t below(std::size_t limit) { return random_() % limit; }
  Bytes bytes(std::size_t size) {
    Bytes out(size);
    for (auto& b : out)
      b = static_cast<std::byte>(random_() & 0xff);
    return out;
  }
  Bytes build() {
    Bytes fixed = bytes(12);
    const bool one_byte = below(2) == 0;
    const auto profile = static_cast<std::uint16_t>(one_byte ? 0xbede : 0x1000 | below(16));
    // Well-formed elements, and now and then what is none.
    Bytes body = below(8) == 0 ? bytes(below(40)) : Bytes{};
    for (std::size_t count = below(8); count > 0; --count)
      append(body, one_byte ? one_byte_element() : two_byte_element());
    return with_header(fixed, below(16), profile, body, bytes(below(60)), below(9));
  }
  ExtensionIds ids() {
    ExtensionIds out{};
    for (auto& id : out)
      id = static_cast<std::uint8_t>(below(3) == 0 ? 0 : below(18));
    return out;
  }

 private:
  Bytes one_byte_element() {
    const auto size = 1 + below(16);
    Bytes element{static_cast<std::byte>((1 + below(14)) << 4 | (size - 1))};
    append(element, bytes(size));
    element.resize(element.size() + below(3));
    return element;
  }
  Bytes two_byte_element() {
    const auto size = below(24);
    Bytes element{static_cast<std::byte>(1 + below(20)), static_cast<std::byte>(size)};
    append(element, bytes(size));
    return element;
  }

  std::mt19937_64 random_;
};

using Elements = std::vector<std::pair<unsigned, Bytes>>;

Elements elements_of(const RtpView& packet) {
  Elements found;
  for (const auto& element : packet.extension_elements())
    found.emplace_back(element.id, Bytes(element.data.begin(), element.data.end()));
  return found;
}

Elements expected_of(const RtpView& packet, const ExtensionIds& kept) {
  Elements found;
  for (auto& [id, data] : elements_of(packet)) {
    const auto* const named = std::ranges::find(kept, id);
    if (named != kept.end()) found.emplace_back(named - kept.begin() + 1, data);
  }
  return found;
}

void expect_same_but_for_extensions(const RtpView& packet, const RtpView& copy) {
  EXPECT_EQ(copy.sequence().wire(), packet.sequence().wire());
  EXPECT_EQ(copy.timestamp(), packet.timestamp());
  EXPECT_EQ(copy.ssrc(), packet.ssrc());
  EXPECT_EQ(copy.marker(), packet.marker());
  EXPECT_EQ(copy.payload_type(), packet.payload_type());
  EXPECT_TRUE(std::ranges::equal(copy.payload(), packet.payload()));
  EXPECT_EQ(copy.csrc_count(), 0U);
  EXPECT_EQ(copy.padding_bytes(), 0U);
}

TEST(Copy, OfAnyPacketHasItsPayloadAndNoExtensionThatIsNotNamed) {
  const auto seed = assent::tests::Seed::from_environment_or(8285);
  SCOPED_TRACE(seed.text());
  AnyPacket any{seed.value()};
  std::size_t kept_some = 0;
  for (int run = 0; run < 50'000; ++run) {
    const Bytes bytes = any.build();
    const auto packet = parse_rtp(bytes);
    ASSERT_TRUE(packet);
    const auto kept = run % 4 == 0 ? ExtensionIds{} : any.ids();
    Bytes out(bytes.size());  // a copy is never longer
    const auto size = write_bare_rtp(*packet, kept, out);
    ASSERT_GE(size, rtp_header_bytes_min);
    out.resize(size);
    out.shrink_to_fit();
    const auto copy = parse_rtp(out);
    ASSERT_TRUE(copy);
    expect_same_but_for_extensions(*packet, *copy);
    const auto expected = expected_of(*packet, kept);
    ASSERT_EQ(elements_of(*copy), expected);
    ASSERT_EQ(copy->has_extension(), !expected.empty()) << "not even an empty one";
    kept_some += expected.empty() ? 0 : 1;

    Bytes tight(size);
    EXPECT_EQ(write_bare_rtp(*packet, kept, tight), size);
    EXPECT_EQ(tight, out);
    Bytes untouched(size - 1, std::byte{0xaa});
    EXPECT_EQ(write_bare_rtp(*packet, kept, untouched), 0U);
    EXPECT_EQ(untouched, Bytes(size - 1, std::byte{0xaa}));
  }
  EXPECT_GT(kept_some, 10'000U);
}

TEST(HeaderExtension, HasOneUriAndOneIdInCopies) {
  std::set<std::string_view> uris;
  for (std::size_t i = 0; i < header_extensions; ++i) {
    const auto extension = static_cast<HeaderExtension>(i);
    EXPECT_TRUE(uris.insert(uri_of(extension)).second);
    EXPECT_EQ(header_extension_of(uri_of(extension)), extension);
    EXPECT_EQ(id_in_copies(extension), i + 1);
  }
  EXPECT_EQ(uri_of(HeaderExtension::dependency_descriptor).substr(0, 24),
            "https://aomediacodec.git");
  // RFC 6465: it speaks of others.
  EXPECT_EQ(header_extension_of("urn:ietf:params:rtp-hdrext:csrc-audio-level"), std::nullopt);
}

constexpr SinkId curious{1};  // names an extension
constexpr std::uint8_t level_id = 5;
constexpr std::uint8_t clock_id = 7;

class CopiesToSinks : public RelayTest {
 protected:
  void SetUp() override {
    relay.set_sink(recorder, {codecs_forkable, true, false});
    relay.set_sink(curious, {codecs_forkable, true, false, true,
                             extension_bit(HeaderExtension::audio_level) |
                                 extension_bit(HeaderExtension::video_orientation)});
    who = join(1000);
    auto config = relay.leg(who.client).config();
    config.extension_ids[index(HeaderExtension::audio_level)] = level_id;
    config.extension_ids[index(HeaderExtension::capture_time)] = clock_id;
    relay.reconfigure_leg(who.client, config);
    for (const auto sink : {recorder, curious}) {
      relay.open_route(who.source, sink);
      relay.set_permit(now, who.source, sink, open_forever);
    }
  }
  // Audio level, capture time and something unknown; from a mixer with two contributors.
  static std::vector<std::byte> spoken(std::uint16_t sequence) {
    const auto plain = rtp(sequence);
    return with_header({plain.begin(), plain.begin() + 12}, 2, 0xbede,
                       hex("50 9f 77 0102030405060708 93 aabbccdd"),
                       {plain.begin() + 12, plain.end()}, 4);
  }

  Participant who{};
};

TEST_F(CopiesToSinks, Failure22CarryNoHeaderExtensionAndNoContributorByDefault) {
  arrive(who.client, who.client_port, spoken(1));
  ASSERT_EQ(sent_to(recorder).size(), 1U);
  EXPECT_EQ(sent_to(recorder)[0], rtp(1));
  EXPECT_EQ(sent_to(who.server).at(0), spoken(1)) << "the call has all of it";
}

TEST_F(CopiesToSinks, KeepWhatTheSinkNamesUnderTheIdThatIsAlwaysIts) {
  arrive(who.client, who.client_port, spoken(1));
  const auto copies = sent_to(curious);
  ASSERT_EQ(copies.size(), 1U);
  const auto copy = parse_rtp(copies[0]);
  ASSERT_TRUE(copy);
  EXPECT_EQ(elements_of(*copy), (Elements{{1, hex("9f")}}));
  EXPECT_EQ(copy->csrc_count(), 0U);
}

TEST_F(CopiesToSinks, AreCountedWithTheBytesThatAreSentAndTakenBackWithThem) {
  arrive(who.client, who.client_port, spoken(1));
  arrive(who.client, who.client_port, spoken(2));
  const auto& lost = outbox.outgoing().back();
  ASSERT_EQ(lost.lane, (Lane{Lane::Kind::sink_rtp, 1}));
  relay.give_back(lost, outbox.bytes(lost));
  const auto delivered = relay.settle(who.source).at(0).delivered;
  ASSERT_EQ(delivered.size(), 2U);
  EXPECT_EQ(delivered[0].bytes, 2 * rtp(1).size());
  EXPECT_EQ(delivered[1].packets, 1U);
  EXPECT_EQ(delivered[1].bytes, sent_to(curious).at(0).size());
}

const std::string with_maps =
    "m=audio 7000 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n"
    "a=extmap:3 urn:ietf:params:rtp-hdrext:ssrc-audio-level vad=on\r\n"
    "a=extmap:4/sendonly http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time\r\n"
    "a=extmap:4352 urn:3gpp:video-orientation\r\n"
    "a=extmap:6 urn:example:unknown\r\n";

TEST(ExtensionIds, AreThoseOfTheDescriptionAndOnlyOfWhatSinksMayKeep) {
  const auto sdp = parse_sdp(description(server_address, with_maps));
  ASSERT_TRUE(sdp);
  const auto sections = read_description(*sdp);
  ASSERT_TRUE(sections);
  ExtensionIds expected{};
  expected[index(HeaderExtension::audio_level)] = 3;
  expected[index(HeaderExtension::capture_time)] = 4;
  EXPECT_EQ(sections->at(0).extension_ids, expected) << "4352 is a placeholder (RFC 8285 §7)";
}

TEST(ExtensionIds, ThatCannotBeReadRefuseNoPlainCall) {
  const auto sdp = parse_sdp(description(
      server_address, "m=audio 7000 RTP/AVP 0\r\na=extmap:x urn:3gpp:video-orientation\r\n"));
  ASSERT_TRUE(sdp);
  const auto sections = read_description(*sdp);
  ASSERT_TRUE(sections);
  EXPECT_EQ(sections->at(0).extension_ids, ExtensionIds{});
}

}  // namespace
}  // namespace assent::media

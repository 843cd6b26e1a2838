#include "media/rtp.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/media/packets.hpp"
#include "tests/seed.hpp"

namespace assent::media {
namespace {

using tests::Bytes;
using tests::hex;
using tests::RtpParts;

DropReason error_of(const Bytes& bytes) {
  return parse_rtp(bytes).error();
}

// Reads all that a view offers; AddressSanitizer watches.
std::size_t walk(const RtpView& view) {
  std::size_t seen = view.payload().size() + view.padding_bytes() + view.extension_body().size();
  for (std::size_t i = 0; i < view.csrc_count(); ++i) {
    seen += static_cast<std::uint32_t>(view.csrc(i)) & 1;
  }
  for (const auto& element : view.extension_elements()) {
    for (const std::byte b : element.data)
      seen += std::to_integer<std::size_t>(b) & 1;
  }
  for (const std::byte b : view.payload())
    seen += std::to_integer<std::size_t>(b) & 1;
  return seen;
}

void expect_parts(const RtpParts& parts, const Bytes& bytes) {
  const auto view = parse_rtp(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->sequence().wire(), parts.sequence);
  EXPECT_EQ(view->timestamp(), parts.timestamp);
  EXPECT_EQ(view->ssrc(), Ssrc{parts.ssrc});
  EXPECT_EQ(view->payload_type(), parts.payload_type);
  EXPECT_EQ(view->marker(), parts.marker);
  ASSERT_EQ(view->csrc_count(), parts.csrcs);
  for (std::size_t i = 0; i < parts.csrcs; ++i) {
    EXPECT_EQ(view->csrc(i), Ssrc{static_cast<std::uint32_t>(100 + i)});
  }
  EXPECT_EQ(view->has_extension(), parts.extension);
  EXPECT_EQ(view->extension_body().size(), parts.extension ? parts.extension_words * 4 : 0);
  EXPECT_EQ(view->extension_profile(), parts.extension ? parts.profile : 0);
  EXPECT_EQ(view->padding_bytes(), parts.padding_bytes);
  EXPECT_TRUE(std::ranges::equal(
      view->payload(), std::span{bytes}.subspan(parts.header_bytes(), parts.payload_bytes)));
  walk(*view);
}

// Cut anywhere, a packet is refused or still whole, and nothing behind the cut is read.
void expect_safe_when_cut(const RtpParts& parts, const Bytes& bytes) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const auto view = parse_rtp(cut);
    if (size < 12) {
      EXPECT_EQ(view.error(), DropReason::too_short);
    } else if (size < parts.header_bytes()) {
      EXPECT_EQ(view.error(), DropReason::malformed);
    } else if (view) {
      walk(*view);
    }
  }
}

TEST(RtpView, ReadsEveryCombinationOfCsrcsExtensionAndPadding) {
  for (std::size_t csrcs = 0; csrcs <= 15; ++csrcs) {
    for (const bool extension : {false, true}) {
      for (std::size_t words = 0; words <= (extension ? 6u : 0u); ++words) {
        for (const std::size_t padding : {0u, 1u, 2u, 3u, 4u, 7u, 255u}) {
          for (const std::size_t payload : {0u, 1u, 20u}) {
            RtpParts parts{.csrcs = csrcs, .extension = extension, .extension_words = words};
            parts.marker = padding % 2 == 1;
            parts.payload_bytes = payload;
            parts.padding_bytes = padding;
            const Bytes bytes = parts.build();
            expect_parts(parts, bytes);
            if (padding < 255) expect_safe_when_cut(parts, bytes);
          }
        }
      }
    }
  }
}

TEST(RtpView, OfTheLongestExtensionReachesItsEnd) {
  const RtpParts parts{.extension = true, .extension_words = 16'000, .payload_bytes = 1};
  expect_parts(parts, parts.build());
}

TEST(RtpView, RefusesAnExtensionThatClaimsMoreThanThereIs) {
  RtpParts parts{.extension = true, .extension_words = 2, .payload_bytes = 0};
  Bytes bytes = parts.build();
  for (const unsigned claimed : {3u, 100u, 65535u}) {
    store_be16(bytes, 14, static_cast<std::uint16_t>(claimed));
    EXPECT_EQ(error_of(bytes), DropReason::malformed);
  }
}

TEST(RtpView, RefusesPaddingOfZeroOrOfMoreThanThePayload) {
  const RtpParts parts{.payload_bytes = 10, .padding_bytes = 4};
  Bytes bytes = parts.build();
  for (const unsigned claimed : {0u, 15u, 255u}) {
    bytes.back() = static_cast<std::byte>(claimed);
    EXPECT_EQ(error_of(bytes), DropReason::malformed) << claimed;
  }
  bytes.back() = std::byte{14};  // all of it padding
  EXPECT_TRUE(parse_rtp(bytes)->payload().empty());
}

TEST(RtpView, RefusesEveryVersionButTwo) {
  Bytes bytes = RtpParts{}.build();
  for (const unsigned version : {0u, 1u, 3u}) {
    bytes[0] = static_cast<std::byte>(version << 6);
    EXPECT_EQ(error_of(bytes), DropReason::bad_version);
  }
}

TEST(RtpView, OfRandomBytesNeverReadsPastThem) {
  const auto seed = assent::tests::Seed::from_environment_or(3711);
  SCOPED_TRACE(seed.text());
  std::mt19937_64 random{seed.value()};
  std::size_t parsed = 0;
  for (int run = 0; run < 200'000; ++run) {
    Bytes bytes(random() % 80);
    for (auto& b : bytes)
      b = static_cast<std::byte>(random() & 0xff);
    if (!bytes.empty()) bytes[0] = (bytes[0] & std::byte{0x3f}) | std::byte{0x80};
    if (const auto view = parse_rtp(bytes)) {
      walk(*view);
      ++parsed;
    }
  }
  EXPECT_GT(parsed, 10'000u);
}

TEST(RtpSsrc, IsPeekedOnlyWhereAHeaderIs) {
  const Bytes bytes = RtpParts{.ssrc = 42, .payload_bytes = 0}.build();
  EXPECT_EQ(peek_rtp_ssrc(bytes), Ssrc{42});
  EXPECT_EQ(peek_rtp_ssrc(std::span{bytes}.first(11)), std::nullopt);
}

TEST(BareRtp, KeepsWhatASinkNeedsAndNothingElse) {
  const RtpParts full{.sequence = 7,
                      .marker = true,
                      .csrcs = 3,
                      .extension = true,
                      .extension_words = 2,
                      .payload_bytes = 30,
                      .padding_bytes = 6};
  RtpParts expected = full;
  expected.csrcs = 0;
  expected.extension = false;
  expected.padding_bytes = 0;
  const Bytes bytes = full.build();
  Bytes out(42);
  EXPECT_EQ(write_bare_rtp(*parse_rtp(bytes), out), 42u);
  EXPECT_EQ(out, expected.build());
}

TEST(BareRtp, IsNotWrittenWhereItDoesNotFit) {
  const Bytes bytes = RtpParts{.payload_bytes = 30}.build();
  const Bytes untouched(41, std::byte{0xaa});
  Bytes out = untouched;
  EXPECT_EQ(write_bare_rtp(*parse_rtp(bytes), out), 0u);
  EXPECT_EQ(out, untouched);
}

struct Element {
  unsigned id;
  Bytes data;
  bool operator==(const Element&) const = default;
};

std::vector<Element> elements_of(std::uint16_t profile, const Bytes& body) {
  std::vector<Element> elements;
  for (const auto& element : ExtensionElements{profile, body}) {
    elements.push_back({element.id, Bytes(element.data.begin(), element.data.end())});
  }
  return elements;
}

TEST(ExtensionElements, OfTheOneByteFormAreReadWithPaddingBetween) {
  const std::vector<Element> expected{{1, hex("aa")}, {2, hex("0102")}, {14, Bytes(16)}};
  EXPECT_EQ(elements_of(0xbede, hex("10aa 0000 210102 ef00000000000000000000000000000000 00")),
            expected);
}

TEST(ExtensionElements, OfTheTwoByteFormMayBeEmptyAndLong) {
  Bytes body = hex("0100 00 02 02 0102 ff ff");
  body.resize(body.size() + 255);
  const std::vector<Element> expected{{1, {}}, {2, hex("0102")}, {255, Bytes(255)}};
  EXPECT_EQ(elements_of(0x1000, body), expected);
  EXPECT_EQ(elements_of(0x100f, body), expected);  // the application's bits
}

TEST(ExtensionElements, EndAtIdentifier15AndAtAZeroWithALength) {
  const std::vector<Element> expected{{1, hex("aa")}};
  EXPECT_EQ(elements_of(0xbede, hex("10aa f0bb 20cc")), expected);  // RFC 8285 §4.2
  EXPECT_EQ(elements_of(0xbede, hex("10aa 01bbbb 20cc")), expected);
}

TEST(ExtensionElements, EndWhereOneDoesNotFit) {
  const std::vector<Element> expected{{1, hex("aa")}};
  EXPECT_EQ(elements_of(0xbede, hex("10aa 23bbbbbb")), expected);
  EXPECT_EQ(elements_of(0x1000, hex("0101aa 0203bbbb")), expected);
  EXPECT_EQ(elements_of(0x1000, hex("0101aa 02")), expected);
  EXPECT_TRUE(elements_of(0xbede, {}).empty());
}

TEST(ExtensionElements, OfAnotherProfileAreNone) {
  EXPECT_TRUE(elements_of(0xc0de, hex("10aa20bb")).empty());
  EXPECT_TRUE(elements_of(0, hex("10aa20bb")).empty());
}

}  // namespace
}  // namespace assent::media

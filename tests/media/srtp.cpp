#include "media/srtp.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/media/srtp_reference.hpp"
#include "tests/seed.hpp"

namespace assent::media {
namespace {

using tests::Bytes;
using tests::hex;
using tests::RtpParts;

SrtpKey key_of(SrtpSuite suite, unsigned fill = 0x5a) {
  const auto sizes = sizes_of(suite);
  const Bytes bytes(sizes.key_bytes + sizes.salt_bytes, static_cast<std::byte>(fill));
  return *SrtpKey::from_bytes(suite, bytes);
}

Bytes rtp(std::uint64_t index, std::uint32_t ssrc = 42) {
  return RtpParts{.sequence = static_cast<std::uint16_t>(index & 0xffff), .ssrc = ssrc}.build();
}

Bytes rtcp(std::uint32_t ssrc = 42) {
  Bytes bytes = hex("80c90001 00000000");
  store_be32(bytes, 4, ssrc);
  return bytes;
}

// How one packet fared; `accepted` is no DropReason.
enum class Fate { accepted, replayed, auth_failed, malformed, something_else };

template <class T>
Fate fate_of(const Parsed<T>& result) {
  if (result) return Fate::accepted;
  if (result.error() == DropReason::replayed) return Fate::replayed;
  if (result.error() == DropReason::auth_failed) return Fate::auth_failed;
  if (result.error() == DropReason::malformed) return Fate::malformed;
  return Fate::something_else;
}

class Srtp : public testing::TestWithParam<SrtpSuite> {
 protected:
  [[nodiscard]] Bytes seal(SrtpOutbound& outbound, const Bytes& plain) const {
    Bytes buffer = plain;
    buffer.resize(plain.size() + sizes_of(GetParam()).rtp_trailer_bytes);
    const auto size = outbound.protect_rtp(buffer, plain.size());
    EXPECT_TRUE(size);
    buffer.resize(size ? *size : 0);
    return buffer;
  }
  [[nodiscard]] Bytes seal(const Bytes& plain) { return seal(outbound_, plain); }
  [[nodiscard]] Bytes seal_rtcp(const Bytes& plain) {
    Bytes buffer = plain;
    buffer.resize(plain.size() + sizes_of(GetParam()).rtcp_trailer_bytes);
    buffer.resize(*outbound_.protect_rtcp(buffer, plain.size()));
    return buffer;
  }
  // A packet with its true roll-over counter, from a sender that is not under test.
  [[nodiscard]] Bytes sent(std::uint64_t index, std::uint32_t ssrc = 42) const {
    return tests::reference_rtp(GetParam(), keys_, rtp(index, ssrc), 12,
                                static_cast<std::uint32_t>(index >> 16));
  }
  // Each takes a copy: what failed to open may be overwritten.
  Fate open(Bytes bytes) { return fate_of(inbound_.unprotect_rtp(bytes)); }
  Fate open_rtcp(Bytes bytes) { return fate_of(inbound_.unprotect_rtcp(bytes)); }

  const SrtpKey key_ = key_of(GetParam());
  const tests::SessionKeys keys_ = tests::derive_session(key_, tests::KeyLabel::rtp);
  SrtpOutbound outbound_{key_};
  SrtpInbound inbound_{key_};
};

TEST_P(Srtp, GivesBackWhatWasProtectedAndGrowsItByTheTrailerExactly) {
  for (std::size_t payload = 0; payload < 300; ++payload) {
    RtpParts parts{.sequence = static_cast<std::uint16_t>(payload), .payload_bytes = payload};
    const Bytes plain = parts.build();
    Bytes sealed = seal(plain);
    ASSERT_EQ(sealed.size(), plain.size() + sizes_of(GetParam()).rtp_trailer_bytes);
    const auto opened = inbound_.unprotect_rtp(sealed);
    ASSERT_TRUE(opened);
    ASSERT_EQ(Bytes(opened->begin(), opened->end()), plain);
  }
}

TEST_P(Srtp, WritesNothingBehindTheTrailer) {
  const Bytes plain = rtp(1);
  const std::size_t sealed_bytes = plain.size() + sizes_of(GetParam()).rtp_trailer_bytes;
  Bytes buffer = plain;
  buffer.resize(sealed_bytes + 64, std::byte{0xaa});
  ASSERT_TRUE(outbound_.protect_rtp(buffer, plain.size()));
  EXPECT_EQ(Bytes(buffer.begin() + static_cast<std::ptrdiff_t>(sealed_bytes), buffer.end()),
            Bytes(64, std::byte{0xaa}));
}

TEST_P(Srtp, RefusesToProtectWithoutRoomForTheTrailer) {
  const Bytes plain = rtp(1);
  Bytes buffer = plain;
  buffer.resize(plain.size() + sizes_of(GetParam()).rtp_trailer_bytes - 1);
  EXPECT_EQ(fate_of(outbound_.protect_rtp(buffer, plain.size())), Fate::malformed);
  EXPECT_EQ(fate_of(outbound_.protect_rtp(buffer, buffer.size() + 1)), Fate::malformed);
  Bytes control = rtcp();
  control.resize(control.size() + sizes_of(GetParam()).rtcp_trailer_bytes - 1);
  EXPECT_EQ(fate_of(outbound_.protect_rtcp(control, 8)), Fate::malformed);
}

TEST_P(Srtp, RefusesToProtectWhatIsNoPacket) {
  for (std::size_t size = 0; size < 12; ++size) {
    Bytes buffer(64, std::byte{0x80});
    EXPECT_EQ(fate_of(outbound_.protect_rtp(buffer, size)), Fate::malformed) << size;
  }
  Bytes extension = RtpParts{.extension = true, .payload_bytes = 0}.build();
  store_be16(extension, 14, 999);
  extension.resize(64);
  EXPECT_EQ(fate_of(outbound_.protect_rtp(extension, 16)), Fate::malformed);
  for (std::size_t size = 0; size < 8; ++size) {
    Bytes buffer(64, std::byte{0x80});
    EXPECT_EQ(fate_of(outbound_.protect_rtcp(buffer, size)), Fate::malformed) << size;
  }
}

TEST_P(Srtp, RefusesAPacketWithAnyOneByteForgedAndTakesTheTrueOneAfterwards) {
  const Bytes sealed = seal(rtp(7));
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    Bytes forged = sealed;
    forged[at] ^= std::byte{0x01};
    EXPECT_NE(open(forged), Fate::accepted) << at;
    EXPECT_FALSE(inbound_.knows(Ssrc{42}));
  }
  EXPECT_EQ(open(sealed), Fate::accepted);
}

TEST_P(Srtp, RefusesAPacketWithItsTagStrippedCutOrZeroed) {
  const Bytes sealed = seal(rtp(7));
  const std::size_t tag = sizes_of(GetParam()).rtp_trailer_bytes;
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    const Bytes cut(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_NE(open(cut), Fate::accepted) << size;
  }
  Bytes zeroed = sealed;
  std::fill(zeroed.end() - static_cast<std::ptrdiff_t>(tag), zeroed.end(), std::byte{0});
  EXPECT_EQ(open(zeroed), Fate::auth_failed);
  EXPECT_EQ(open(rtp(7)), Fate::auth_failed);  // never protected at all
  EXPECT_FALSE(inbound_.knows(Ssrc{42}));
  EXPECT_EQ(open(sealed), Fate::accepted);
}

TEST_P(Srtp, RefusesControlWithAnyOneByteForgedOrCut) {
  const Bytes sealed = seal_rtcp(rtcp());
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    Bytes forged = sealed;
    forged[at] ^= std::byte{0x01};
    EXPECT_NE(open_rtcp(forged), Fate::accepted) << at;
    const Bytes cut(sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(at));
    EXPECT_NE(open_rtcp(cut), Fate::accepted) << at;
  }
  EXPECT_FALSE(inbound_.knows(Ssrc{42}));
  EXPECT_EQ(open_rtcp(sealed), Fate::accepted);
}

TEST_P(Srtp, RefusesWhatIsUnderAnotherKey) {
  SrtpOutbound stranger{key_of(GetParam(), 0x77)};
  EXPECT_EQ(open(seal(stranger, rtp(1))), Fate::auth_failed);
}

TEST_P(Srtp, BringsAStreamIntoBeingOnlyByAPacketThatAuthenticates) {
  SrtpOutbound stranger{key_of(GetParam(), 0x77)};
  for (std::uint32_t ssrc = 1000; ssrc < 2000; ++ssrc) {
    ASSERT_EQ(open(seal(stranger, rtp(1, ssrc))), Fate::auth_failed);
    ASSERT_FALSE(inbound_.knows(Ssrc{ssrc}));
  }
  EXPECT_EQ(open(seal(rtp(1, 1000))), Fate::accepted);
  EXPECT_TRUE(inbound_.knows(Ssrc{1000}));
  EXPECT_FALSE(inbound_.knows(Ssrc{1001}));
}

TEST_P(Srtp, KeepsSeveralSourcesApart) {
  for (std::uint64_t index = 0; index < 50; ++index) {
    for (std::uint32_t ssrc = 1; ssrc <= 8; ++ssrc) {
      const Bytes sealed = seal(rtp(index + ssrc * 9000, ssrc));
      EXPECT_EQ(open(sealed), Fate::accepted);
      EXPECT_EQ(open(sealed), Fate::replayed);
      EXPECT_EQ(open_rtcp(seal_rtcp(rtcp(ssrc))), Fate::accepted);
    }
  }
}

TEST_P(Srtp, ForgetsOnlyTheStreamThatIsRemoved) {
  const Bytes one = seal(rtp(1, 1));
  const Bytes two = seal(rtp(1, 2));
  EXPECT_EQ(open(one), Fate::accepted);
  EXPECT_EQ(open(two), Fate::accepted);
  inbound_.remove_stream(Ssrc{1});
  inbound_.remove_stream(Ssrc{99});  // never heard
  EXPECT_FALSE(inbound_.knows(Ssrc{1}));
  EXPECT_TRUE(inbound_.knows(Ssrc{2}));
  EXPECT_EQ(open(two), Fate::replayed);
}

TEST_P(Srtp, TakesALatePacketOnceWithin1024AndNoneBeyond) {
  std::vector<Bytes> packets;
  for (std::uint64_t index = 100; index <= 2000; ++index)
    packets.push_back(sent(index));
  const auto at = [&](std::uint64_t index) { return packets[index - 100]; };
  EXPECT_EQ(open(at(100)), Fate::accepted);
  EXPECT_EQ(open(at(2000)), Fate::accepted);
  EXPECT_EQ(open(at(2000)), Fate::replayed);
  for (std::uint64_t index = 2000 - 1023; index < 2000; ++index) {
    ASSERT_EQ(open(at(index)), Fate::accepted) << index;
    ASSERT_EQ(open(at(index)), Fate::replayed) << index;
  }
  for (std::uint64_t index = 101; index <= 2000 - 1024; ++index) {
    ASSERT_EQ(open(at(index)), Fate::replayed) << index;
  }
}

TEST_P(Srtp, RefusesControlThatIsReplayed) {
  const Bytes first = seal_rtcp(rtcp());
  EXPECT_EQ(open_rtcp(first), Fate::accepted);
  EXPECT_EQ(open_rtcp(first), Fate::replayed);
  EXPECT_EQ(open_rtcp(seal_rtcp(rtcp())), Fate::accepted);
  EXPECT_EQ(open_rtcp(first), Fate::replayed);
}

TEST_P(Srtp, NeverProtectsTwoPacketsWithOneSequenceNumber) {  // RFC 3711 §9.1
  Bytes buffer = rtp(5);
  buffer.resize(buffer.size() + srtp_trailer_bytes_max);
  EXPECT_EQ(fate_of(outbound_.protect_rtp(buffer, rtp(5).size())), Fate::accepted);
  buffer = rtp(5);
  buffer.resize(buffer.size() + srtp_trailer_bytes_max);
  EXPECT_EQ(fate_of(outbound_.protect_rtp(buffer, rtp(5).size())), Fate::replayed);
}

TEST_P(Srtp, FollowsAStreamThatBeginsAt65530WithLossAroundTheWrap) {
  for (const std::uint64_t index : {65530u, 65531u, 65534u, 65538u, 65533u, 65536u, 65540u}) {
    EXPECT_EQ(open(sent(index)), Fate::accepted) << index;
  }
  EXPECT_EQ(open(sent(65534)), Fate::replayed);
}

TEST_P(Srtp, CannotOpenAStreamFirstHeardAfterItsWrapUntilAnEarlierPacketComes) {
  // The roll-over counter is not on the wire (RFC 3711 §3.3.1).
  EXPECT_EQ(open(sent(65536)), Fate::auth_failed);
  EXPECT_EQ(open(sent(65537)), Fate::auth_failed);
  EXPECT_FALSE(inbound_.knows(Ssrc{42}));
  EXPECT_EQ(open(sent(65535)), Fate::accepted);  // late
  EXPECT_EQ(open(sent(65538)), Fate::accepted);
}

TEST_P(Srtp, RefusesToProtectAPacketFromBeforeTheFirstSoThatReceiversNeverLoseCount) {
  EXPECT_EQ(open(seal(rtp(0))), Fate::accepted);
  Bytes late = rtp(65535);
  late.resize(late.size() + srtp_trailer_bytes_max);
  EXPECT_EQ(fate_of(outbound_.protect_rtp(late, rtp(65535).size())), Fate::replayed);
  EXPECT_EQ(open(seal(rtp(1))), Fate::accepted);
  for (std::uint64_t index = 2; index < 70'000; index += 500) {
    ASSERT_EQ(open(seal(rtp(index))), Fate::accepted) << index;
  }
}

TEST_P(Srtp, ProtectsWhatLeapsFarAheadOfTheFirst) {
  EXPECT_EQ(open(seal(rtp(100))), Fate::accepted);
  EXPECT_EQ(open(seal(rtp(40'000))), Fate::accepted);
  EXPECT_EQ(open(seal(rtp(65'535))), Fate::accepted);
  EXPECT_EQ(open(seal(rtp(65'536 + 99))), Fate::accepted);
}

TEST_P(Srtp, OpensEveryPacketOnceThroughLossReorderingAndDuplicates) {
  const auto seed = assent::tests::Seed::from_environment_or(3711);
  SCOPED_TRACE(seed.text());
  std::mt19937_64 random{seed.value()};
  const std::uint64_t first = random() % 65'536;
  std::map<std::uint64_t, Bytes> in_flight;  // by a moment of arrival
  std::uint64_t accepted = 0;
  std::uint64_t first_copies = 0;
  // The first packet arrives first: see CannotOpenAStreamFirstHeardAfterItsWrap.
  EXPECT_EQ(open(sent(first)), Fate::accepted);
  for (std::uint64_t packet = 1; packet < 6000; ++packet) {
    if (random() % 20 == 0) continue;  // lost
    const std::uint64_t index = first + packet * 13;
    const int copies = random() % 10 == 0 ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
      in_flight.emplace((packet + random() % 70) << 20 | (random() & 0xfffff), sent(index));
    }
    ++first_copies;
  }
  std::uint64_t replayed = 0;
  for (const auto& [moment, bytes] : in_flight) {
    const Fate fate = open(bytes);
    ASSERT_TRUE(fate == Fate::accepted || fate == Fate::replayed);
    (fate == Fate::accepted ? accepted : replayed) += 1;
  }
  EXPECT_EQ(accepted, first_copies);
  EXPECT_EQ(accepted + replayed, in_flight.size());
}

INSTANTIATE_TEST_SUITE_P(EverySuite, Srtp, testing::ValuesIn(srtp_suites),
                         [](const auto& suite) { return std::string{to_string(suite.param)}; });

TEST(SrtpInbound, TakesNoDatagramLongerThanUdpCarries) {
  SrtpInbound inbound{key_of(SrtpSuite::aead_aes_128_gcm)};
  Bytes bytes(70'000, std::byte{0x80});
  EXPECT_EQ(fate_of(inbound.unprotect_rtp(bytes)), Fate::malformed);
  EXPECT_EQ(fate_of(inbound.unprotect_rtcp(bytes)), Fate::malformed);
}

TEST(SrtpInbound, AfterItWasMovedFromOpensNothing) {
  SrtpInbound from{key_of(SrtpSuite::aead_aes_128_gcm)};
  const SrtpInbound to{std::move(from)};
  Bytes bytes = rtp(1);
  EXPECT_EQ(fate_of(from.unprotect_rtp(bytes)), Fate::auth_failed);
  from.remove_stream(Ssrc{42});
  EXPECT_FALSE(from.knows(Ssrc{42}));
  EXPECT_FALSE(to.knows(Ssrc{42}));
}

}  // namespace
}  // namespace assent::media

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <atomic>
#include <cstdlib>

#include "media/srtp.hpp"
#include "tests/media/packets.hpp"

namespace assent::media {
namespace {

using tests::Bytes;
using tests::RtpParts;

std::atomic<std::uint64_t> openssl_allocations{0};

void* counted_malloc(std::size_t size, const char*, int) {
  ++openssl_allocations;
  return std::malloc(size);
}
void* counted_realloc(void* memory, std::size_t size, const char*, int) {
  ++openssl_allocations;
  return std::realloc(memory, size);
}
void plain_free(void* memory, const char*, int) {
  std::free(memory);
}

// OpenSSL takes it only before its first allocation, so before any test.
const bool counting = CRYPTO_set_mem_functions(counted_malloc, counted_realloc, plain_free) == 1;

class SrtpAllocation : public testing::TestWithParam<SrtpSuite> {};

// Design invariant I10. What else could allocate, libsrtp, does so only for a new stream.
TEST_P(SrtpAllocation, IsNotDoneByTheCryptographyOfAPacket) {
  ASSERT_TRUE(counting);
  const auto sizes = sizes_of(GetParam());
  const auto key = SrtpKey::from_bytes(GetParam(), Bytes(sizes.key_bytes + sizes.salt_bytes));
  SrtpOutbound outbound{*key};
  SrtpInbound inbound{*key};
  Bytes rtp;
  Bytes rtcp(8 + srtp_trailer_bytes_max);
  std::uint64_t before = openssl_allocations;
  EXPECT_GT(before, 0u);
  for (std::uint16_t packet = 0; packet < 100; ++packet) {
    if (packet == 1) before = openssl_allocations;
    rtp = RtpParts{.sequence = packet}.build();
    const std::size_t plain_bytes = rtp.size();
    rtp.resize(plain_bytes + srtp_trailer_bytes_max);
    const auto size = outbound.protect_rtp(rtp, plain_bytes);
    ASSERT_TRUE(size && inbound.unprotect_rtp(std::span{rtp}.first(*size)));
    store_be32(rtcp, 0, 0x80c9'0001);
    store_be32(rtcp, 4, 0xcafe'babe);
    const auto rtcp_size = outbound.protect_rtcp(rtcp, 8);
    ASSERT_TRUE(rtcp_size && inbound.unprotect_rtcp(std::span{rtcp}.first(*rtcp_size)));
    rtp[0] = std::byte{0x80};
    ASSERT_FALSE(inbound.unprotect_rtp(rtp));  // a forgery costs no more
  }
  EXPECT_EQ(openssl_allocations, before);
}

INSTANTIATE_TEST_SUITE_P(EverySuite, SrtpAllocation, testing::ValuesIn(srtp_suites),
                         [](const auto& suite) { return std::string{to_string(suite.param)}; });

}  // namespace
}  // namespace assent::media

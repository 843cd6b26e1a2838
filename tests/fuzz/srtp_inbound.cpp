#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "media/srtp.hpp"

using namespace assent::media;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

SrtpKey key_of(SrtpSuite suite) {
  const std::array<std::byte, srtp_key_and_salt_bytes_max> zeros{};
  const auto sizes = sizes_of(suite);
  return *SrtpKey::from_bytes(suite, std::span{zeros}.first(sizes.key_bytes + sizes.salt_bytes));
}

// Opened as it came, the input is a forgery: it must not authenticate, nor leave a trace.
void open_as_it_came(SrtpInbound& inbound, std::vector<std::byte> bytes, bool control) {
  const auto ssrc = load_be32(bytes, control ? 4 : 8);
  const auto opened = control ? inbound.unprotect_rtcp(bytes) : inbound.unprotect_rtp(bytes);
  require(!opened && !inbound.knows(Ssrc{ssrc}));
}

// Protected first, it must come back whole.
void open_protected(const SrtpKey& key, SrtpInbound& inbound, std::span<const std::byte> plain,
                    bool control) {
  SrtpOutbound outbound{key};
  std::vector<std::byte> buffer(plain.begin(), plain.end());
  buffer.resize(plain.size() + srtp_trailer_bytes_max);
  const auto size = control ? outbound.protect_rtcp(buffer, plain.size())
                            : outbound.protect_rtp(buffer, plain.size());
  if (!size) return;
  buffer.resize(*size);
  const auto opened = control ? inbound.unprotect_rtcp(buffer) : inbound.unprotect_rtp(buffer);
  require(opened && std::ranges::equal(*opened, plain));
}

}  // namespace

// The first byte chooses the suite, and RTP or RTCP; the rest is the packet.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 + rtp_header_bytes_min) return 0;
  const SrtpKey key = key_of(srtp_suites[data[0] % srtp_suites.size()]);
  const bool control = (data[0] & 0x80) != 0;
  const auto packet = std::as_bytes(std::span{data + 1, size - 1});
  SrtpInbound inbound{key};
  open_as_it_came(inbound, {packet.begin(), packet.end()}, control);
  open_protected(key, inbound, packet, control);
  return 0;
}

#include "media/datagram.hpp"

#include <cstdint>
#include <cstdlib>

// Whatever is classed has a word, and RTP and RTCP only in version 2 (RFC 7983 §7).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assent::media;
  const auto bytes = std::as_bytes(std::span{data, size});
  const auto datagram = classify_datagram(bytes);
  if (to_string(datagram).empty()) std::abort();
  const bool rtp_or_rtcp = datagram == DatagramClass::rtp || datagram == DatagramClass::rtcp;
  if (rtp_or_rtcp && (size < 2 || data[0] >> 6 != 2)) std::abort();
  return 0;
}

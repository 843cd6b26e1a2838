#include "media/silence.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "media/g711.hpp"

namespace assent::media {
namespace {

// RFC 6716 §3.1: CELT alone at full band, of 2.5, 5, 10 and 20 ms.
constexpr unsigned celt_fullband_2_5ms = 28;
constexpr unsigned ticks_of_2_5ms = 1;  // durations in units of 2.5 ms
constexpr unsigned ticks_of_20ms = 8;
constexpr unsigned ticks_max = 48;  // 120 ms, §3.2.5
// §4.3: the first bit of a CELT frame says that it is silent.
constexpr std::array silent_celt_frame{std::byte{0xff}, std::byte{0xfe}};

unsigned frame_ticks(unsigned configuration) {
  constexpr std::array<unsigned, 4> silk{4, 8, 16, 24};
  if (configuration < 12) return silk[configuration % 4];
  if (configuration < 16) return configuration % 2 == 0 ? 4 : ticks_of_20ms;  // hybrid
  return ticks_of_2_5ms << configuration % 4;
}

// 0: not an Opus packet (§3.2).
unsigned packet_ticks(std::span<const std::byte> payload) {
  if (payload.empty()) return 0;
  const auto toc = std::to_integer<unsigned>(payload[0]);
  unsigned frames = (toc & 3) == 0 ? 1 : 2;
  if ((toc & 3) == 3)
    frames = payload.size() < 2 ? 0 : std::to_integer<unsigned>(payload[1]) & 0x3f;
  const unsigned ticks = frames * frame_ticks(toc >> 3);
  return ticks > ticks_max ? 0 : ticks;
}

// As many frames of the longest kind that divides the duration.
std::size_t write_silent_opus(std::span<const std::byte> payload, std::span<std::byte> out) {
  const unsigned ticks = packet_ticks(payload);
  if (ticks == 0) return 0;
  unsigned kind = 3;
  while (ticks % (1U << kind) != 0)
    --kind;
  const unsigned frames = ticks >> kind;
  const std::size_t size = 2 + frames * silent_celt_frame.size();
  if (out.size() < size) return 0;
  const auto stereo = std::to_integer<unsigned>(payload[0]) & 4;
  out[0] = static_cast<std::byte>((celt_fullband_2_5ms + kind) << 3 | stereo | 3);
  out[1] = static_cast<std::byte>(frames);  // of equal size, no padding
  for (std::size_t at = 2; at < size; at += silent_celt_frame.size())
    std::copy(silent_celt_frame.begin(), silent_celt_frame.end(), out.data() + at);
  return size;
}

std::size_t write_silent_g711(std::size_t samples, std::byte silence, std::span<std::byte> out) {
  if (out.size() < samples) return 0;
  std::fill_n(out.begin(), samples, silence);
  return samples;
}

std::size_t write_silent_payload(std::span<const std::byte> payload, Codec codec,
                                 std::span<std::byte> out) {
  switch (codec) {
    case Codec::opus:
      return write_silent_opus(payload, out);
    case Codec::pcmu:
      return write_silent_g711(payload.size(), encode_pcmu(0), out);
    case Codec::pcma:
      return write_silent_g711(payload.size(), encode_pcma(0), out);
    default:
      return 0;
  }
}

}  // namespace

std::size_t write_silent_rtp(const RtpView& packet, Codec codec, std::span<std::byte> out) {
  if (out.size() < rtp_header_bytes_min) return 0;
  const auto size =
      write_silent_payload(packet.payload(), codec, out.subspan(rtp_header_bytes_min));
  if (size == 0) return 0;
  std::memcpy(out.data(), packet.bytes().data(), rtp_header_bytes_min);
  out[0] = std::byte{0x80};  // version 2, and nothing else of the first byte
  return rtp_header_bytes_min + size;
}

}  // namespace assent::media

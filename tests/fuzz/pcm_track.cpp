#include "media/pcm_track.hpp"

#include <cstdint>
#include <cstdlib>
#include <utility>

using namespace assent::media;

// Any packets in any order: what comes out has no holes and no overlaps but those that are told.
// The first byte chooses the codec; then each packet is a step of its number, a step of its
// timestamp (2 bytes), a length and so many bytes of payload.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::array codecs{Codec::opus, Codec::pcmu, Codec::pcma, Codec::g722};
  PcmTrack track{SpeechDecoder::make(codecs[data[0] % codecs.size()])};
  auto rest = std::as_bytes(std::span{data, size}).subspan(1);
  PcmPacket packet;
  std::vector<PcmEvent> out;
  while (rest.size() >= 4) {
    packet.sequence += std::to_integer<std::int8_t>(rest[0]);
    packet.timestamp += std::to_integer<std::uint32_t>(rest[1])
                        << 8 * (std::to_integer<unsigned>(rest[2]) % 4);
    packet.arrived += std::chrono::milliseconds{std::to_integer<unsigned>(rest[2])};
    const auto length = std::min(std::to_integer<std::size_t>(rest[3]), rest.size() - 4);
    packet.payload = rest.subspan(4, length);
    rest = rest.subspan(4 + length);
    track.handle_timeout(packet.arrived, out);
    track.handle_packet(packet, out);
  }
  track.end(std::nullopt, out);
  std::uint64_t position = 0;
  for (const auto& event : out) {
    const auto* frame = std::get_if<PcmFrame>(&event);
    const auto* gap = std::get_if<PcmGap>(&event);
    if ((frame != nullptr ? frame->position : gap->position) != position) std::abort();
    if (frame != nullptr && (frame->count == 0 || frame->count > pcm_frame_samples)) std::abort();
    position += frame != nullptr ? frame->count : gap->samples;
  }
  return 0;
}

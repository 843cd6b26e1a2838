#include "media/rtcp.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>

using namespace assent::media;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::size_t walk(const RtcpPacket& packet) {
  std::size_t seen = packet.bytes().size() + packet.body().size();
  if (const auto report = parse_sender_report(packet)) {
    for (const auto& block : report->blocks)
      seen += block.jitter;
  }
  if (const auto report = parse_receiver_report(packet)) {
    for (const auto& block : report->blocks)
      seen += block.jitter;
  }
  if (const auto chunks = parse_source_description(packet)) {
    for (const auto& chunk : *chunks) {
      for (const auto& item : chunk.items) {
        for (const char c : item.text)
          seen += static_cast<unsigned char>(c);
      }
    }
  }
  if (const auto goodbye = parse_goodbye(packet)) {
    for (const Ssrc source : goodbye->sources)
      seen += static_cast<std::uint32_t>(source);
    for (const char c : goodbye->reason)
      seen += static_cast<unsigned char>(c);
  }
  if (const auto feedback = parse_feedback(packet)) {
    for (const std::byte b : feedback->control)
      seen += std::to_integer<std::size_t>(b);
  }
  return seen;
}

// A sink's report is a sound compound of one source, whatever it was made from.
void require_sound_report(const RtcpCompound& compound, Ssrc source) {
  std::array<std::byte, sink_report_bytes_max> out{};
  const std::size_t size = sink_report(compound, source, "pseudonym", out);
  if (size == 0) return;
  const auto report = parse_rtcp(std::span{out}.first(size));
  require(report.has_value() && !report->is_reduced_size());
  for (const auto& packet : *report) {
    require(packet.count() <= 1);
    require(Ssrc{load_be32(packet.body(), 0)} == source);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span{data, size});
  const auto compound = parse_rtcp(bytes);
  if (!compound) return 0;
  std::size_t packet_bytes = 0;
  std::size_t seen = 0;
  for (const auto& packet : *compound) {
    packet_bytes += packet.bytes().size();
    seen += walk(packet);
  }
  require(packet_bytes == size);
  if (const auto sender = peek_rtcp_ssrc(bytes)) require_sound_report(*compound, *sender);
  volatile std::size_t kept = seen;
  (void)kept;
  return 0;
}

#include "gateway/hep3.hpp"

#include <chrono>
#include <span>

namespace assent::gateway {
namespace {

// Types of chunks of the vendor 0, the protocol itself.
enum class Chunk : std::uint16_t {
  ip_family = 1,
  ip_protocol = 2,
  ipv4_source = 3,
  ipv4_destination = 4,
  ipv6_source = 5,
  ipv6_destination = 6,
  source_port = 7,
  destination_port = 8,
  seconds = 9,
  microseconds = 10,
  payload_type = 11,
  capture_id = 12,
  key = 14,
  payload = 15,
  correlation = 17,
};
constexpr std::size_t length_at = 4;  // behind "HEP3"

// Network byte order.
template <class T>
std::string bytes_of(T value) {
  std::string bytes(sizeof(T), '\0');
  for (std::size_t i = 0; i < sizeof(T); ++i)
    bytes[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * (sizeof(T) - 1 - i)));
  return bytes;
}

class Writer {
 public:
  Writer() : bytes_{"HEP3"} { bytes_ += bytes_of(std::uint16_t{0}); }

  void add(Chunk type, std::string_view body) {
    constexpr std::uint16_t no_vendor = 0;
    constexpr std::size_t head = 6;
    bytes_ += bytes_of(no_vendor);
    bytes_ += bytes_of(static_cast<std::uint16_t>(type));
    bytes_ += bytes_of(static_cast<std::uint16_t>(head + body.size()));
    bytes_ += body;
  }
  void add_if_any(Chunk type, std::string_view body) {
    if (!body.empty()) add(type, body);
  }
  std::optional<std::string> finish() {
    if (bytes_.size() > hep_packet_bytes_max) return std::nullopt;
    bytes_.replace(length_at, 2, bytes_of(static_cast<std::uint16_t>(bytes_.size())));
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
};

void add_addresses(Writer& out, const HepPacket& packet) {
  constexpr std::uint8_t family_v4 = 2;
  constexpr std::uint8_t family_v6 = 10;
  constexpr std::uint8_t udp = 17;
  const bool v4 = packet.source.is_v4();
  const auto address = [&](const media::Endpoint& endpoint) {
    constexpr std::size_t v4_bytes = 4;
    const auto& all = endpoint.address;
    const std::span<const std::byte> used = v4 ? std::span{all}.last(v4_bytes) : std::span{all};
    return std::string(reinterpret_cast<const char*>(used.data()), used.size());
  };
  out.add(Chunk::ip_family, bytes_of(v4 ? family_v4 : family_v6));
  out.add(Chunk::ip_protocol, bytes_of(udp));
  out.add(v4 ? Chunk::ipv4_source : Chunk::ipv6_source, address(packet.source));
  out.add(v4 ? Chunk::ipv4_destination : Chunk::ipv6_destination, address(packet.destination));
  out.add(Chunk::source_port, bytes_of(packet.source.port));
  out.add(Chunk::destination_port, bytes_of(packet.destination.port));
}

}  // namespace

std::optional<std::string> hep3(const HepPacket& packet) {
  if (packet.payload.size() > hep_packet_bytes_max) return std::nullopt;
  const auto at = std::chrono::microseconds{packet.at.time_since_epoch()}.count();
  constexpr std::int64_t second = 1'000'000;
  Writer out;
  add_addresses(out, packet);
  out.add(Chunk::seconds, bytes_of(static_cast<std::uint32_t>(at / second)));
  out.add(Chunk::microseconds, bytes_of(static_cast<std::uint32_t>(at % second)));
  out.add(Chunk::payload_type, bytes_of(static_cast<std::uint8_t>(packet.type)));
  out.add(Chunk::capture_id, bytes_of(packet.capture_id));
  out.add_if_any(Chunk::key, packet.key);
  out.add_if_any(Chunk::correlation, packet.correlation);
  out.add(Chunk::payload, packet.payload);
  return out.finish();
}

}  // namespace assent::gateway

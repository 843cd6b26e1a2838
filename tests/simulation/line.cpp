#include "tests/simulation/line.hpp"

#include <array>
#include <cstring>

#include "media/byte_order.hpp"

namespace assent::simulation {
namespace {

using media::Codec;

struct PayloadType {
  std::uint8_t number;
  Codec codec;
};
constexpr std::uint8_t opus_pt = 111;
constexpr std::array payload_types{
    PayloadType{opus_pt, Codec::opus},
    PayloadType{0, Codec::pcmu},
    PayloadType{8, Codec::pcma},
    PayloadType{9, Codec::g722},
    PayloadType{101, Codec::telephone_event},
    PayloadType{13, Codec::comfort_noise},
    PayloadType{63, Codec::red},
    PayloadType{97, Codec::rtx},
    PayloadType{98, Codec::fec},
    PayloadType{110, Codec::other_audio},
    PayloadType{102, Codec::other_video},
    PayloadType{120, Codec::none},
};

void put(Bytes& bytes, std::uint64_t value, std::size_t size) {
  for (std::size_t i = size; i-- > 0;)
    bytes.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
}

void put(Bytes& bytes, std::string_view text) {
  for (const char c : text)
    bytes.push_back(static_cast<std::byte>(c));
}

media::Endpoint any_endpoint(Dice& dice) {
  return *media::parse_endpoint("127.0.0." + std::to_string(dice.between(1, 250)),
                                static_cast<std::uint16_t>(dice.between(1024, 65000)));
}

media::SrtpKey any_key(Dice& dice, media::SrtpSuite suite) {
  const auto sizes = media::sizes_of(suite);
  Bytes material;
  while (material.size() < sizes.key_bytes + sizes.salt_bytes)
    put(material, dice.roll(), 1);
  return *media::SrtpKey::from_bytes(suite, material);
}

void seal(Line& line, Datagram& datagram) {
  datagram.wire = datagram.clear;
  datagram.key_generation = line.key_generation;
  if (!line.seals) return;
  const auto size = datagram.wire.size();
  datagram.wire.resize(size + media::srtp_trailer_bytes_max);
  const auto sealed = datagram.kind == Datagram::Kind::rtcp
                          ? line.seals->protect_rtcp(datagram.wire, size)
                          : line.seals->protect_rtp(datagram.wire, size);
  datagram.wire.resize(*sealed);
}

// Whose it is and which frame, so that no two payloads are alike; begins like Opus.
Bytes any_payload(Dice& dice, const Line& line, std::int64_t frame, bool silk) {
  Bytes payload{std::byte{silk ? std::uint8_t{0x48} : std::uint8_t{0xfc}}};
  put(payload, static_cast<std::uint64_t>(line.serial), 4);
  put(payload, static_cast<std::uint64_t>(frame), 8);
  for (auto rest = dice.below(8) * 5; rest > 0; --rest)
    put(payload, rest, 1);
  return payload;
}

// Contributors, an extension, padding: what the call carries and sinks must not see.
void write_clear(Dice& dice, Datagram& datagram, const Bytes& payload) {
  const auto contributors = dice.chance(100) ? dice.between(1, 2) : 0;
  const bool extended = dice.chance(200);
  const bool padded = dice.chance(100);
  Bytes& clear = datagram.clear;
  clear.assign(datagram.bare.begin(), datagram.bare.begin() + 12);
  clear[0] |= static_cast<std::byte>((padded ? 0x20U : 0U) | (extended ? 0x10U : 0U) |
                                     static_cast<unsigned>(contributors));
  for (std::uint64_t i = 0; i < contributors; ++i)
    put(clear, canary.substr(0, 4));
  if (extended) {
    put(clear, 0xbede'0002, 4);
    put(clear, "\x46");  // element 4, 7 bytes
    put(clear, canary);
    put(clear, 0, 1);
  }
  clear.insert(clear.end(), payload.begin(), payload.end());
  if (padded) put(clear, 4, 4);
}

Datagram bare_datagram(const Line& line, Bytes wire) {
  Datagram datagram;
  datagram.leg = line.serial;
  datagram.from = line.sends_from;
  datagram.key_generation = line.key_generation;
  datagram.wire = std::move(wire);
  return datagram;
}

Bytes malformed(Dice& dice) {
  Bytes rtp(40, std::byte{0});
  rtp[0] = std::byte{0x80};
  rtp[1] = std::byte{opus_pt};
  switch (dice.below(9)) {
    case 0:
      return {};
    case 1:
      return {std::byte{0x80}};
    case 2:
      rtp.resize(11);
      return rtp;
    case 3:
      rtp[0] = std::byte{0x40};  // version 1
      return rtp;
    case 4:
      rtp[0] |= std::byte{0x20};  // padded by none
      return rtp;
    case 5:
      rtp[0] |= std::byte{0x0f};  // contributors beyond the end
      return rtp;
    case 6:
      rtp[0] |= std::byte{0x10};
      rtp[15] = std::byte{200};  // an extension beyond the end
      return rtp;
    case 7:
      rtp[1] = std::byte{200};  // a sender report by name
      rtp[3] = std::byte{77};
      return rtp;
    default:
      return Bytes(media::datagram_bytes_max, std::byte{0x80});
  }
}

}  // namespace

media::LegConfig any_config(Dice& dice, media::SourceId source, media::Side side, bool secure) {
  media::LegConfig config;
  config.source = source;
  config.side = side;
  if (secure) {
    const auto suite = dice.one_of(media::srtp_suites);
    config.receive_key = any_key(dice, suite);
    config.send_key = any_key(dice, suite);
  }
  config.remote_rtp = any_endpoint(dice);
  config.rtcp_mux = dice.chance(500);
  config.remote_rtcp = config.remote_rtp;
  if (!config.rtcp_mux) ++config.remote_rtcp.port;
  config.peer_listens = !dice.chance(100);
  for (const auto& type : payload_types)
    config.payload_types[type.number] = type.codec;
  return config;
}

void settle_peer(Line& line, const media::LegConfig& before) {
  const auto& config = line.config;
  if (config.remote_rtp != before.remote_rtp) line.sends_from = config.remote_rtp;
  if (config.receive_key == before.receive_key && config.send_key == before.send_key) return;
  ++line.key_generation;
  line.seals.emplace(*config.receive_key);
  line.opens.emplace(*config.send_key);
}

void begin_talk(Dice& dice, Line& line, std::optional<media::Ssrc> taken) {
  Talk talk;
  talk.ssrc = taken.value_or(media::Ssrc{static_cast<std::uint32_t>(dice.roll())});
  // A secure stream begins below 2^15 and does not wrap: a receiver that misses its first packet
  // could not know the roll-over counter (RFC 3711 §3.3.1). A plain one wraps soon.
  talk.next_frame = line.is_secure() || dice.chance(500)
                        ? static_cast<std::int64_t>(dice.between(100, 20'000))
                        : static_cast<std::int64_t>(3 * 65536 + dice.between(65'400, 65'535));
  line.talks.push_back(talk);
}

// Repair and redundancy: how far they reach back. RTX and FEC do not say, nor does what nobody
// described, so nobody knows less than some seconds; RED says it (RFC 2198 §3), in units that are
// taken for the longest there are.
media::Duration add_redundancy(Dice& dice, Codec codec, Bytes& payload) {
  if (codec == Codec::rtx || codec == Codec::fec || codec == Codec::none)
    return std::chrono::seconds{5};
  if (codec != Codec::red) return {};
  const auto offset = dice.between(1, (1 << 14) - 1);
  Bytes block;
  put(block, 0x80 | opus_pt, 1);
  put(block, offset << 10 | 1, 3);
  payload.insert(payload.begin(), block.begin(), block.end());
  return std::chrono::microseconds{offset * 125};
}

Datagram next_rtp(Dice& dice, Line& line) {
  Talk& talk = dice.chance(850) ? line.talks.back() : dice.one_of(line.talks);
  const auto& type = dice.chance(750) ? payload_types[0] : dice.one_of(payload_types);
  const bool silk = dice.chance(500);
  Datagram datagram = bare_datagram(line, {});
  datagram.kind = Datagram::Kind::rtp;
  datagram.ssrc = talk.ssrc;
  datagram.frame = talk.next_frame++;
  datagram.codec = type.codec;
  datagram.repeats_previous = silk && type.codec == Codec::opus;
  Bytes payload = any_payload(dice, line, datagram.frame, silk || type.codec == Codec::red);
  datagram.reaches_back = add_redundancy(dice, type.codec, payload);
  put(datagram.bare, 0x80, 1);
  put(datagram.bare, type.number | (dice.chance(50) ? 0x80U : 0U), 1);
  put(datagram.bare, static_cast<std::uint64_t>(datagram.frame) & 0xffff, 2);
  put(datagram.bare, static_cast<std::uint64_t>(datagram.frame * 960) & 0xffff'ffff, 4);
  put(datagram.bare, static_cast<std::uint32_t>(talk.ssrc), 4);
  datagram.bare.insert(datagram.bare.end(), payload.begin(), payload.end());
  write_clear(dice, datagram, payload);
  seal(line, datagram);
  return datagram;
}

Datagram any_rtcp(Dice& dice, Line& line) {
  const auto ssrc = static_cast<std::uint32_t>(dice.one_of(line.talks).ssrc);
  Datagram datagram = bare_datagram(line, {});
  datagram.kind = Datagram::Kind::rtcp;
  if (!line.config.rtcp_mux) {
    datagram.component = media::Component::rtcp;
    datagram.from = line.config.remote_rtcp;
  }
  Bytes& clear = datagram.clear;
  const bool blocks = dice.chance(500);
  put(clear, blocks ? 0x81c8'000c : 0x80c8'0006, 4);
  put(clear, ssrc, 4);
  for (int i = 0; i < 5; ++i)
    put(clear, dice.roll(), 4);
  if (blocks) put(clear, "canarycanarycanarycanary");  // a report about somebody else
  put(clear, 0x81ca'0004, 4);
  put(clear, ssrc, 4);
  put(clear, "\x01\x06");
  put(clear, canary);
  put(clear, 0, 4);
  if (dice.chance(200)) {
    put(clear, 0x81cb'0003, 4);
    put(clear, ssrc, 4);
    put(clear, "\x06");
    put(clear, canary);
    put(clear, 0, 1);
  }
  seal(line, datagram);
  return datagram;
}

Datagram any_bad(Dice& dice, Line& line) {
  if (line.talks.empty() || dice.chance(400)) return bare_datagram(line, malformed(dice));
  Datagram datagram = next_rtp(dice, line);
  datagram.kind = Datagram::Kind::bad;
  if (dice.chance(200)) {
    datagram.component = media::Component::rtcp;  // RTP where only RTCP may arrive
    datagram.from = line.config.remote_rtcp;
  } else if (line.is_secure()) {
    datagram.wire.back() ^= std::byte{1};
  } else {
    datagram.from.port ^= 1;  // even where the peer stands behind the next port
  }
  return datagram;
}

}  // namespace assent::simulation

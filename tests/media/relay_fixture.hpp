#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "media/byte_order.hpp"
#include "media/relay.hpp"

namespace assent::media::tests {

using namespace std::chrono_literals;

inline constexpr Ssrc speaker_ssrc{0x1111};
inline constexpr std::uint8_t opus_pt = 111;
inline constexpr std::uint8_t dtmf_pt = 101;
inline constexpr std::uint8_t rtx_pt = 97;
inline constexpr std::uint8_t fec_pt = 98;
inline constexpr std::uint8_t red_pt = 99;
inline constexpr SinkId recorder{0};
inline constexpr SinkId server_recording{16};
inline const TimePoint start = TimePoint{} + 1h;
inline const Permit open_forever{TimePoint::max(), 7};

inline Endpoint at(std::uint16_t port) {
  return *parse_endpoint("127.0.0.1", port);
}

inline std::vector<std::byte> rtp(std::uint16_t sequence, Ssrc ssrc = speaker_ssrc,
                                  std::uint8_t payload_type = opus_pt,
                                  std::byte first = std::byte{0xfc}) {
  std::vector<std::byte> packet(12 + 60, std::byte{0x5a});
  packet[0] = std::byte{0x80};
  packet[1] = std::byte{payload_type};
  store_be16(packet, 2, sequence);
  store_be32(packet, 4, sequence * 960U);
  store_be32(packet, 8, static_cast<std::uint32_t>(ssrc));
  packet[12] = first;
  return packet;
}

inline SrtpKey key(int seed) {
  std::vector<std::byte> material(30);
  for (std::size_t i = 0; i < material.size(); ++i) {
    material[i] = static_cast<std::byte>(seed * 31 + static_cast<int>(i));
  }
  return *SrtpKey::from_bytes(SrtpSuite::aes_cm_128_hmac_sha1_80, material);
}

// One room; every participant has a client leg, plain unless keys are given, and a server leg.
class RelayTest : public testing::Test {
 protected:
  struct Participant {
    SourceId source;
    LegId client;
    LegId server;
    std::uint16_t client_port;
    std::uint16_t server_port;
  };

  Participant join(std::uint16_t ports, std::optional<SrtpKey> receive = {},
                   std::optional<SrtpKey> send = {}) {
    const auto source = relay.add_source(RoomKey{1});
    LegConfig client;
    client.source = source;
    client.side = Side::client;
    client.receive_key = std::move(receive);
    client.send_key = std::move(send);
    client.remote_rtp = at(ports);
    client.remote_rtcp = at(static_cast<std::uint16_t>(ports + 1));
    client.payload_types[opus_pt] = Codec::opus;
    client.payload_types[dtmf_pt] = Codec::telephone_event;
    client.payload_types[rtx_pt] = Codec::rtx;
    client.payload_types[fec_pt] = Codec::fec;
    client.payload_types[red_pt] = Codec::red;
    client.takes = client.payload_types;
    LegConfig server = client;
    server.side = Side::server;
    server.receive_key.reset();
    server.send_key.reset();
    server.remote_rtp = at(static_cast<std::uint16_t>(ports + 2));
    server.remote_rtcp = at(static_cast<std::uint16_t>(ports + 3));
    const auto client_leg = relay.add_leg(std::move(client));
    const auto server_leg = relay.add_leg(std::move(server));
    relay.connect(client_leg, server_leg);
    return {source, client_leg, server_leg, ports, static_cast<std::uint16_t>(ports + 2)};
  }

  void arrive(LegId leg, std::uint16_t from, std::vector<std::byte> packet,
              Component component = Component::rtp) {
    relay.handle_datagram(now, leg, component, at(from), packet, outbox);
  }
  void speak(const Participant& who, std::uint16_t sequence) {
    arrive(who.client, who.client_port, rtp(sequence));
  }

  std::vector<std::vector<std::byte>> sent(Lane lane) {
    std::vector<std::vector<std::byte>> found;
    for (const auto& outgoing : outbox.outgoing()) {
      if (!(outgoing.lane == lane)) continue;
      const auto bytes = outbox.bytes(outgoing);
      found.emplace_back(bytes.begin(), bytes.end());
    }
    return found;
  }
  std::vector<std::vector<std::byte>> sent_to(LegId leg) {
    return sent({Lane::Kind::leg_rtp, static_cast<std::uint32_t>(leg)});
  }
  std::vector<std::vector<std::byte>> sent_to(SinkId sink) {
    return sent({Lane::Kind::sink_rtp, static_cast<std::uint32_t>(sink)});
  }
  std::uint64_t drops(LegId leg, DropReason reason) {
    return relay.leg(leg).counters.drops[static_cast<std::size_t>(reason)];
  }
  // Of the participant's first route since the last time.
  std::uint64_t withheld(SourceId source, Withheld reason) {
    return relay.settle(source).at(0).routes.at(0).second.withheld[static_cast<std::size_t>(
        reason)];
  }

  Relay relay;
  Outbox outbox{4096};
  TimePoint now = start;
};

}  // namespace assent::media::tests

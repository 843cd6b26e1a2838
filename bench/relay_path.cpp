#include "bench/relay_path.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>

#include "media/byte_order.hpp"

namespace assent::bench {
namespace {

constexpr std::size_t payload_bytes = 160;
constexpr std::size_t plain_bytes = rtp_header_bytes + payload_bytes;
constexpr std::size_t packets_per_batch = 32;
constexpr std::uint8_t pcmu = 0;
constexpr media::SinkId recorder{0};

std::vector<std::byte> key_for(Suite suite, std::uint16_t number, std::uint8_t use) {
  const SuiteShape& shape = shape_of(suite);
  std::vector<std::byte> key(shape.key_bytes + shape.salt_bytes);
  for (std::size_t i = 0; i < key.size(); ++i)
    key[i] = static_cast<std::byte>(number * 31 + use * 101 + i * 7);
  return key;
}

std::optional<media::SrtpKey> srtp_key(Suite suite, std::uint16_t number, std::uint8_t use) {
  const auto named = media::parse_srtp_suite(shape_of(suite).name);
  if (!named) return std::nullopt;
  return media::SrtpKey::from_bytes(*named, key_for(suite, number, use));
}

media::Endpoint peer(std::string_view address, std::uint16_t number) {
  return media::parse_endpoint(address, static_cast<std::uint16_t>(10'000 + number)).value();
}

std::uint32_t ssrc_of(std::size_t participant) {
  return 0x0A55E000U + static_cast<std::uint32_t>(participant);
}

}  // namespace

std::vector<PathScenario> path_scenarios() {
  using enum Gate;
  return {
      {"RTP->RTP", Suite::none, Suite::none, off},
      {"RTP->RTP, denied", Suite::none, Suite::none, denied},
      {"RTP->RTP, one fork", Suite::none, Suite::none, forked},
      {"CM_80->RTP", Suite::aes_cm_80, Suite::none, off},
      {"CM_80->RTP, denied", Suite::aes_cm_80, Suite::none, denied},
      {"CM_80->RTP, one fork", Suite::aes_cm_80, Suite::none, forked},
      {"CM_80->CM_32", Suite::aes_cm_80, Suite::aes_cm_32, off},
      {"CM_80->CM_32, denied", Suite::aes_cm_80, Suite::aes_cm_32, denied},
      {"CM_80->CM_32, one fork", Suite::aes_cm_80, Suite::aes_cm_32, forked},
      {"GCM_128->GCM_256", Suite::gcm_128, Suite::gcm_256, off},
      {"GCM_128->GCM_256, denied", Suite::gcm_128, Suite::gcm_256, denied},
      {"GCM_128->GCM_256, one fork", Suite::gcm_128, Suite::gcm_256, forked},
  };
}

RelayPath::RelayPath(const PathScenario& scenario, std::size_t participants,
                     std::size_t packets_per_participant)
    : outbox_{packets_per_batch * media::Relay::datagrams_per_input_max},
      now_{std::chrono::hours{1}},
      gate_{scenario.gate},
      arrivals_(participants * packets_per_participant) {
  relay_.set_sink(recorder, {.is_rtp = true});
  for (std::size_t i = 0; i < participants; ++i)
    add_participant(scenario, static_cast<std::uint16_t>(i));
}

void RelayPath::add_participant(const PathScenario& scenario, std::uint16_t number) {
  const media::SourceId source = relay_.add_source(media::RoomKey{number});
  const auto leg = [&](media::Side side, Suite suite, std::string_view address, std::uint8_t use) {
    media::LegConfig config;
    config.source = source;
    config.side = side;
    config.receive_key = srtp_key(suite, number, use);
    config.send_key = srtp_key(suite, number, static_cast<std::uint8_t>(use + 1));
    config.remote_rtp = config.remote_rtcp = peer(address, number);
    config.rtcp_mux = true;
    config.payload_types[pcmu] = media::Codec::pcmu;
    return relay_.add_leg(std::move(config));
  };
  Participant participant;
  participant.client_leg = leg(media::Side::client, scenario.client, "127.0.0.2", 0);
  participant.client_address = peer("127.0.0.2", number);
  if (scenario.client != Suite::none)
    participant.sender.emplace_back(scenario.client, key_for(scenario.client, number, 0));
  relay_.connect(participant.client_leg, leg(media::Side::server, scenario.server, "127.0.0.3", 2));
  if (gate_ != Gate::off) relay_.open_route(source, recorder);
  if (gate_ == Gate::forked)
    (void)relay_.set_permit(now_, source, recorder, {media::TimePoint::max(), 1});
  participants_.push_back(std::move(participant));
}

void RelayPath::prepare() {
  for (std::size_t i = 0; i < arrivals_.size(); ++i) {
    const std::size_t participant = i % participants_.size();
    const std::uint64_t index = next_index_ + i / participants_.size();
    Arrival& arrival = arrivals_[i];
    const std::span bytes{arrival.bytes};
    arrival.bytes[0] = std::byte{0x80};
    arrival.bytes[1] = std::byte{pcmu};
    media::store_be16(bytes, 2, static_cast<std::uint16_t>(index));
    media::store_be32(bytes, 4, static_cast<std::uint32_t>(index * payload_bytes));
    media::store_be32(bytes, 8, ssrc_of(participant));
    arrival.size = plain_bytes;
    for (BareSrtp& sender : participants_[participant].sender)
      arrival.size = sender.protect(bytes, plain_bytes, index);
  }
  next_index_ += arrivals_.size() / participants_.size();
}

void RelayPath::run() {
  std::size_t in_batch = 0;
  for (std::size_t i = 0; i < arrivals_.size(); ++i) {
    const Participant& from = participants_[i % participants_.size()];
    relay_.handle_datagram(now_, from.client_leg, media::Component::rtp, from.client_address,
                           std::span{arrivals_[i].bytes}.first(arrivals_[i].size), outbox_);
    if (++in_batch < packets_per_batch && i + 1 < arrivals_.size()) continue;
    emitted_ += outbox_.outgoing().size();
    outbox_.clear();
    in_batch = 0;
    now_ += std::chrono::microseconds{100};
  }
}

std::size_t RelayPath::expected_per_turn() const {
  return arrivals_.size() * (gate_ == Gate::forked ? 2 : 1);
}

}  // namespace assent::bench

#include "media/leg.hpp"

#include <cassert>
#include <utility>

namespace assent::media {

Delivery* IngressStream::delivery_to(SinkId sink) {
  for (auto& delivery : deliveries) {
    if (delivery.sink == sink) return &delivery;
  }
  return nullptr;
}

Leg::Leg(LegConfig config) {
  if (config.side == Side::client) routes_.resize(sinks_max);
  reconfigure(std::move(config));
}

void Leg::reconfigure(LegConfig config) {
  assert(config.receive_key.has_value() == config.send_key.has_value());
  if (config.receive_key != config_.receive_key) {
    inbound_.reset();
    if (config.receive_key) inbound_.emplace(*config.receive_key);
  }
  // Never rewind the sequence under one key: that repeats keystream (RFC 3711 §9.1). So the
  // outbound context lives for as long as its key.
  if (config.send_key != config_.send_key) {
    outbound_.reset();
    if (config.send_key) outbound_.emplace(*config.send_key);
  }
  // A renegotiation that does not move the peer does not undo what was learned of it.
  const bool stays = learned_ && config.remote_rtp == signalled_rtp_ &&
                     (config.receive_key.has_value() || config.latching);
  signalled_rtp_ = config.remote_rtp;
  if (stays) {
    config.remote_rtp = config_.remote_rtp;
    config.remote_rtcp = config_.remote_rtcp;
  }
  learned_ = stays;
  config_ = std::move(config);
}

Parsed<std::span<std::byte>> Leg::open_rtp(std::span<std::byte> datagram) {
  if (!inbound_) return datagram;
  return inbound_->unprotect_rtp(datagram);
}

Parsed<std::span<std::byte>> Leg::open_rtcp(std::span<std::byte> datagram) {
  if (!inbound_) return datagram;
  return inbound_->unprotect_rtcp(datagram);
}

Parsed<std::size_t> Leg::seal_rtp(std::span<std::byte> room, std::size_t size) {
  if (!outbound_) return size;
  return outbound_->protect_rtp(room, size);
}

Parsed<std::size_t> Leg::seal_rtcp(std::span<std::byte> room, std::size_t size) {
  if (!outbound_) return size;
  return outbound_->protect_rtcp(room, size);
}

bool Leg::expects(const Endpoint& from, Component component) const {
  if (is_secure()) return true;
  if (config_.latching && !learned_) return true;
  const auto& remote = component == Component::rtp ? config_.remote_rtp : config_.remote_rtcp;
  return from == remote;
}

bool Leg::learn_remote(const Endpoint& from, Component component) {
  auto& remote = component == Component::rtp ? config_.remote_rtp : config_.remote_rtcp;
  const bool moved = from != remote;
  if (!is_secure()) {
    if (!config_.latching || learned_ || component == Component::rtcp) return false;
    learned_ = true;  // also when it is where it was expected: the latch is closed now
  }
  if (!moved) return false;
  learned_ = true;
  remote = from;
  if (config_.rtcp_mux) config_.remote_rtcp = from;
  return true;
}

IngressStream* Leg::stream(Ssrc ssrc) {
  if (last_stream_ < streams_.size() && streams_[last_stream_].ssrc == ssrc) {
    return &streams_[last_stream_];
  }
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i].ssrc == ssrc) {
      last_stream_ = i;
      return &streams_[i];
    }
  }
  return nullptr;
}

void Leg::close_interval(Delivery& delivery) {
  if (delivery.interval.packets != 0) settled_.push_back(delivery.interval);
  delivery.interval = {};
}

IngressStream& Leg::add_stream(Ssrc ssrc) {
  return streams_.emplace_back(ssrc);
}

}  // namespace assent::media

#include "media/leg.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "media/rtcp.hpp"

namespace assent::media {

Delivery* IngressStream::delivery_to(SinkId sink) {
  for (auto& delivery : deliveries) {
    if (delivery.sink == sink) return &delivery;
  }
  return nullptr;
}

bool IngressStream::has_standing() const {
  return std::ranges::any_of(deliveries, [](const Delivery& to) { return to.last.has_value(); });
}

Leg::Leg(LegConfig config) {
  if (config.side == Side::client) routes_.resize(sinks_max);
  reconfigure(std::move(config));
}

void Leg::reconfigure(LegConfig config) {
  assert(config.receive_key.has_value() == config.send_key.has_value());
  adopt_transport(config);
  if (config.receive_key != config_.receive_key) {
    inbound_.reset();
    keyed_ssrcs_ = 0;
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

void Leg::adopt_transport(LegConfig& config) {
  if (!config.webrtc) {
    webrtc_.reset();
    sends_until_ = TimePoint::max();
    return;
  }
  if (webrtc_) {
    webrtc_->reconfigure(*config.webrtc);
  } else {
    webrtc_ = std::make_unique<WebRtcTransport>(*config.webrtc);
  }
  config.receive_key.reset();
  config.send_key.reset();
  if (const auto& found = webrtc_->keys()) {
    config.receive_key = found->receive;
    config.send_key = found->send;
  }
  config.remote_rtp = config.remote_rtcp = webrtc_->remote().value_or(Endpoint{});
  config.rtcp_mux = true;
  sends_until_ = webrtc_->consent_until();
}

bool Leg::follow_transport() {
  follow_keys();
  sends_until_ = webrtc_->consent_until();
  const auto remote = webrtc_->remote().value_or(Endpoint{});
  const bool goes_on = config_.remote_rtp.is_set() && remote != config_.remote_rtp;
  config_.remote_rtp = config_.remote_rtcp = remote;
  return goes_on;
}

void Leg::follow_keys() {
  const auto& found = webrtc_->keys();
  if (found.has_value() == inbound_.has_value()) return;
  keyed_ssrcs_ = 0;
  if (found) {
    config_.receive_key = found->receive;
    config_.send_key = found->send;
    inbound_.emplace(found->receive);
    outbound_.emplace(found->send);
  } else {
    config_.receive_key.reset();
    config_.send_key.reset();
    inbound_.reset();
    outbound_.reset();
  }
}

Parsed<std::span<std::byte>> Leg::open_rtp(std::span<std::byte> datagram) {
  if (!inbound_) return unkeyed(datagram);
  return inbound_->unprotect_rtp(datagram);
}

Parsed<std::span<std::byte>> Leg::open_first_rtp(std::span<std::byte> datagram, Ssrc claimed) {
  if (!inbound_) return unkeyed(datagram);
  return open_perhaps_first<&SrtpInbound::unprotect_rtp>(datagram, claimed);
}

Parsed<std::span<std::byte>> Leg::open_rtcp(std::span<std::byte> datagram) {
  if (!inbound_) return unkeyed(datagram);
  const auto claimed = peek_rtcp_ssrc(datagram);
  if (!claimed) return DropReason::too_short;
  return open_perhaps_first<&SrtpInbound::unprotect_rtcp>(datagram, *claimed);
}

// A leg of DTLS without keys is deaf, not plain.
Parsed<std::span<std::byte>> Leg::unkeyed(std::span<std::byte> datagram) const {
  if (is_secure()) return DropReason::auth_failed;
  return datagram;
}

template <auto Unprotect>
Parsed<std::span<std::byte>> Leg::open_perhaps_first(std::span<std::byte> datagram, Ssrc claimed) {
  const bool known = inbound_->knows(claimed);
  if (!known && keyed_ssrcs_ == srtp_streams_per_key_max) return DropReason::foreign_ssrc;
  auto opened = ((*inbound_).*Unprotect)(datagram);
  if (opened && !known) ++keyed_ssrcs_;
  return opened;
}

Parsed<std::size_t> Leg::seal_rtp(std::span<std::byte> room, std::size_t size) {
  if (outbound_) return outbound_->protect_rtp(room, size);
  if (is_secure()) return DropReason::not_connected;
  return size;
}

Parsed<std::size_t> Leg::seal_rtcp(std::span<std::byte> room, std::size_t size) {
  if (outbound_) return outbound_->protect_rtcp(room, size);
  if (is_secure()) return DropReason::not_connected;
  return size;
}

bool Leg::expects(const Endpoint& from, Component component) const {
  if (webrtc_) return webrtc_->is_valid(from);
  if (is_secure()) return true;
  if (config_.latching && !learned_) return true;
  const auto& remote = component == Component::rtp ? config_.remote_rtp : config_.remote_rtcp;
  return from == remote;
}

bool Leg::learn_remote(const Endpoint& from, Component component) {
  if (webrtc_) return false;  // by nomination, in follow_transport
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

bool Leg::carries(Ssrc ssrc) const {
  return std::ranges::find(streams_, ssrc, &IngressStream::ssrc) != streams_.end() ||
         retired_.contains(ssrc);
}

Leg::Admission Leg::admit_stream(TimePoint now, Ssrc ssrc) {
  Admission admission;
  auto heard_before = retired_.extract(ssrc);
  if (streams_.size() == streams_per_leg_max && !retire_one(now, admission)) {
    if (heard_before) retired_.insert(std::move(heard_before));
    return admission;
  }
  admission.stream = &(heard_before ? streams_.emplace_back(std::move(heard_before.mapped()))
                                    : streams_.emplace_back(ssrc));
  return admission;
}

bool Leg::retire_one(TimePoint now, Admission& admission) {
  const auto idle = std::ranges::min_element(streams_, {}, &IngressStream::last_heard);
  if (now - idle->last_heard < stream_idle_min) return false;
  if (retired_.size() == retired_streams_max) {
    const auto last = std::ranges::find_if(retired_, [this](const auto& entry) {
      return !entry.second.has_standing() && !(inbound_ && inbound_->knows(entry.first));
    });
    if (last == retired_.end()) return false;
    admission.forgotten = last->first;
    retired_.erase(last);
  }
  for (auto& delivery : idle->deliveries)
    close_interval(delivery);
  const Ssrc ssrc = idle->ssrc;
  retired_.emplace(ssrc, std::move(*idle));
  if (idle != streams_.end() - 1) *idle = std::move(streams_.back());
  streams_.pop_back();
  return true;
}

}  // namespace assent::media

#include "media/webrtc_transport.hpp"

#include <algorithm>

namespace assent::media {

WebRtcTransport::WebRtcTransport(WebRtcConfig config)
    : config_{std::move(config)}, ice_{make_ice(config_)} {}

WebRtcTransport::Ice WebRtcTransport::make_ice(const WebRtcConfig& config) {
  if (!config.full) return IceLite{config.local, config.remote_ufrag};
  return IceAgent{config.local, config.remote_ufrag, *config.full};
}

void WebRtcTransport::restart_ice(const WebRtcConfig& config) {
  if (auto* const agent = std::get_if<IceAgent>(&ice_); agent != nullptr && config.full) {
    agent->restart(config.local, config.remote_ufrag, *config.full);
  } else if (auto* const lite = std::get_if<IceLite>(&ice_); lite != nullptr && !config.full) {
    lite->restart(config.local, config.remote_ufrag);
  } else {
    ice_ = make_ice(config);
  }
}

bool WebRtcTransport::reconfigure(WebRtcConfig config) {
  const bool other_password =
      config.full && config_.full && config.full->remote_password != config_.full->remote_password;
  if (config.local != config_.local || config.remote_ufrag != config_.remote_ufrag ||
      other_password || config.full.has_value() != config_.full.has_value()) {
    restart_ice(config);
  } else if (config.full) {
    for (const auto& candidate : config.full->candidates)
      add_candidate(candidate);
  }
  const bool same_association = config.role == config_.role &&
                                config.fingerprints == config_.fingerprints &&
                                config.identity == config_.identity;
  config_ = std::move(config);
  if (same_association) return false;
  const bool had_keys = keys().has_value();
  dtls_.reset();
  dtls_due_.reset();
  return had_keys;
}

void WebRtcTransport::add_candidate(const IceCandidate& candidate) {
  if (auto* const agent = std::get_if<IceAgent>(&ice_)) agent->add_candidate(candidate);
}

bool WebRtcTransport::handle_stun(TimePoint now, const Endpoint& from,
                                  std::span<const std::byte> datagram) {
  if (auto* const agent = std::get_if<IceAgent>(&ice_)) {
    if (!agent->handle(now, from, datagram, outgoing_)) return false;
  } else {
    const auto answer = std::get<IceLite>(ice_).handle(now, from, datagram);
    if (answer.size == 0) return false;
    const auto bytes = answer.view();
    outgoing_.push_back({from, {bytes.begin(), bytes.end()}});
  }
  if (!dtls_ && is_valid(from)) {
    dtls_to_ = from;
    begin_dtls();
    collect(now);
  } else if (selected()) {
    dtls_to_ = *selected();
  }
  return true;
}

bool WebRtcTransport::handle_dtls(TimePoint now, const Endpoint& from,
                                  std::span<const std::byte> datagram) {
  if (!dtls_ || !is_valid(from)) return false;
  dtls_to_ = from;
  dtls_->handle(datagram);
  collect(now);
  return true;
}

DtlsSession::Datagrams WebRtcTransport::take_messages() {
  return dtls_ ? dtls_->take_messages() : DtlsSession::Datagrams{};
}

bool WebRtcTransport::send(TimePoint now, std::span<const std::byte> message) {
  if (!dtls_ || !selected() || !dtls_->send(message)) return false;
  dtls_to_ = *selected();
  collect(now);
  return true;
}

void WebRtcTransport::close(TimePoint now) {
  if (!dtls_ || !selected()) return;
  dtls_->close();
  dtls_to_ = *selected();
  collect(now);
}

void WebRtcTransport::handle_timeout(TimePoint now) {
  if (auto* const agent = std::get_if<IceAgent>(&ice_)) {
    const auto due = agent->next_timeout();
    if (due && *due <= now) agent->handle_timeout(now, outgoing_);
  }
  if (!dtls_ || !dtls_due_ || now < *dtls_due_) return;
  dtls_->handle_timeout();
  collect(now);
}

std::optional<TimePoint> WebRtcTransport::next_timeout() const {
  const auto* const agent = std::get_if<IceAgent>(&ice_);
  const auto ice_due = agent != nullptr ? agent->next_timeout() : std::nullopt;
  if (!ice_due || !dtls_due_) return ice_due ? ice_due : dtls_due_;
  return std::min(*ice_due, *dtls_due_);
}

void WebRtcTransport::begin_dtls() {
  dtls_ = std::make_unique<DtlsSession>(config_.identity, config_.role, config_.fingerprints,
                                        config_.use);
  dtls_->begin();
}

void WebRtcTransport::collect(TimePoint now) {
  for (auto& bytes : dtls_->take_outgoing())
    outgoing_.push_back({dtls_to_, std::move(bytes)});
  dtls_due_ = dtls_->next_timeout(now);
}

std::vector<IceDatagram> WebRtcTransport::take_outgoing() {
  return std::exchange(outgoing_, {});
}

const std::optional<Endpoint>& WebRtcTransport::selected() const {
  return std::visit(
      [](const auto& ice) -> const std::optional<Endpoint>& { return ice.selected(); }, ice_);
}

std::optional<Endpoint> WebRtcTransport::remote() const {
  return keys() ? selected() : std::nullopt;
}

const std::optional<DtlsSrtpKeys>& WebRtcTransport::keys() const {
  static const std::optional<DtlsSrtpKeys> none;
  return dtls_ ? dtls_->keys() : none;
}

}  // namespace assent::media

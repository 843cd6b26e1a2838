#include "media/webrtc_transport.hpp"

#include <utility>

namespace assent::media {

WebRtcTransport::WebRtcTransport(WebRtcConfig config)
    : config_{std::move(config)}, ice_{config_.local, config_.remote_ufrag} {}

bool WebRtcTransport::reconfigure(WebRtcConfig config) {
  if (config.local != config_.local || config.remote_ufrag != config_.remote_ufrag) {
    ice_.restart(config.local, config.remote_ufrag);
  }
  const bool same_association = config.role == config_.role &&
                                config.fingerprints == config_.fingerprints &&
                                config.identity == config_.identity;
  config_ = std::move(config);
  if (same_association) return false;
  const bool had_keys = keys().has_value();
  dtls_.reset();
  due_.reset();
  return had_keys;
}

bool WebRtcTransport::handle_stun(TimePoint now, const Endpoint& from,
                                  std::span<const std::byte> datagram) {
  const auto answer = ice_.handle(now, from, datagram);
  if (answer.size == 0) return false;
  const auto bytes = answer.view();
  outgoing_.push_back({from, {bytes.begin(), bytes.end()}});
  if (!dtls_ && ice_.is_valid(from)) {
    dtls_to_ = from;
    begin_dtls();
    collect(now);
  }
  return true;
}

bool WebRtcTransport::handle_dtls(TimePoint now, const Endpoint& from,
                                  std::span<const std::byte> datagram) {
  if (!dtls_ || !ice_.is_valid(from)) return false;
  dtls_to_ = from;
  dtls_->handle(datagram);
  collect(now);
  return true;
}

void WebRtcTransport::handle_timeout(TimePoint now) {
  if (!dtls_ || !due_ || now < *due_) return;
  dtls_->handle_timeout();
  collect(now);
}

void WebRtcTransport::begin_dtls() {
  dtls_ = std::make_unique<DtlsSession>(config_.identity, config_.role, config_.fingerprints);
  dtls_->begin();
}

void WebRtcTransport::collect(TimePoint now) {
  for (auto& bytes : dtls_->take_outgoing())
    outgoing_.push_back({dtls_to_, std::move(bytes)});
  due_ = dtls_->next_timeout(now);
}

std::vector<WebRtcTransport::Datagram> WebRtcTransport::take_outgoing() {
  return std::exchange(outgoing_, {});
}

std::optional<Endpoint> WebRtcTransport::remote() const {
  return keys() ? ice_.selected() : std::nullopt;
}

const std::optional<DtlsSrtpKeys>& WebRtcTransport::keys() const {
  static const std::optional<DtlsSrtpKeys> none;
  return dtls_ ? dtls_->keys() : none;
}

}  // namespace assent::media

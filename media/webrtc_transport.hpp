#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "media/dtls.hpp"
#include "media/ice.hpp"
#include "media/ice_agent.hpp"

namespace assent::media {

// What offer/answer settled for a transport that finds its own address and keys.
struct WebRtcConfig {
  IceCredentials local;
  std::string remote_ufrag;
  DtlsRole role = DtlsRole::server;  // the gateway's
  std::vector<Fingerprint> fingerprints;
  DtlsIdentity identity;
  std::optional<FullIce> full{};  // nothing: the lite agent
  DtlsUse use = DtlsUse::rtp;
};

// ICE and DTLS of one leg: from STUN and DTLS datagrams to the address that media goes to and
// the keys that protect it. There is no address without keys, and no keys but those of the peer
// whose certificate and ICE password the descriptions exchanged.
class WebRtcTransport {
 public:
  explicit WebRtcTransport(WebRtcConfig config);

  // A renegotiated configuration: other credentials restart ICE (RFC 8445 §9), another certificate
  // or role the DTLS association (RFC 8842 §4). True: the keys at hand are over.
  bool reconfigure(WebRtcConfig config);

  // One more address of the peer (RFC 8838); the lite agent has no use for it.
  void add_candidate(const IceCandidate& candidate);

  // False: it is not authentic, or not for us; nothing came of it.
  bool handle_stun(TimePoint now, const Endpoint& from, std::span<const std::byte> datagram);
  // False: from an address that no authentic check came from; it was not looked at.
  bool handle_dtls(TimePoint now, const Endpoint& from, std::span<const std::byte> datagram);
  // What the peer said in DTLS since it was last asked for: a message each.
  [[nodiscard]] DtlsSession::Datagrams take_messages();
  // One message to where the peer is, in one datagram; false: it is not connected, or too long.
  bool send(TimePoint now, std::span<const std::byte> message);
  // Tells the peer that this is the end (close_notify).
  void close(TimePoint now);
  void handle_timeout(TimePoint now);
  // When handle_timeout has something to do.
  [[nodiscard]] std::optional<TimePoint> next_timeout() const;

  // What is to be sent since it was last asked for.
  [[nodiscard]] std::vector<IceDatagram> take_outgoing();

  // An authentic message of ICE came from there.
  [[nodiscard]] bool is_valid(const Endpoint& address) const {
    return std::visit([&address](const auto& ice) { return ice.is_valid(address); }, ice_);
  }
  // It is where the peer lives at present, and has said so lately.
  [[nodiscard]] bool holds(TimePoint now, const Endpoint& address) const {
    return selected() == address && now < consent_until();
  }
  // Where media goes, until consent_until(): nominated, and keyed.
  [[nodiscard]] std::optional<Endpoint> remote() const;
  [[nodiscard]] TimePoint consent_until() const {
    return std::visit([](const auto& ice) { return ice.consent_until(); }, ice_);
  }
  [[nodiscard]] const std::optional<DtlsSrtpKeys>& keys() const;
  [[nodiscard]] const std::string& local_ufrag() const { return config_.local.ufrag; }
  [[nodiscard]] const DtlsSession* dtls() const { return dtls_.get(); }

 private:
  using Ice = std::variant<IceLite, IceAgent>;
  static Ice make_ice(const WebRtcConfig& config);
  [[nodiscard]] const std::optional<Endpoint>& selected() const;
  void restart_ice(const WebRtcConfig& config);
  void begin_dtls();
  void collect(TimePoint now);

  WebRtcConfig config_;
  Ice ice_;
  // Made when the first authentic check arrives: who never comes costs no association.
  std::unique_ptr<DtlsSession> dtls_;
  Endpoint dtls_to_;  // whence the peer's handshake comes, or its first check
  std::optional<TimePoint> dtls_due_;
  std::vector<IceDatagram> outgoing_;
};

}  // namespace assent::media

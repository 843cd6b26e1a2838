#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "media/dtls.hpp"
#include "media/ice.hpp"

namespace assent::media {

// What offer/answer settled for a transport that finds its own address and keys.
struct WebRtcConfig {
  IceCredentials local;
  std::string remote_ufrag;
  DtlsRole role = DtlsRole::server;  // the gateway's
  std::vector<Fingerprint> fingerprints;
  DtlsIdentity identity;
};

// ICE-lite and DTLS of one leg: from STUN and DTLS datagrams to the address that media goes to and
// the keys that protect it. There is no address without keys, and no keys but those of the peer
// whose certificate and ICE password the descriptions exchanged.
class WebRtcTransport {
 public:
  explicit WebRtcTransport(WebRtcConfig config);

  // A renegotiated configuration: other credentials restart ICE (RFC 8445 §9), another certificate
  // or role the DTLS association (RFC 8842 §4). True: the keys at hand are over.
  bool reconfigure(WebRtcConfig config);

  // False: it is not authentic, or no request; nothing came of it.
  bool handle_stun(TimePoint now, const Endpoint& from, std::span<const std::byte> datagram);
  // False: from an address that no authentic check came from; it was not looked at.
  bool handle_dtls(TimePoint now, const Endpoint& from, std::span<const std::byte> datagram);
  void handle_timeout(TimePoint now);
  // When handle_timeout has something to do.
  [[nodiscard]] const std::optional<TimePoint>& next_timeout() const { return due_; }

  struct Datagram {
    Endpoint to;
    std::vector<std::byte> bytes;
  };
  // What is to be sent since it was last asked for.
  [[nodiscard]] std::vector<Datagram> take_outgoing();

  [[nodiscard]] bool is_valid(const Endpoint& address) const { return ice_.is_valid(address); }
  // It is where the peer lives at present, and has said so lately.
  [[nodiscard]] bool holds(TimePoint now, const Endpoint& address) const {
    return ice_.selected() == address && now < ice_.consent_until();
  }
  // Where media goes, until consent_until(): nominated, and keyed.
  [[nodiscard]] std::optional<Endpoint> remote() const;
  [[nodiscard]] TimePoint consent_until() const { return ice_.consent_until(); }
  [[nodiscard]] const std::optional<DtlsSrtpKeys>& keys() const;
  [[nodiscard]] const std::string& local_ufrag() const { return ice_.local().ufrag; }
  [[nodiscard]] const DtlsSession* dtls() const { return dtls_.get(); }

 private:
  void begin_dtls();
  void collect(TimePoint now);

  WebRtcConfig config_;
  IceLite ice_;
  // Made when the first authentic check arrives: who never comes costs no association.
  std::unique_ptr<DtlsSession> dtls_;
  Endpoint dtls_to_;  // whence the peer's handshake comes, or its first check
  std::optional<TimePoint> due_;
  std::vector<Datagram> outgoing_;
};

}  // namespace assent::media

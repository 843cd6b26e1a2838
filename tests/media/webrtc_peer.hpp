#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "media/dtls.hpp"
#include "media/ice.hpp"
#include "media/srtp.hpp"

namespace assent::media::tests {

inline Entropy test_entropy() {
  return [random = std::make_shared<std::mt19937_64>(11)](std::span<std::byte> bytes) {
    for (auto& byte : bytes)
      byte = static_cast<std::byte>((*random)());
  };
}

inline DtlsIdentity make_identity() {
  return *DtlsIdentity::make(std::chrono::seconds{1'800'000'000}, test_entropy());
}

// A full ICE agent and DTLS endpoint, as far as a browser's are needed to be one.
class WebRtcPeer {
 public:
  using Datagram = std::vector<std::byte>;

  std::string ufrag = "peer";
  std::string password = "password0123456789abcdef";
  bool controls = true;
  DtlsIdentity identity = make_identity();

  void expect(DtlsRole role, const Fingerprint& of_gateway) {
    dtls_ = std::make_unique<DtlsSession>(identity, role, std::vector{of_gateway});
  }
  // Null before expect().
  DtlsSession* dtls() { return dtls_.get(); }

  [[nodiscard]] Datagram check(const IceCredentials& of_gateway, bool nominates) {
    StunTransaction transaction{};
    transaction[0] = static_cast<std::byte>(++checks_);
    StunWriter writer{StunClass::request, transaction};
    writer.username(of_gateway.ufrag + ":" + ufrag).priority(1);
    if (controls) {
      writer.ice_controlling(1);
    } else {
      writer.ice_controlled(1);
    }
    if (nominates) writer.use_candidate();
    const auto bytes = writer.seal(of_gateway.password);
    return {bytes.begin(), bytes.end()};
  }

  // To a check of the gateway's that came from there.
  [[nodiscard]] std::optional<Datagram> answer(const Datagram& datagram, const Endpoint& from) {
    const auto check = parse_stun(datagram);
    if (!check || check->kind != StunClass::request || check->asked() != ufrag ||
        !is_authentic(*check, password))
      return std::nullopt;
    StunWriter writer{StunClass::success, check->transaction};
    const auto bytes = writer.mapped(from).seal(password);
    return Datagram{bytes.begin(), bytes.end()};
  }

  [[nodiscard]] Datagram protect(Datagram packet) {
    if (!outbound_) outbound_.emplace(dtls_->keys()->send);
    const auto size = packet.size();
    packet.resize(size + srtp_trailer_bytes_max);
    packet.resize(outbound_->protect_rtp(packet, size).value());
    return packet;
  }
  [[nodiscard]] std::optional<Datagram> unprotect(Datagram packet) {
    if (!inbound_) inbound_.emplace(dtls_->keys()->receive);
    const auto clear = inbound_->unprotect_rtp(packet);
    if (!clear) return std::nullopt;
    return Datagram{clear->begin(), clear->end()};
  }

 private:
  std::unique_ptr<DtlsSession> dtls_;
  std::optional<SrtpInbound> inbound_;
  std::optional<SrtpOutbound> outbound_;
  unsigned checks_ = 0;
};

}  // namespace assent::media::tests

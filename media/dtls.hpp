#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "media/dtls_identity.hpp"
#include "media/fingerprint.hpp"
#include "media/srtp_key.hpp"
#include "media/time.hpp"

struct ssl_st;  // OpenSSL's SSL

namespace assent::media {

// Who begins the handshake: a=setup:active is the client (RFC 5763 §5).
enum class DtlsRole : std::uint8_t { client, server };

[[nodiscard]] constexpr DtlsRole other(DtlsRole role) {
  return role == DtlsRole::client ? DtlsRole::server : DtlsRole::client;
}

// What SRTP is keyed with once a handshake is done (RFC 5764 §4.2).
struct DtlsSrtpKeys {
  SrtpKey receive;  // of what the peer sends
  SrtpKey send;
};

// No datagram of a handshake is longer; room for IPv6, UDP and a tunnel in 1,280 (RFC 8200 §5).
inline constexpr std::size_t dtls_bytes_max = 1'200;

// Nor a message that is passed through: with its record (13 bytes, and 24 of AES-GCM), UDP and IPv6
// it is within 1,450, which leaves room for a tunnel in 1,500. Peers send up to 1,228 (an SCTP
// chunk of 1,200), however small they are told to begin (RFC 8831 §5).
inline constexpr std::size_t dtls_message_bytes_max = 1'365;

// What an association is for: keys of SRTP, or only messages.
enum class DtlsUse : std::uint8_t { rtp, messages };

// One DTLS 1.2 association with one peer. Datagrams in, datagrams out; give it only those from
// addresses that ICE has validated (RFC 8842 §4): who answers it is decided there.
//
// Connected means: the peer holds the key of a certificate whose fingerprint the description said,
// a profile of SRTP was agreed, unless there is no RTP, and the extended master secret was used
// (RFC 7627). There are no keys before that, none if any of it fails, and none once either side
// has said that this is the end.
//
// OpenSSL reads its own clock for the retransmission timer and its own entropy: the two exceptions
// to what else holds in this library. `next_timeout` tells the timer in the caller's time.
class DtlsSession {
 public:
  enum class State : std::uint8_t { handshaking, connected, closed, failed };

  DtlsSession(const DtlsIdentity& identity, DtlsRole role, std::vector<Fingerprint> peer,
              DtlsUse use = DtlsUse::rtp);
  ~DtlsSession();
  DtlsSession(const DtlsSession&) = delete;
  DtlsSession& operator=(const DtlsSession&) = delete;

  // The client's first flight; a server waits for it. Once.
  void begin();
  void handle(std::span<const std::byte> datagram);
  // Sends the last flight again if it is due.
  void handle_timeout();
  [[nodiscard]] std::optional<TimePoint> next_timeout(TimePoint now) const;

  // Tells the peer that this is the end (close_notify).
  void close();

  // One message to the peer, as it is (SCTP, RFC 8261); false: not connected, or too long.
  bool send(std::span<const std::byte> message);

  [[nodiscard]] State state() const { return state_; }
  // While connected; with DtlsUse::messages also then only if SRTP was agreed.
  [[nodiscard]] const std::optional<DtlsSrtpKeys>& keys() const { return keys_; }

  // What is to be sent and what the peer said, since they were last taken; each a datagram.
  using Datagrams = std::vector<std::vector<std::byte>>;
  [[nodiscard]] Datagrams take_outgoing();
  [[nodiscard]] Datagrams take_messages();

 private:
  friend struct DtlsDoor;  // what OpenSSL calls

  void advance();
  void read_messages();
  void finish();
  void end(State state);
  [[nodiscard]] std::optional<DtlsSrtpKeys> export_keys() const;

  struct SslFree {
    void operator()(ssl_st* ssl) const noexcept;
  };

  DtlsRole role_;
  DtlsUse use_;
  State state_ = State::handshaking;
  std::vector<Fingerprint> peer_;
  bool peer_is_known_ = false;           // its certificate had the fingerprint
  std::span<const std::byte> incoming_;  // the datagram at hand, until OpenSSL has taken it
  Datagrams outgoing_;
  Datagrams messages_;
  std::optional<DtlsSrtpKeys> keys_;
  std::unique_ptr<ssl_st, SslFree> ssl_;  // last: its end may still write
};

// Has every session of this context judge its peer by the fingerprints it was given.
void judge_peers(ssl_ctx_st* context);

}  // namespace assent::media

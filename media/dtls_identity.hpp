#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "media/fingerprint.hpp"
#include "media/sdes.hpp"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace assent::media {

struct DtlsContextFree {
  void operator()(ssl_ctx_st* context) const noexcept;
};

// The gateway's own certificate, self-signed and as good as its fingerprint in a description
// (RFC 8827 §6.5), and how it speaks DTLS: version 1.2, no resumption, no renegotiation, no
// cookies, the peer's certificate asked for. ECDSA P-256, whose signature costs a fortieth of
// RSA's.
//
// No cookies (RFC 6347 §4.2.1): they prove that a peer can be reached where it says it is, and its
// authentic ICE check has proved that before any byte of DTLS is looked at.
//
// Copies are cheap, of the same certificate, and good in any thread.
class DtlsIdentity {
 public:
  // `now`: since the epoch. The certificate is valid from a day before, for clocks that are late,
  // and for `certificate_life` after. nullopt: the library failed.
  [[nodiscard]] static std::optional<DtlsIdentity> make(std::chrono::seconds now,
                                                        const Entropy& entropy);

  DtlsIdentity(const DtlsIdentity& other);
  DtlsIdentity(DtlsIdentity&&) noexcept = default;
  DtlsIdentity& operator=(const DtlsIdentity& other);
  DtlsIdentity& operator=(DtlsIdentity&&) noexcept = default;
  ~DtlsIdentity() = default;

  // By SHA-256.
  [[nodiscard]] const Fingerprint& fingerprint() const { return fingerprint_; }
  [[nodiscard]] ssl_ctx_st* context() const { return context_.get(); }

  // Whether they are the same certificate.
  bool operator==(const DtlsIdentity& other) const { return context_ == other.context_; }

 private:
  using Context = std::unique_ptr<ssl_ctx_st, DtlsContextFree>;
  DtlsIdentity(Context context, const Fingerprint& fingerprint)
      : context_{std::move(context)}, fingerprint_{fingerprint} {}

  Context context_;
  Fingerprint fingerprint_;
};

inline constexpr std::chrono::hours certificate_life{24 * 30};

}  // namespace assent::media

#include "gateway/dtls_certificates.hpp"

namespace assent::gateway {

std::optional<media::DtlsIdentity> DtlsCertificates::current(
    std::chrono::system_clock::time_point now) {
  // Also when the clock was set back: the certificate must be valid now.
  const bool fresh = identity_ && now >= made_ && now < made_ + certificate_rotation;
  if (fresh) return identity_;
  auto made = media::DtlsIdentity::make(
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()), entropy_);
  if (!made) return std::nullopt;
  identity_ = std::move(made);
  made_ = now;
  return identity_;
}

}  // namespace assent::gateway

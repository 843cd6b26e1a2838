#pragma once

#include <chrono>
#include <optional>

#include "media/dtls_identity.hpp"
#include "media/sdes.hpp"

namespace assent::gateway {

// The certificate that new WebRTC legs describe themselves with. Another one each day, so that
// descriptions of one gateway are not linked for longer; legs that stand keep theirs.
class DtlsCertificates {
 public:
  explicit DtlsCertificates(media::Entropy entropy) : entropy_{std::move(entropy)} {}

  // nullopt: the system's cryptography fails.
  std::optional<media::DtlsIdentity> current(std::chrono::system_clock::time_point now);

 private:
  media::Entropy entropy_;
  std::optional<media::DtlsIdentity> identity_;
  std::chrono::system_clock::time_point made_;
};

inline constexpr std::chrono::hours certificate_rotation{24};

}  // namespace assent::gateway

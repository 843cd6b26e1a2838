#pragma once

#include <array>
#include <boost/system/result.hpp>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "gateway/fault.hpp"
#include "gateway/sha256.hpp"
#include "policy/time.hpp"

namespace assent::gateway {

// Whom a link to the consent page is for: one person in one place of a room. Bound to the subject,
// too: whoever takes the participant's id later is somebody else.
struct ConsentLink {
  std::string room;
  std::string participant;
  Sha256 subject{};      // its SHA-256
  std::string language;  // BCP 47; empty: none was asked for
  policy::WallTime expires{};
};

enum class LinkFault : unsigned char { forged, expired };

// Seals links into tokens and opens them. A token is authenticated and encrypted (AES-256-GCM,
// NIST SP 800-38D, a random nonce each), because proxies and browsers keep URLs: it shows no id to
// anybody. Nothing is kept of it, so it outlasts a restart for as long as the key does.
class ConsentLinks {
 public:
  using Key = std::array<std::byte, 32>;
  explicit ConsentLinks(const Key& key) : key_{key} {}

  // The file of the key: 64 hexadecimal digits. Made with mode 0600 when it is absent; one that
  // others can read is a fault.
  [[nodiscard]] static boost::system::result<ConsentLinks, Fault> open(
      const std::filesystem::path& file);

  // For a path of a URL: base64url without padding (RFC 4648 §5). Empty: OpenSSL fails.
  [[nodiscard]] std::string seal(const ConsentLink& link) const;
  // Whatever is not exactly what seal() made is forged.
  [[nodiscard]] boost::system::result<ConsentLink, LinkFault> open(std::string_view token,
                                                                   policy::WallTime now) const;

 private:
  Key key_;
};

}  // namespace assent::gateway

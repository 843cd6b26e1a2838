#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "media/endpoint.hpp"
#include "media/ice_check.hpp"
#include "media/sdes.hpp"
#include "media/time.hpp"

namespace assent::media {

// RFC 8445 §5.3. The password is a secret: nothing prints or logs it.
struct IceCredentials {
  std::string ufrag;
  std::string password;

  bool operator==(const IceCredentials&) const = default;
};

// 48 bits of ufrag, so that no two legs of a port share one and none is guessed; 144 of password.
[[nodiscard]] IceCredentials make_ice_credentials(const Entropy& entropy);

// RFC 8839 §5.4: 4 to 256 ice-chars, 22 to 256.
[[nodiscard]] bool is_ice_ufrag(std::string_view text);
[[nodiscard]] bool is_ice_password(std::string_view text);

// RFC 7675 §5.1: consent to send is over this long after it was last given.
inline constexpr std::chrono::seconds ice_consent{30};
inline constexpr std::size_t ice_addresses_max = 8;

// The lite agent (RFC 8445 §2.5) of one transport, always controlled: it answers the peer's checks
// and never makes any. What it learns it learns from authentic checks alone.
//
// It has no answers of its own to live on (RFC 7675 is about full agents), so that consent is what
// the peer's checks renew: whoever stops asking, or cannot be heard any more, is sent no media.
class IceLite {
 public:
  // `remote_ufrag`: as the peer's description said it.
  IceLite(IceCredentials local, std::string remote_ufrag);

  // RFC 8445 §9: other credentials. Media goes on to where it went until the peer nominates anew.
  void restart(IceCredentials local, std::string remote_ufrag);

  // One STUN message. The answer is to go to `from`, whence it came; empty: none is due. To what is
  // not authentic nothing is answered, not even the 400 and 401 of RFC 8489 §9.1.3: this port
  // would send to any address that somebody writes into a datagram.
  [[nodiscard]] IceAnswer handle(TimePoint now, const Endpoint& from,
                                 std::span<const std::byte> datagram);

  // An authentic check came from there; the last ice_addresses_max are remembered.
  [[nodiscard]] bool is_valid(const Endpoint& address) const;
  // Where the peer wants to be sent to: what it nominated last. Its local address is always the
  // port that the check came in by.
  [[nodiscard]] const std::optional<Endpoint>& selected() const { return selected_; }
  // Until when that may be sent to.
  [[nodiscard]] TimePoint consent_until() const { return consent_until_; }

  [[nodiscard]] const IceCredentials& local() const { return local_; }
  [[nodiscard]] const std::string& remote_ufrag() const { return remote_ufrag_; }

 private:
  void remember(const Endpoint& from);

  IceCredentials local_;
  std::string remote_ufrag_;
  std::vector<Endpoint> valid_;  // the oldest first
  std::optional<Endpoint> selected_;
  TimePoint consent_until_{};
};

}  // namespace assent::media

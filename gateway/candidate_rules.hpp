#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "media/endpoint.hpp"

namespace assent::gateway {

struct IpNetwork {
  media::Endpoint first;  // port 0
  unsigned bits = 128;    // of the address as IPv6 (IPv4-mapped)

  bool operator==(const IpNetwork&) const = default;
};
// "10.0.0.0/8", "2001:db8::/32"; a single address needs no length. nullopt: anything else, also a
// network with bits set behind its length.
[[nodiscard]] std::optional<IpNetwork> parse_network(std::string_view text);

// To which addresses of a session description ICE's checks may be sent. Whoever writes one could
// have the gateway knock at doors that only it can reach. Global addresses may be checked, those
// that the gateway itself listens on, and this machine or private ones where it listens on such an
// address: there its servers are. The rest must be opened by name; multicast and "any address"
// cannot be.
class CandidateRules {
 public:
  // `own`: where the gateway listens, and what it announces.
  CandidateRules(std::vector<media::Endpoint> own, std::vector<IpNetwork> opened);

  [[nodiscard]] bool allows(const media::Endpoint& candidate) const;

 private:
  std::vector<media::Endpoint> own_;
  std::vector<IpNetwork> opened_;
  bool loopback_ = false;
  bool private_ = false;
};

}  // namespace assent::gateway

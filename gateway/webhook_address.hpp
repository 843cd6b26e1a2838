#pragma once

#include <boost/asio/ip/address.hpp>

namespace assent::gateway {

// Whether a webhook may be sent there. Names resolve to whatever their owner likes, so the address
// is judged, not the name. Without `allow_private` only global unicast addresses may be reached
// (registries of IANA: special-purpose addresses, RFC 6890). With it also this machine (127.0.0.0/8
// and ::1), RFC 1918, RFC 6598 and RFC 4193. Link-local addresses, those under which clouds give
// machines their credentials, multicast and reserved ones may never be reached.
// An IPv6 form that carries an IPv4 address (mapped, NAT64 of RFC 6052) is judged as that one.
[[nodiscard]] bool may_reach(const boost::asio::ip::address& address, bool allow_private);

}  // namespace assent::gateway

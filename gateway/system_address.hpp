#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstring>

#include "media/endpoint.hpp"

// Addresses as the system takes and gives them. In a header, for they stand on the packet path.
namespace assent::gateway {

// IPv4 as sockaddr_in, IPv6 as sockaddr_in6; both fit the larger one. Gives the length.
inline socklen_t to_system(const media::Endpoint& endpoint, sockaddr_in6& out) {
  if (endpoint.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, endpoint.address.data() + 12, 4);
    std::memcpy(&out, &v4, sizeof v4);
    return sizeof v4;
  }
  out = {};
  out.sin6_family = AF_INET6;
  out.sin6_port = htons(endpoint.port);
  std::memcpy(&out.sin6_addr, endpoint.address.data(), 16);
  return sizeof out;
}

[[nodiscard]] inline media::Endpoint from_system(const sockaddr_in6& address) {
  media::Endpoint endpoint;
  if (address.sin6_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    endpoint.port = ntohs(v4.sin_port);
    endpoint.address[10] = endpoint.address[11] = std::byte{0xff};
    std::memcpy(endpoint.address.data() + 12, &v4.sin_addr, 4);
  } else {
    endpoint.port = ntohs(address.sin6_port);
    std::memcpy(endpoint.address.data(), &address.sin6_addr, 16);
  }
  return endpoint;
}

}  // namespace assent::gateway

#include "media/endpoint.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace assent::media {
namespace {

constexpr std::array<std::byte, 12> mapped_prefix{
    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0xff}, std::byte{0xff}};

}  // namespace

bool Endpoint::is_v4() const {
  return std::equal(mapped_prefix.begin(), mapped_prefix.end(), address.begin());
}

std::optional<Endpoint> parse_endpoint(std::string_view address, std::uint16_t port) {
  std::array<char, INET6_ADDRSTRLEN> text{};  // inet_pton reads to a terminator
  if (address.size() >= text.size() || address.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::ranges::copy(address, text.begin());

  Endpoint endpoint{.address = {}, .port = port};
  if (inet_pton(AF_INET6, text.data(), endpoint.address.data()) == 1) return endpoint;
  std::ranges::copy(mapped_prefix, endpoint.address.begin());
  if (inet_pton(AF_INET, text.data(), endpoint.address.data() + mapped_prefix.size()) == 1) {
    return endpoint;
  }
  return std::nullopt;
}

std::string address_text(const Endpoint& endpoint) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = endpoint.is_v4();
  const std::byte* bytes = endpoint.address.data() + (v4 ? mapped_prefix.size() : 0);
  inet_ntop(v4 ? AF_INET : AF_INET6, bytes, text.data(), text.size());
  return std::string{text.data()};
}

}  // namespace assent::media

#include "gateway/webhook_address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>

namespace assent::gateway {
namespace {

namespace ip = boost::asio::ip;

struct NetworkV4 {
  std::uint32_t first;
  unsigned bits;
};

constexpr std::uint32_t v4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return a << 24U | b << 16U | c << 8U | d;
}

// What the operator may open by allow_private.
constexpr NetworkV4 private_networks[] = {{v4(10, 0, 0, 0), 8},
                                          {v4(100, 64, 0, 0), 10},
                                          {v4(127, 0, 0, 0), 8},
                                          {v4(172, 16, 0, 0), 12},
                                          {v4(192, 168, 0, 0), 16}};

constexpr NetworkV4 closed_networks[] = {
    {v4(0, 0, 0, 0), 8},        {v4(100, 100, 100, 200), 32},  // metadata of a cloud
    {v4(168, 63, 129, 16), 32},                                // metadata of a cloud
    {v4(169, 254, 0, 0), 16},   // link-local, and metadata of most clouds
    {v4(192, 0, 0, 0), 24},     // protocol assignments, and metadata of a cloud
    {v4(192, 0, 2, 0), 24},     // documentation
    {v4(192, 88, 99, 0), 24},   // 6to4 relays
    {v4(198, 18, 0, 0), 15},    // benchmarks
    {v4(198, 51, 100, 0), 24},  // documentation
    {v4(203, 0, 113, 0), 24},   // documentation
    {v4(224, 0, 0, 0), 3}};     // multicast, reserved, broadcast

template <std::size_t N>
bool is_in(const NetworkV4 (&networks)[N], std::uint32_t address) {
  return std::any_of(std::begin(networks), std::end(networks), [&](const NetworkV4& network) {
    return (address ^ network.first) >> (32U - network.bits) == 0;
  });
}

bool may_reach_v4(std::uint32_t address, bool allow_private) {
  if (is_in(closed_networks, address)) return false;
  return allow_private || !is_in(private_networks, address);
}

using Bytes = ip::address_v6::bytes_type;

bool starts_with(const Bytes& address, std::initializer_list<unsigned char> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.begin());
}

bool may_reach_v6(const ip::address_v6& address, bool allow_private) {
  const Bytes bytes = address.to_bytes();
  const std::uint32_t last = v4(bytes[12], bytes[13], bytes[14], bytes[15]);
  const bool mapped = starts_with(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff});
  const bool nat64 = starts_with(bytes, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0});
  if (mapped || nat64) return may_reach_v4(last, allow_private);
  if (address.is_loopback()) return allow_private;
  if ((bytes[0] & 0xfeU) == 0xfcU) {  // unique local, less the metadata of clouds
    const bool metadata = address == ip::make_address_v6("fd00:ec2::254") ||
                          address == ip::make_address_v6("fd20:ce::254");
    return allow_private && !metadata;
  }
  const bool global = (bytes[0] & 0xe0U) == 0x20U;
  const bool special = starts_with(bytes, {0x20, 0x02}) ||                     // 6to4 carries IPv4
                       (starts_with(bytes, {0x20, 0x01}) && bytes[2] < 2) ||   // Teredo and others
                       starts_with(bytes, {0x20, 0x01, 0x0d, 0xb8}) ||         // documentation
                       (starts_with(bytes, {0x3f, 0xff}) && bytes[2] < 0x10);  // documentation
  return global && !special;
}

}  // namespace

bool may_reach(const ip::address& address, bool allow_private) {
  return address.is_v4() ? may_reach_v4(address.to_v4().to_uint(), allow_private)
                         : may_reach_v6(address.to_v6(), allow_private);
}

}  // namespace assent::gateway

// Where a webhook may go: of 4 or 16 bytes as an address, of other text as a URL.
#include "gateway/webhook_address.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/webhook_url.hpp"

using namespace assent::gateway;
namespace ip = boost::asio::ip;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_v4(const ip::address_v4& address) {
  const bool open = may_reach(address, false);
  const bool may = may_reach(address, true);
  require(may || !open);
  if (address.is_multicast() || address.is_unspecified()) require(!may);
  if (address.is_loopback()) require(!open);
  const auto bytes = address.to_bytes();
  if (bytes[0] == 169 && bytes[1] == 254) require(!may);
  const auto mapped = ip::make_address_v6(ip::v4_mapped, address);
  require(may_reach(mapped, true) == may && may_reach(mapped, false) == open);
  ip::address_v6::bytes_type nat64{0, 0x64, 0xff, 0x9b};  // RFC 6052
  std::ranges::copy(bytes, nat64.begin() + 12);
  require(may_reach(ip::address_v6{nat64}, false) == open ||
          !may_reach(ip::address_v6{nat64}, false));
}

void check_v6(const ip::address_v6& address) {
  const bool open = may_reach(address, false);
  const bool may = may_reach(address, true);
  require(may || !open);
  if (address.is_multicast() || address.is_unspecified() || address.is_link_local()) require(!may);
  if (address.is_loopback()) require(!open);
  if (open && !address.is_v4_mapped()) {
    const auto first = address.to_bytes()[0];
    require((first >> 5U) == 1 || first == 0);  // 2000::/3, or one that carries an IPv4 address
  }
}

void check_url(std::string_view text) {
  const auto url = parse_webhook_url(text);
  if (!url) return;
  require(!url->host.empty() && url->port != 0 && url->target.starts_with('/'));
  for (const auto* const part : {&url->host, &url->target})
    for (const char c : *part)
      require(static_cast<unsigned char>(c) > ' ' && c != 127);  // no second line, no second word
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ip::address_v4::bytes_type four;
  ip::address_v6::bytes_type sixteen;
  if (size == four.size()) {
    std::copy_n(data, size, four.begin());
    check_v4(ip::address_v4{four});
  }
  if (size == sixteen.size()) {
    std::copy_n(data, size, sixteen.begin());
    check_v6(ip::address_v6{sixteen});
  }
  check_url({reinterpret_cast<const char*>(data), size});
  return 0;
}

#include "gateway/candidate_rules.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

#include "gateway/socket_address.hpp"
#include "gateway/webhook_address.hpp"

namespace assent::gateway {
namespace {

constexpr unsigned mapped_bits = 96;  // of an IPv4-mapped address before the IPv4 one

boost::asio::ip::address address_of(const media::Endpoint& endpoint) {
  boost::asio::ip::address_v6::bytes_type bytes{};
  std::transform(endpoint.address.begin(), endpoint.address.end(), bytes.begin(),
                 [](std::byte byte) { return std::to_integer<unsigned char>(byte); });
  return boost::asio::ip::address_v6{bytes};
}

bool is_private(const media::Endpoint& endpoint) {
  const auto address = address_of(endpoint);
  return !is_loopback(endpoint) && may_reach(address, true) && !may_reach(address, false);
}

unsigned bit_of(const media::Endpoint& endpoint, unsigned position) {
  return std::to_integer<unsigned>(endpoint.address[position / 8]) >> (7 - position % 8) & 1U;
}

bool is_in(const IpNetwork& network, const media::Endpoint& endpoint) {
  for (unsigned i = 0; i < network.bits; ++i) {
    if (bit_of(network.first, i) != bit_of(endpoint, i)) return false;
  }
  return true;
}

}  // namespace

std::optional<IpNetwork> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto first = media::parse_endpoint(text.substr(0, slash), 0);
  if (!first) return std::nullopt;
  IpNetwork network{*first, 128};
  if (slash == std::string_view::npos) return network;
  const auto digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, bits);
  if (error != std::errc{} || stopped != end || bits > (first->is_v4() ? 32U : 128U))
    return std::nullopt;
  network.bits = first->is_v4() ? mapped_bits + bits : bits;
  for (unsigned i = network.bits; i < 128; ++i) {
    if (bit_of(*first, i) != 0) return std::nullopt;
  }
  return network;
}

CandidateRules::CandidateRules(std::vector<media::Endpoint> own, std::vector<IpNetwork> opened)
    : own_{std::move(own)},
      opened_{std::move(opened)},
      loopback_{std::ranges::any_of(own_, is_loopback)},
      private_{std::ranges::any_of(own_, is_private)} {}

bool CandidateRules::allows(const media::Endpoint& candidate) const {
  if (is_multicast(candidate) || is_wildcard(candidate)) return false;
  if (std::ranges::find(own_, candidate.address, &media::Endpoint::address) != own_.end())
    return true;
  const auto covers = [&candidate](const IpNetwork& network) { return is_in(network, candidate); };
  if (std::ranges::any_of(opened_, covers)) return true;
  if (is_loopback(candidate)) return loopback_;
  return may_reach(address_of(candidate), private_);
}

}  // namespace assent::gateway

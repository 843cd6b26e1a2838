#include "gateway/cdr.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace assent::gateway {

CdrEntry to_entry(const Cdr& cdr) {
  CdrEntry entry;
  entry.session = cdr.session;
  entry.room = cdr.room;
  entry.participant = cdr.participant;
  entry.subject = cdr.subject;
  entry.record_seq = cdr.record_seq;
  entry.kind = to_string(cdr.kind);
  entry.at = cdr.at;
  entry.json = to_json(cdr);
  return entry;
}

Cdr closed_after(const Cdr& last, CauseForClosing cause, WallTime now) {
  Cdr stop = last;
  stop.id.reset();
  stop.kind = CdrKind::stop;
  stop.record_seq = last.record_seq + 1;
  stop.cause = cause;
  stop.at = std::max(now, last.at);
  for (auto& leg : stop.legs)
    for (auto& route : leg.routes)
      route.delivered.clear();
  return stop;
}

std::uint64_t CdrRoute::ingress(std::uint64_t of_leg) const {
  const std::uint64_t end = detached_at.value_or(of_leg);
  return earlier_ingress + (end >= attached_at ? end - attached_at : 0);
}

namespace {

std::uint64_t accounted(const CdrRoute& route) {
  std::uint64_t packets = route.packets;
  for (const auto& [reason, withheld] : route.withheld)
    packets += withheld;
  return packets;
}

}  // namespace

std::vector<Imbalance> imbalances(const Cdr& cdr) {
  std::vector<Imbalance> found;
  for (std::size_t l = 0; l < cdr.legs.size(); ++l) {
    const CdrLeg& leg = cdr.legs[l];
    for (std::size_t r = 0; r < leg.routes.size(); ++r) {
      const CdrRoute& route = leg.routes[r];
      const std::uint64_t end = route.detached_at.value_or(leg.packets);
      const std::uint64_t ingress = route.ingress(leg.packets);
      const bool ordered = route.earlier_ingress <= route.attached_at && route.attached_at <= end &&
                           end <= leg.packets;
      if (!ordered || ingress != accounted(route)) {
        found.push_back({l, r, ingress, accounted(route)});
      }
    }
  }
  return found;
}

std::string truncated_address(std::string_view address) {
  namespace ip = boost::asio::ip;
  constexpr std::size_t v4_kept = 3;  // bytes: /24
  constexpr std::size_t v6_kept = 6;  // bytes: /48
  boost::system::error_code error;
  auto parsed = ip::make_address(address.substr(0, address.find('/')), error);
  if (error) return {};
  // An IPv4 address that came over an IPv6 socket is one of IPv4: /48 of it would be all zero.
  if (parsed.is_v6() && parsed.to_v6().is_v4_mapped()) {
    parsed = ip::make_address_v4(ip::v4_mapped, parsed.to_v6());
  }
  if (parsed.is_v4()) {
    auto bytes = parsed.to_v4().to_bytes();
    std::fill(bytes.begin() + v4_kept, bytes.end(), std::uint8_t{0});
    return ip::make_address_v4(bytes).to_string() + "/24";
  }
  auto bytes = parsed.to_v6().to_bytes();  // without the scope: it names an interface
  std::fill(bytes.begin() + v6_kept, bytes.end(), std::uint8_t{0});
  return ip::make_address_v6(bytes).to_string() + "/48";
}

}  // namespace assent::gateway

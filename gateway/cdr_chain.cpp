#include "gateway/cdr_chain.hpp"

#include <algorithm>
#include <utility>

namespace assent::gateway {
namespace {

constexpr std::uint64_t version_of_news = 3;  // before it, every record lists all intervals

bool is_same(const DeliveredInterval& a, const DeliveredInterval& b) {
  return a.ssrc == b.ssrc && a.epoch == b.epoch && a.first_sequence == b.first_sequence;
}

// `news` in the place of what `known` has of the same names, or behind it.
std::vector<DeliveredInterval> merged(std::vector<DeliveredInterval> known,
                                      const std::vector<DeliveredInterval>& news) {
  for (const auto& interval : news) {
    // What grows is among the last.
    const auto same = std::find_if(known.rbegin(), known.rend(),
                                   [&](const auto& other) { return is_same(other, interval); });
    if (same == known.rend()) {
      known.push_back(interval);
    } else {
      *same = interval;
    }
  }
  return known;
}

std::uint64_t packets_in(const std::vector<DeliveredInterval>& intervals) {
  std::uint64_t packets = 0;
  for (const auto& interval : intervals)
    packets += interval.packets;
  return packets;
}

}  // namespace

std::vector<CdrChain::Difference> CdrChain::add(Cdr next) {
  const bool goes_on = next.opened == whole_.opened && next.record_seq > whole_.record_seq &&
                       next.kind != CdrKind::start;
  std::vector<Difference> differences;
  for (std::size_t l = 0; l < next.legs.size(); ++l) {
    auto& routes = next.legs[l].routes;
    for (std::size_t r = 0; r < routes.size(); ++r) {
      const bool has_earlier = goes_on && next.version >= version_of_news &&
                               l < whole_.legs.size() && r < whole_.legs[l].routes.size();
      if (has_earlier) {
        routes[r].delivered =
            merged(std::move(whole_.legs[l].routes[r].delivered), routes[r].delivered);
      }
      const std::uint64_t listed = packets_in(routes[r].delivered);
      if (listed != routes[r].packets) differences.push_back({l, r, routes[r].packets, listed});
    }
  }
  whole_ = std::move(next);
  return differences;
}

}  // namespace assent::gateway

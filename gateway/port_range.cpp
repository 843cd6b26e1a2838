#include "gateway/port_range.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace assent::gateway {

PortLease::PortLease(PortLease&& other) noexcept
    : range_{std::exchange(other.range_, nullptr)}, port_{other.port_} {}

PortLease& PortLease::operator=(PortLease&& other) noexcept {
  std::swap(range_, other.range_);
  std::swap(port_, other.port_);
  return *this;
}

PortLease::~PortLease() {
  if (range_ != nullptr) range_->give_back(port_);
}

PortRange::PortRange(std::uint16_t first, std::uint16_t last, std::uint64_t seed) : state_{seed} {
  for (unsigned port = first + first % 2U; port + 1 <= last; port += 2) {
    free_.push_back(static_cast<std::uint16_t>(port));
  }
  std::mt19937_64 order{state_};
  std::shuffle(free_.begin(), free_.end(), order);
}

std::optional<PortRange::Opened> PortRange::open(media::Endpoint address) {
  // A pair that another program holds goes to the back of the queue; each is tried once.
  for (std::size_t tries = free_.size(); tries > 0; --tries) {
    const std::uint16_t port = free_.back();
    free_.pop_back();
    address.port = port;
    auto rtp = UdpPort::bind(address);
    boost::system::error_code error = rtp ? boost::system::error_code{} : rtp.error();
    if (rtp) {
      address.port = static_cast<std::uint16_t>(port + 1);
      auto rtcp = UdpPort::bind(address);
      if (rtcp) {
        ++used_;
        return Opened{PortLease{*this, port}, LegPorts{std::move(*rtp), std::move(*rtcp)}};
      }
      error = rtcp.error();
    }
    free_.insert(free_.begin(), port);
    if (error != boost::system::errc::address_in_use) return std::nullopt;
  }
  return std::nullopt;
}

void PortRange::give_back(std::uint16_t port) {
  --used_;
  // Somewhere among the free ones, not next: late packets of the old call find nobody.
  state_ = state_ * 6364136223846793005U + 1442695040888963407U;
  free_.push_back(port);
  std::swap(free_.back(), free_[(state_ >> 33) % free_.size()]);
}

}  // namespace assent::gateway

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/media_path.hpp"
#include "media/endpoint.hpp"

namespace assent::gateway {

class PortRange;

// A pair of ports, RTP on the even one and RTCP above it (RFC 3550 §11), for as long as it lives.
class PortLease {
 public:
  PortLease(PortRange& range, std::uint16_t port) : range_{&range}, port_{port} {}
  PortLease(PortLease&& other) noexcept;
  PortLease& operator=(PortLease&& other) noexcept;
  ~PortLease();

 private:
  PortRange* range_;
  std::uint16_t port_;
};

// Which ports of the configured range are free. Handed out in an order that nobody can guess, so
// that a sprayer does not know where the next call will be. Control thread only.
class PortRange {
 public:
  // Both ends belong to it; `seed` comes from the operating system's entropy.
  PortRange(std::uint16_t first, std::uint16_t last, std::uint64_t seed);

  struct Opened {
    PortLease lease;
    LegPorts ports;
  };
  // Binds a pair on `address` (its port is not looked at). Nothing: no pair could be had.
  std::optional<Opened> open(media::Endpoint address);

  [[nodiscard]] std::size_t free_pairs() const { return free_.size(); }
  [[nodiscard]] std::size_t used_pairs() const { return used_; }

 private:
  friend class PortLease;
  void give_back(std::uint16_t port);

  std::vector<std::uint16_t> free_;  // even ports
  std::size_t used_ = 0;
  std::uint64_t state_;
};

}  // namespace assent::gateway

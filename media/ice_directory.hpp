#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "media/endpoint.hpp"
#include "media/leg.hpp"

namespace assent::media {

// Whose a datagram is that arrived on a port of many legs: a check's by the name it asks for, all
// else by the address it came from. An address becomes a leg's by an authentic check alone.
class IceDirectory {
 public:
  // A leg answers to `ufrag` from now on, and to no other.
  void listen(LegId leg, std::string_view ufrag);
  void remove(LegId leg);

  [[nodiscard]] std::optional<LegId> named(std::string_view ufrag) const;
  // No allocation: asked for every packet.
  [[nodiscard]] std::optional<LegId> at(const Endpoint& from) const;

  // An authentic check of this leg came from there. Another leg's address stays the other's while
  // `held` says so: nobody takes over what somebody lives on.
  template <class Held>
  void learn(LegId leg, const Endpoint& from, Held&& held) {
    const auto owner = at(from);
    if (owner == leg || (owner && held(*owner))) return;
    assign(leg, from);
  }

  [[nodiscard]] std::size_t addresses() const { return by_address_.size(); }

 private:
  // Seldom more than a few a leg; beyond that the oldest is forgotten.
  static constexpr std::size_t addresses_per_leg_max = 16;

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct EndpointHash {
    std::size_t operator()(const Endpoint& endpoint) const {
      return std::hash<std::string_view>{}(
                 {reinterpret_cast<const char*>(endpoint.address.data()), 16}) ^
             (std::size_t{endpoint.port} * 0x9E3779B97F4A7C15ULL);
    }
  };
  struct Entry {
    std::string ufrag;
    std::vector<Endpoint> addresses;  // the oldest first
  };

  void assign(LegId leg, const Endpoint& from);

  std::unordered_map<std::string, LegId, TextHash, std::equal_to<>> by_ufrag_;
  std::unordered_map<Endpoint, LegId, EndpointHash> by_address_;
  std::unordered_map<LegId, Entry> legs_;
};

}  // namespace assent::media

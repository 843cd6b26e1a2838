#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "media/endpoint.hpp"
#include "media/stun.hpp"

namespace assent::media {

// What both kinds of agent do alike with a check that arrives.

struct IceAnswer {
  std::array<std::byte, 128> bytes;
  std::size_t size = 0;  // 0: none is due

  [[nodiscard]] std::span<const std::byte> view() const { return std::span{bytes}.first(size); }
};

// A datagram on its way out.
struct IceDatagram {
  Endpoint to;
  std::vector<std::byte> bytes;
};

// A request of this generation (RFC 8445 §7.2.2: our ufrag, a colon, the peer's) that whoever sent
// it sealed with our password.
[[nodiscard]] bool is_check_for(const StunMessage& check, std::string_view local_ufrag,
                                std::string_view remote_ufrag, std::string_view password);

[[nodiscard]] IceAnswer answer_check(const StunMessage& check, const Endpoint& from,
                                     std::string_view password);
[[nodiscard]] IceAnswer refuse_check(const StunMessage& check, StunError why,
                                     std::string_view password);

}  // namespace assent::media

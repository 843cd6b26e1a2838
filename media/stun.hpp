#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "media/endpoint.hpp"

namespace assent::media {

// STUN as ICE speaks it (RFC 8489, RFC 8445 §16): short-term credentials by HMAC-SHA1, and
// FINGERPRINT. No TURN, no long-term credentials.

enum class StunClass : std::uint8_t { request = 0, indication = 1, success = 2, error = 3 };

inline constexpr std::uint16_t stun_binding = 0x001;  // the only method of ICE

using StunTransaction = std::array<std::byte, 12>;

// RFC 8489 §14.8, RFC 8445 §16.1
enum class StunError : std::uint16_t {
  bad_request = 400,
  unauthenticated = 401,
  unknown_attribute = 420,
  role_conflict = 487,
};

inline constexpr std::size_t stun_header_bytes = 20;
// A check is no longer; what is goes unread.
inline constexpr std::size_t stun_bytes_max = 548;
inline constexpr std::size_t stun_unknown_max = 8;

// One message, its lengths and its FINGERPRINT sound; nothing of it is authentic before
// is_authentic() says so. It looks into the datagram it was read from.
struct StunMessage {
  StunClass kind = StunClass::request;
  std::uint16_t method = 0;
  StunTransaction transaction{};

  std::string_view username;
  std::optional<std::uint32_t> priority;
  bool use_candidate = false;
  std::optional<std::uint64_t> ice_controlling;  // the tie-breaker
  std::optional<std::uint64_t> ice_controlled;
  std::optional<std::uint16_t> error_code;
  std::optional<Endpoint> mapped;  // XOR-MAPPED-ADDRESS

  // Comprehension-required attributes that nobody here knows; those above the limit go unsaid.
  std::array<std::uint16_t, stun_unknown_max> unknown{};
  std::size_t unknown_count = 0;

  std::span<const std::byte> bytes;
  std::size_t integrity_at = 0;  // where MESSAGE-INTEGRITY begins; 0: there is none

  // RFC 8445 §7.2.2: "<who is asked>:<who asks>".
  [[nodiscard]] std::string_view asked() const { return username.substr(0, username.find(':')); }
};

// nullopt: no STUN message, one whose lengths do not fit, whose FINGERPRINT is absent or wrong
// (RFC 8489 §6.3), or with an attribute of a known type and an unfit value. What follows
// MESSAGE-INTEGRITY is not read, FINGERPRINT apart (§14.5).
[[nodiscard]] std::optional<StunMessage> parse_stun(std::span<const std::byte> datagram);

// By the short-term credential `password` (§9.1); in time that does not depend on where it differs.
[[nodiscard]] bool is_authentic(const StunMessage& message, std::string_view password);

// Writes one message into an array of its own; parts in the order of the calls, seal() last.
class StunWriter {
 public:
  StunWriter(StunClass kind, const StunTransaction& transaction);

  // Every value is within its limit by type, but for `text`, which is cut at 513 bytes (§14.3).
  StunWriter& username(std::string_view text);
  StunWriter& priority(std::uint32_t value);
  StunWriter& use_candidate();
  StunWriter& ice_controlling(std::uint64_t tie_breaker);
  StunWriter& ice_controlled(std::uint64_t tie_breaker);
  StunWriter& mapped(const Endpoint& endpoint);
  StunWriter& error(StunError code);
  StunWriter& unknown(std::span<const std::uint16_t> types);

  // Adds FINGERPRINT, and MESSAGE-INTEGRITY before it unless the password is empty.
  [[nodiscard]] std::span<const std::byte> seal(std::string_view password);

 private:
  std::span<std::byte> attribute(std::uint16_t type, std::size_t size);
  void number(std::uint16_t type, std::uint64_t value);
  void set_length(std::size_t size);

  static constexpr std::size_t username_bytes_max = 513;
  std::array<std::byte, 768> bytes_{};
  std::size_t size_ = stun_header_bytes;
};

}  // namespace assent::media

#include "media/stun.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <string>

#include "media/byte_order.hpp"

namespace assent::media {
namespace {

constexpr std::uint32_t magic_cookie = 0x2112A442;  // RFC 8489 §5
constexpr std::uint32_t fingerprint_mask = 0x5354554E;
constexpr std::size_t attribute_header_bytes = 4;
constexpr std::size_t integrity_bytes = 20;
constexpr std::size_t fingerprint_bytes = 4;
constexpr std::size_t mapped_v4_bytes = 8;
constexpr std::size_t mapped_v6_bytes = 20;

// RFC 8489 §18.3, RFC 8445 §20.2
namespace attribute_type {
constexpr std::uint16_t mapped_address = 0x0001;
constexpr std::uint16_t username = 0x0006;
constexpr std::uint16_t message_integrity = 0x0008;
constexpr std::uint16_t error_code = 0x0009;
constexpr std::uint16_t unknown_attributes = 0x000A;
constexpr std::uint16_t message_integrity_sha256 = 0x001C;
constexpr std::uint16_t xor_mapped_address = 0x0020;
constexpr std::uint16_t priority = 0x0024;
constexpr std::uint16_t use_candidate = 0x0025;
constexpr std::uint16_t fingerprint = 0x8028;
constexpr std::uint16_t ice_controlled = 0x8029;
constexpr std::uint16_t ice_controlling = 0x802A;
}  // namespace attribute_type

constexpr bool is_required(std::uint16_t type) {
  return type < 0x8000;
}

constexpr std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1U) != 0 ? (value >> 1) ^ 0xEDB88320U : value >> 1;
    table[i] = value;
  }
  return table;
}

// The CRC-32 of ITU V.42 (RFC 8489 §14.7).
std::uint32_t crc32(std::span<const std::byte> bytes) {
  static constexpr auto table = make_crc_table();
  std::uint32_t value = 0xFFFFFFFF;
  for (const auto byte : bytes)
    value = table[(value ^ std::to_integer<std::uint32_t>(byte)) & 0xFF] ^ (value >> 8);
  return ~value;
}

std::uint64_t load_be64(std::span<const std::byte> bytes) {
  return std::uint64_t{load_be32(bytes, 0)} << 32 | load_be32(bytes, 4);
}

using Mac = std::array<unsigned char, integrity_bytes>;

// Of `covered`, whose header is as if the message ended with MESSAGE-INTEGRITY (§14.5).
std::optional<Mac> mac_of(std::span<const std::byte> covered, std::string_view password) {
  Mac mac{};
  unsigned size = 0;
  const auto* const done = HMAC(EVP_sha1(), password.data(), static_cast<int>(password.size()),
                                reinterpret_cast<const unsigned char*>(covered.data()),
                                covered.size(), mac.data(), &size);
  if (done == nullptr || size != mac.size()) return std::nullopt;
  return mac;
}

// The address is masked with the cookie and, for IPv6, the transaction (§14.2): its own inverse.
void apply_mask(Endpoint& endpoint, const StunTransaction& transaction) {
  std::array<std::byte, 16> mask{};
  store_be32(mask, 0, magic_cookie);
  std::ranges::copy(transaction, mask.begin() + 4);
  const std::size_t first = endpoint.is_v4() ? 12 : 0;
  for (std::size_t i = first; i < endpoint.address.size(); ++i)
    endpoint.address[i] ^= mask[i - first];
  endpoint.port = static_cast<std::uint16_t>(endpoint.port ^ (magic_cookie >> 16));
}

std::optional<Endpoint> read_mapped(std::span<const std::byte> value,
                                    const StunTransaction& transaction) {
  if (value.size() != mapped_v4_bytes && value.size() != mapped_v6_bytes) return std::nullopt;
  const bool v4 = value.size() == mapped_v4_bytes;
  if (value[1] != (v4 ? std::byte{1} : std::byte{2})) return std::nullopt;
  Endpoint endpoint;
  endpoint.port = load_be16(value, 2);
  if (v4) endpoint.address[10] = endpoint.address[11] = std::byte{0xff};
  std::ranges::copy(value.subspan(4), endpoint.address.begin() + (v4 ? 12 : 0));
  const bool masked_as_v4 = endpoint.is_v4();
  if (masked_as_v4 != v4) return std::nullopt;  // an IPv6 address that would be taken for the other
  apply_mask(endpoint, transaction);
  return endpoint;
}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> datagram) { message_.bytes = datagram; }

  std::optional<StunMessage> read() {
    if (!read_header() || !read_attributes()) return std::nullopt;
    return message_;
  }

 private:
  bool read_header() {
    const auto bytes = message_.bytes;
    if (bytes.size() < stun_header_bytes || bytes.size() > stun_bytes_max) return false;
    const auto type = load_be16(bytes, 0);
    const auto length = load_be16(bytes, 2);
    if ((type & 0xC000) != 0 || length % 4 != 0) return false;
    if (stun_header_bytes + length != bytes.size() || load_be32(bytes, 4) != magic_cookie) {
      return false;
    }
    // RFC 8489 §5: the class stands in bits 4 and 8, between the method's.
    message_.kind = static_cast<StunClass>((type >> 7 & 2) | (type >> 4 & 1));
    message_.method =
        static_cast<std::uint16_t>((type >> 2 & 0xF80) | (type >> 1 & 0x70) | (type & 0xF));
    std::ranges::copy(bytes.subspan(8, 12), message_.transaction.begin());
    return true;
  }

  bool read_attributes() {
    const auto bytes = message_.bytes;
    std::size_t at = stun_header_bytes;
    while (bytes.size() - at >= attribute_header_bytes) {
      const auto type = load_be16(bytes, at);
      const std::size_t size = load_be16(bytes, at + 2);
      if (padded(size) > bytes.size() - at - attribute_header_bytes) return false;
      const auto value = bytes.subspan(at + attribute_header_bytes, size);
      if (type == attribute_type::fingerprint) return is_fingerprint(at, value);
      if (!integrity_seen_ && !take(type, value, at)) return false;
      at += attribute_header_bytes + padded(size);
    }
    return false;  // no FINGERPRINT
  }

  // RFC 8489 §14.7: it is the last attribute.
  [[nodiscard]] bool is_fingerprint(std::size_t at, std::span<const std::byte> value) const {
    const auto bytes = message_.bytes;
    return value.size() == fingerprint_bytes &&
           at + attribute_header_bytes + fingerprint_bytes == bytes.size() &&
           load_be32(value, 0) == (crc32(bytes.first(at)) ^ fingerprint_mask);
  }

  bool take(std::uint16_t type, std::span<const std::byte> value, std::size_t at) {
    switch (type) {
      case attribute_type::message_integrity:
        integrity_seen_ = true;
        message_.integrity_at = at;
        return value.size() == integrity_bytes;
      case attribute_type::message_integrity_sha256:
        integrity_seen_ = true;  // not spoken here: what it covers stays unauthenticated
        return true;
      case attribute_type::username:
        message_.username = {reinterpret_cast<const char*>(value.data()), value.size()};
        return true;
      case attribute_type::priority:
        if (value.size() != 4) return false;
        message_.priority = load_be32(value, 0);
        return true;
      case attribute_type::use_candidate:
        message_.use_candidate = true;
        return value.empty();
      case attribute_type::ice_controlling:
        return take_tie_breaker(value, message_.ice_controlling);
      case attribute_type::ice_controlled:
        return take_tie_breaker(value, message_.ice_controlled);
      case attribute_type::xor_mapped_address:
        message_.mapped = read_mapped(value, message_.transaction);
        return message_.mapped.has_value();
      case attribute_type::error_code:
        return take_error(value);
      case attribute_type::mapped_address:
      case attribute_type::unknown_attributes:
        return true;
      default:
        if (is_required(type) && message_.unknown_count < stun_unknown_max)
          message_.unknown[message_.unknown_count++] = type;
        return true;
    }
  }

  static bool take_tie_breaker(std::span<const std::byte> value, std::optional<std::uint64_t>& to) {
    if (value.size() != 8) return false;
    to = load_be64(value);
    return true;
  }

  bool take_error(std::span<const std::byte> value) {
    if (value.size() < 4) return false;
    const auto hundreds = std::to_integer<unsigned>(value[2]) & 7U;
    const auto rest = std::to_integer<unsigned>(value[3]);
    if (hundreds < 3 || hundreds > 6 || rest > 99) return false;
    message_.error_code = static_cast<std::uint16_t>(hundreds * 100 + rest);
    return true;
  }

  StunMessage message_;
  bool integrity_seen_ = false;
};

std::string_view reason_of(StunError code) {
  switch (code) {
    case StunError::bad_request:
      return "Bad Request";
    case StunError::unauthenticated:
      return "Unauthenticated";
    case StunError::unknown_attribute:
      return "Unknown Attribute";
    case StunError::role_conflict:
      return "Role Conflict";
  }
  return "";
}

}  // namespace

std::optional<StunMessage> parse_stun(std::span<const std::byte> datagram) {
  return Reader{datagram}.read();
}

bool is_authentic(const StunMessage& message, std::string_view password) {
  if (message.integrity_at == 0 || password.empty()) return false;
  std::array<std::byte, stun_bytes_max> covered;
  const auto size = message.integrity_at;
  std::ranges::copy(message.bytes.first(size), covered.begin());
  store_be16(covered, 2,
             static_cast<std::uint16_t>(size - stun_header_bytes + attribute_header_bytes +
                                        integrity_bytes));
  const auto mac = mac_of(std::span{covered}.first(size), password);
  const auto* const given = message.bytes.data() + size + attribute_header_bytes;
  return mac && CRYPTO_memcmp(mac->data(), given, mac->size()) == 0;
}

StunWriter::StunWriter(StunClass kind, const StunTransaction& transaction) {
  const auto bits = static_cast<unsigned>(kind);
  store_be16(bytes_, 0,
             static_cast<std::uint16_t>((bits & 2) << 7 | (bits & 1) << 4 | stun_binding));
  store_be32(bytes_, 4, magic_cookie);
  std::ranges::copy(transaction, bytes_.begin() + 8);
}

std::span<std::byte> StunWriter::attribute(std::uint16_t type, std::size_t size) {
  store_be16(bytes_, size_, type);
  store_be16(bytes_, size_ + 2, static_cast<std::uint16_t>(size));
  const auto value = std::span{bytes_}.subspan(size_ + attribute_header_bytes, size);
  size_ += attribute_header_bytes + padded(size);
  return value;
}

void StunWriter::set_length(std::size_t size) {
  store_be16(bytes_, 2, static_cast<std::uint16_t>(size - stun_header_bytes));
}

void StunWriter::number(std::uint16_t type, std::uint64_t value) {
  const auto to = attribute(type, 8);
  store_be32(to, 0, static_cast<std::uint32_t>(value >> 32));
  store_be32(to, 4, static_cast<std::uint32_t>(value));
}

StunWriter& StunWriter::username(std::string_view text) {
  text = text.substr(0, username_bytes_max);
  std::ranges::copy(std::as_bytes(std::span{text}),
                    attribute(attribute_type::username, text.size()).begin());
  return *this;
}

StunWriter& StunWriter::priority(std::uint32_t value) {
  store_be32(attribute(attribute_type::priority, 4), 0, value);
  return *this;
}

StunWriter& StunWriter::use_candidate() {
  attribute(attribute_type::use_candidate, 0);
  return *this;
}

StunWriter& StunWriter::ice_controlling(std::uint64_t tie_breaker) {
  number(attribute_type::ice_controlling, tie_breaker);
  return *this;
}

StunWriter& StunWriter::ice_controlled(std::uint64_t tie_breaker) {
  number(attribute_type::ice_controlled, tie_breaker);
  return *this;
}

StunWriter& StunWriter::mapped(const Endpoint& endpoint) {
  const bool v4 = endpoint.is_v4();
  StunTransaction transaction;
  std::ranges::copy(std::span{bytes_}.subspan(8, 12), transaction.begin());
  Endpoint masked = endpoint;
  apply_mask(masked, transaction);
  const auto value =
      attribute(attribute_type::xor_mapped_address, v4 ? mapped_v4_bytes : mapped_v6_bytes);
  value[1] = v4 ? std::byte{1} : std::byte{2};
  store_be16(value, 2, masked.port);
  std::ranges::copy(std::span{masked.address}.subspan(v4 ? 12 : 0), value.begin() + 4);
  return *this;
}

StunWriter& StunWriter::error(StunError code) {
  const auto reason = reason_of(code);
  const auto number = static_cast<unsigned>(code);
  const auto value = attribute(attribute_type::error_code, 4 + reason.size());
  value[2] = static_cast<std::byte>(number / 100);
  value[3] = static_cast<std::byte>(number % 100);
  std::ranges::copy(std::as_bytes(std::span{reason}), value.begin() + 4);
  return *this;
}

StunWriter& StunWriter::unknown(std::span<const std::uint16_t> types) {
  const auto named = types.first(std::min(types.size(), stun_unknown_max));
  const auto value = attribute(attribute_type::unknown_attributes, named.size() * 2);
  for (std::size_t i = 0; i < named.size(); ++i)
    store_be16(value, i * 2, named[i]);
  return *this;
}

std::span<const std::byte> StunWriter::seal(std::string_view password) {
  if (!password.empty()) {
    set_length(size_ + attribute_header_bytes + integrity_bytes);
    const auto mac = mac_of(std::span{bytes_}.first(size_), password);
    const auto value = attribute(attribute_type::message_integrity, integrity_bytes);
    if (mac) std::ranges::copy(std::as_bytes(std::span{*mac}), value.begin());
  }
  set_length(size_ + attribute_header_bytes + fingerprint_bytes);
  const auto sum = crc32(std::span{bytes_}.first(size_)) ^ fingerprint_mask;
  store_be32(attribute(attribute_type::fingerprint, fingerprint_bytes), 0, sum);
  return std::span{bytes_}.first(size_);
}

}  // namespace assent::media

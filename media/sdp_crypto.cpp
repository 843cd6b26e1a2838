#include "media/sdp_crypto.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "media/sdp_attributes.hpp"

namespace assent::media {
namespace {

constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Key and salt on their way from the text to an SrtpKey, wiped when they have arrived.
struct KeyBytes {
  std::array<std::byte, srtp_key_and_salt_bytes_max> bytes{};
  std::size_t size = 0;

  KeyBytes() = default;
  KeyBytes(const KeyBytes&) = delete;
  KeyBytes& operator=(const KeyBytes&) = delete;
  ~KeyBytes() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

  [[nodiscard]] std::span<const std::byte> view() const { return std::span{bytes}.first(size); }
};

// RFC 4648 §4; the padding may be left out, as some phones do.
bool decode_base64(std::string_view text, KeyBytes& key) {
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding)
    text.remove_suffix(1);
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const auto digit = base64_digits.find(c);
    if (digit == std::string_view::npos) return false;
    bits = ((bits << 6U) | static_cast<unsigned>(digit)) & 0xffffU;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    if (key.size == key.bytes.size()) return false;
    key.bytes[key.size++] = static_cast<std::byte>((bits >> held) & 0xffU);
  }
  return held < 6;  // a single digit left over is no byte
}

std::string encode_base64(std::span<const std::byte> bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto part = bytes.subspan(at, std::min<std::size_t>(3, bytes.size() - at));
    unsigned group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = (group << 8U) | (i < part.size() ? std::to_integer<unsigned>(part[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i)
      text += i <= part.size() ? base64_digits[(group >> (18 - 6 * i)) & 0x3fU] : '=';
  }
  return text;
}

std::string_view take_word(std::string_view& rest, char mark) {
  const auto end = std::min(rest.find(mark), rest.size());
  const auto word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// RFC 4568 §6.1: "2^31" or a number of packets. libsrtp counts to its own, far limit.
bool is_lifetime(std::string_view text) {
  return is_digits(text.starts_with("2^") ? text.substr(2) : text);
}

std::optional<std::uint32_t> parse_tag(std::string_view text) {
  if (!is_digits(text) || text.size() > 9) return std::nullopt;
  std::uint32_t tag = 0;
  std::from_chars(text.data(), text.data() + text.size(), tag);
  return tag;
}

// RFC 4568 §6.3: those that ask for less than full protection, for another key derivation or for
// something unknown make the line unusable; a window hint or an optional "-" does not.
bool may_be_ignored(std::string_view session_parameter) {
  return session_parameter.empty() || session_parameter.starts_with('-') ||
         session_parameter.starts_with("WSH=");
}

SdpError malformed(std::size_t line, std::string what) {
  return {line, "a=crypto is malformed: " + std::move(what),
          "write a=crypto:<tag> <suite> inline:<key and salt in base64>[|lifetime] (RFC 4568 §9)"};
}

using MaybeCrypto = std::optional<SdpCrypto>;  // nullopt: well formed, and not for us

SdpResult<MaybeCrypto> parse_inline(std::uint32_t tag, SrtpSuite suite, std::string_view text,
                                    std::size_t line) {
  const auto base64 = take_word(text, '|');
  if (!text.empty() && text.find(':') == std::string_view::npos && !is_lifetime(text))
    return malformed(line, "what follows the key is neither a lifetime nor an MKI");
  KeyBytes bytes;
  if (!decode_base64(base64, bytes)) return malformed(line, "the key is not base64");
  auto key = SrtpKey::from_bytes(suite, bytes.view());
  if (!key) return malformed(line, "the length of key and salt is not that of the suite");
  if (text.find(':') != std::string_view::npos) return MaybeCrypto{};  // an MKI
  return MaybeCrypto{SdpCrypto{tag, *std::move(key), line}};
}

SdpResult<MaybeCrypto> parse_crypto(std::string_view value, std::size_t line, std::uint32_t& tag) {
  const auto number = parse_tag(take_word(value, ' '));
  if (!number) return malformed(line, "the tag is not a number of one to nine digits");
  tag = *number;
  const auto suite = parse_srtp_suite(take_word(value, ' '));
  auto key_parameters = take_word(value, ' ');
  if (key_parameters.empty()) return malformed(line, "there is no key");
  while (!value.empty()) {
    if (!may_be_ignored(take_word(value, ' '))) return MaybeCrypto{};
  }
  constexpr std::string_view method = "inline:";
  if (!suite || key_parameters.find(';') != std::string_view::npos) return MaybeCrypto{};
  if (!key_parameters.starts_with(method)) return MaybeCrypto{};
  key_parameters.remove_prefix(method.size());
  return parse_inline(*number, *suite, key_parameters, line);
}

}  // namespace

SdpResult<std::vector<SdpCrypto>> read_cryptos(std::span<const SdpLine> lines) {
  std::vector<SdpCrypto> cryptos;
  std::vector<std::uint32_t> tags;
  for (const auto& line : lines) {
    const auto value = attribute(line, "crypto");
    if (!value) continue;
    std::uint32_t tag = 0;
    auto crypto = parse_crypto(*value, line.number, tag);
    if (!crypto) return crypto.error();
    if (std::ranges::find(tags, tag) != tags.end())
      return malformed(line.number, "the tag stands twice in one m-section");
    tags.push_back(tag);
    if (crypto->has_value()) cryptos.push_back(**std::move(crypto));
  }
  return cryptos;
}

SdpLine write_crypto(std::uint32_t tag, const SrtpKey& key) {
  return {'a',
          "crypto:" + std::to_string(tag) + ' ' + std::string(to_string(key.suite())) +
              " inline:" + encode_base64(key.key_and_salt()),
          0};
}

}  // namespace assent::media

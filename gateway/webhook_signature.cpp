#include "gateway/webhook_signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstring>
#include <span>
#include <stdexcept>

#include "policy/base64.hpp"

namespace assent::gateway {
namespace {

constexpr std::size_t secret_bytes_min = 24;
constexpr std::size_t secret_bytes_max = 64;

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string webhook_signature(std::string_view secret, std::string_view id,
                              std::int64_t unix_seconds, std::string_view body) {
  std::string text{id};
  text.append(".").append(std::to_string(unix_seconds)).append(".").append(body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  unsigned length = 0;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), octets(text), text.size(),
           code.data(), &length) == nullptr) {
    throw std::runtime_error("no HMAC-SHA-256 for a webhook's signature");
  }
  return "v1," + policy::to_base64(std::as_bytes(std::span{code.data(), length}));
}

std::optional<std::string> parse_webhook_secret(std::string_view text) {
  constexpr std::string_view prefix = "whsec_";
  const auto end = text.find_last_not_of(" \t\r\n");
  text = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  if (text.size() > secret_bytes_max * 2) return std::nullopt;
  const auto bytes = policy::from_base64(text);
  if (!bytes || bytes->size() < secret_bytes_min || bytes->size() > secret_bytes_max)
    return std::nullopt;
  std::optional<std::string> secret{std::in_place, bytes->size(), '\0'};
  std::memcpy(secret->data(), bytes->data(), bytes->size());
  return secret;
}

}  // namespace assent::gateway

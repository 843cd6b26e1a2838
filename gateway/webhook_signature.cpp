#include "gateway/webhook_signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

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
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> base64{};
  const int written = EVP_EncodeBlock(base64.data(), code.data(), static_cast<int>(length));
  return "v1," + std::string(reinterpret_cast<const char*>(base64.data()),
                             static_cast<std::size_t>(written));
}

std::optional<std::string> parse_webhook_secret(std::string_view text) {
  constexpr std::string_view prefix = "whsec_";
  const auto end = text.find_last_not_of(" \t\r\n");
  text = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  if (text.empty() || text.size() % 4 != 0 || text.size() > secret_bytes_max * 2) {
    return std::nullopt;
  }
  // EVP_DecodeBlock takes blanks at both ends, and counts the padding as bytes.
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.substr(0, text.size() - padding).find_first_not_of(alphabet) != std::string_view::npos) {
    return std::nullopt;
  }
  std::string secret(text.size() / 4 * 3, '\0');
  const int decoded = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(secret.data()), octets(text),
                                      static_cast<int>(text.size()));
  if (decoded < 0) return std::nullopt;
  secret.resize(static_cast<std::size_t>(decoded) - padding);
  if (secret.size() < secret_bytes_min || secret.size() > secret_bytes_max) return std::nullopt;
  return secret;
}

}  // namespace assent::gateway

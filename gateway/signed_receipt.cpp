#include "gateway/signed_receipt.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>
#include <span>
#include <vector>

#include "policy/base64.hpp"

namespace assent::gateway {
namespace {

namespace json = boost::json;

constexpr std::size_t jws_bytes_max = 64u << 10;

// base64url without padding (RFC 7515 section 2)
std::string to_base64url(std::string_view text) {
  std::string out = policy::to_base64(std::as_bytes(std::span{text}));
  out.erase(std::find(out.begin(), out.end(), '='), out.end());
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}
std::optional<std::string> from_base64url(std::string_view text) {
  std::string plain{text};
  if (plain.find_first_of("+/=") != std::string::npos) return std::nullopt;
  std::replace(plain.begin(), plain.end(), '-', '+');
  std::replace(plain.begin(), plain.end(), '_', '/');
  plain.append((4 - plain.size() % 4) % 4, '=');
  const auto bytes = policy::from_base64(plain);
  if (!bytes) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

// "<origin>+<key id in hex>": how the notes name the key, too.
std::string key_name(const policy::VerifierKey& key) {
  const std::string text = to_text(key);
  return text.substr(0, text.rfind('+'));
}

std::string header_of(const policy::VerifierKey& key) {
  return json::serialize(
      json::object{{"alg", "EdDSA"}, {"typ", "consent-receipt"}, {"kid", key_name(key)}});
}

}  // namespace

std::string sign_receipt(const LedgerKey& key, std::string_view text, std::uint64_t entry,
                         std::string_view checkpoint) {
  boost::system::error_code error;
  auto receipt = json::parse(text, error);
  if (error || !receipt.is_object()) return {};
  receipt.as_object()["ledger"] = {
      {"origin", key.verifier().name}, {"entry", entry}, {"checkpoint", checkpoint}};
  std::string signing = to_base64url(header_of(key.verifier()));
  signing += '.';
  signing += to_base64url(json::serialize(receipt));
  const auto signature = key.sign_bytes(signing);
  if (!signature) return {};
  const std::string_view bytes{reinterpret_cast<const char*>(signature->data()), signature->size()};
  return signing + '.' + to_base64url(bytes);
}

boost::system::result<std::string, ReceiptFault> open_receipt(std::string_view jws,
                                                              const policy::VerifierKey& key) {
  while (jws.ends_with('\n') || jws.ends_with('\r'))
    jws.remove_suffix(1);
  const auto first = jws.find('.');
  const auto last = jws.rfind('.');
  if (jws.size() > jws_bytes_max || first == std::string_view::npos || last == first)
    return ReceiptFault{"it is no receipt: three parts with dots between them are expected"};
  const auto header = from_base64url(jws.substr(0, first));
  const auto payload = from_base64url(jws.substr(first + 1, last - first - 1));
  const auto signature = from_base64url(jws.substr(last + 1));
  if (!header || !payload || !signature)
    return ReceiptFault{"it is no receipt: its parts are not base64url"};
  // One form only: no algorithm or key of the receipt's own choosing.
  if (*header != header_of(key))
    return ReceiptFault{"it was signed by another key than " + key_name(key)};
  if (!is_signed_by(key.key, jws.substr(0, last), std::as_bytes(std::span{*signature})))
    return ReceiptFault{"the signature is not that of " + key_name(key) + ": it was changed"};
  return boost::system::result<std::string, ReceiptFault>{boost::system::in_place_value, *payload};
}

std::string to_jwk(const policy::VerifierKey& key) {
  const std::string_view bytes{reinterpret_cast<const char*>(key.key.data()), key.key.size()};
  return json::serialize(json::object{{"kty", "OKP"},
                                      {"crv", "Ed25519"},
                                      {"alg", "EdDSA"},
                                      {"use", "sig"},
                                      {"x", to_base64url(bytes)},
                                      {"kid", key_name(key)}});
}

}  // namespace assent::gateway

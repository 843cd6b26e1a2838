#include "gateway/ledger_entry.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "gateway/rfc3339.hpp"
#include "gateway/sha256.hpp"

namespace assent::gateway {
namespace {

constexpr std::array<std::string_view, 12> kinds{"consent",   "event",    "record",    "policy",
                                                 "recording", "start",    "abandoned", "erasure",
                                                 "action",    "disposal", "resume",    "stop"};
constexpr std::size_t text_bytes_max = 128;
constexpr std::string_view version = "1";

// Ids, words and hashes. Neither an address of mail nor a number of telephone is one.
bool is_keepable(std::string_view text) {
  return text.size() <= text_bytes_max && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '~' || c == '-' || c == ':';
         });
}

policy::Digest commitment(const SubjectKey& key, std::string_view which, const LedgerNonce& nonce,
                          std::string_view text) {
  std::string message{which};
  message += '\n';
  message.append(reinterpret_cast<const char*>(nonce.data()), nonce.size());
  message += text;
  policy::Digest digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(),
       reinterpret_cast<unsigned char*>(digest.data()), &length);
  return digest;
}

void add(std::string& json, std::string_view key, std::string_view text) {
  if (text.empty()) return;
  ((((json += ",\"") += key) += "\":\"") += text) += '"';
}

// Everything of a leaf, in its one order.
std::string write(const LedgerLeaf& leaf) {
  const LedgerEntry& entry = leaf.open;
  std::string json = "{\"v\":";
  json += version;
  add(json, "kind", to_string(entry.kind));
  add(json, "at", to_rfc3339(entry.at));
  add(json, "session", entry.session);
  add(json, "purpose", entry.purpose);
  add(json, "state", entry.state);
  add(json, "jurisdiction", entry.jurisdiction);
  add(json, "rules", entry.rules);
  if (entry.epoch != 0) json += ",\"epoch\":" + std::to_string(entry.epoch);
  if (entry.batch != 0) json += ",\"batch\":" + std::to_string(entry.batch);
  if (leaf.nonce) add(json, "nonce", to_hex(*leaf.nonce));
  if (leaf.subject) add(json, "subject", to_hex(*leaf.subject));
  if (leaf.data) add(json, "data", to_hex(*leaf.data));
  return json + '}';
}

std::string text_of(const boost::json::object& object, std::string_view key) {
  const auto* const value = object.if_contains(key);
  const auto* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string{} : std::string{text->data(), text->size()};
}

std::uint64_t number_of(const boost::json::object& object, std::string_view key) {
  const auto* const value = object.if_contains(key);
  if (value == nullptr) return 0;
  if (const auto* const number = value->if_int64()) return static_cast<std::uint64_t>(*number);
  const auto* const number = value->if_uint64();
  return number == nullptr ? 0 : *number;
}

}  // namespace

std::string_view to_string(LedgerKind kind) {
  return kinds.at(static_cast<std::size_t>(kind));
}

std::optional<LedgerKind> ledger_kind_from(std::string_view word) {
  const auto* const found = std::find(kinds.begin(), kinds.end(), word);
  if (found == kinds.end()) return std::nullopt;
  return static_cast<LedgerKind>(found - kinds.begin());
}

std::optional<std::string> to_leaf(const LedgerEntry& entry, const SubjectKey* key,
                                   const LedgerNonce& nonce) {
  for (const std::string* text :
       {&entry.session, &entry.purpose, &entry.state, &entry.jurisdiction, &entry.rules})
    if (!is_keepable(*text)) return std::nullopt;
  const bool needs_key = !entry.subject.empty() || !entry.data.empty();
  if (needs_key && (key == nullptr || entry.subject.empty())) return std::nullopt;
  LedgerLeaf leaf{entry, {}, {}, {}};
  if (needs_key) {
    leaf.nonce = nonce;
    leaf.subject = commitment(*key, "subject", nonce, entry.subject);
    if (!entry.data.empty()) leaf.data = commitment(*key, "data", nonce, entry.data);
  }
  return write(leaf);
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_entry_range(std::string_view text) {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  const char* const end = text.data() + text.size();
  const auto [dash, error] = std::from_chars(text.data(), end, first);
  if (error != std::errc{}) return std::nullopt;
  if (dash == end) return std::pair{first, first};
  if (*dash != '-') return std::nullopt;
  const auto [after, other] = std::from_chars(dash + 1, end, last);
  if (other != std::errc{} || after != end || last < first) return std::nullopt;
  return std::pair{first, last};
}

std::optional<LedgerLeaf> parse_ledger_entry(std::string_view text) {
  boost::system::error_code error;
  const auto json = boost::json::parse(text, error);
  const auto* const object = error ? nullptr : json.if_object();
  if (object == nullptr) return std::nullopt;
  LedgerLeaf leaf;
  const auto kind = std::find(kinds.begin(), kinds.end(), text_of(*object, "kind"));
  const auto at = parse_rfc3339(text_of(*object, "at"));
  if (kind == kinds.end() || !at) return std::nullopt;
  leaf.open.kind = static_cast<LedgerKind>(kind - kinds.begin());
  leaf.open.at = *at;
  leaf.open.session = text_of(*object, "session");
  leaf.open.purpose = text_of(*object, "purpose");
  leaf.open.state = text_of(*object, "state");
  leaf.open.jurisdiction = text_of(*object, "jurisdiction");
  leaf.open.rules = text_of(*object, "rules");
  leaf.open.epoch = number_of(*object, "epoch");
  leaf.open.batch = number_of(*object, "batch");
  leaf.nonce = sha256_from_hex(text_of(*object, "nonce"));
  leaf.subject = sha256_from_hex(text_of(*object, "subject"));
  leaf.data = sha256_from_hex(text_of(*object, "data"));
  if (write(leaf) != text) return std::nullopt;
  return leaf;
}

bool commits_to(const LedgerLeaf& leaf, const SubjectKey& key, std::string_view subject,
                std::string_view data) {
  if (!leaf.nonce || !leaf.subject) return false;
  if (commitment(key, "subject", *leaf.nonce, subject) != *leaf.subject) return false;
  return leaf.data ? commitment(key, "data", *leaf.nonce, data) == *leaf.data : data.empty();
}

}  // namespace assent::gateway

#include "media/ice.hpp"

#include <algorithm>
#include <utility>

namespace assent::media {
namespace {

constexpr std::size_t ufrag_chars = 8;
constexpr std::size_t password_chars = 24;

std::string random_ice_chars(std::size_t count, const Entropy& entropy) {
  // RFC 8839 §5.4: ice-char. 64 of them, so that six bits of a byte choose without a bias.
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::byte> bytes(count);
  entropy(bytes);
  std::string text;
  for (const auto byte : bytes)
    text += alphabet[std::to_integer<std::size_t>(byte) % alphabet.size()];
  return text;
}

bool are_ice_chars(std::string_view text, std::size_t least) {
  constexpr std::size_t most = 256;
  return text.size() >= least && text.size() <= most && std::ranges::all_of(text, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '+' || c == '/';
         });
}

}  // namespace

IceCredentials make_ice_credentials(const Entropy& entropy) {
  auto ufrag = random_ice_chars(ufrag_chars, entropy);
  auto password = random_ice_chars(password_chars, entropy);
  return {std::move(ufrag), std::move(password)};
}

bool is_ice_ufrag(std::string_view text) {
  return are_ice_chars(text, 4);
}

bool is_ice_password(std::string_view text) {
  return are_ice_chars(text, 22);
}

IceLite::IceLite(IceCredentials local, std::string remote_ufrag)
    : local_{std::move(local)}, remote_ufrag_{std::move(remote_ufrag)} {
  valid_.reserve(ice_addresses_max);
}

void IceLite::restart(IceCredentials local, std::string remote_ufrag) {
  local_ = std::move(local);
  remote_ufrag_ = std::move(remote_ufrag);
  std::erase_if(valid_, [this](const Endpoint& address) { return address != selected_; });
}

IceAnswer IceLite::handle(TimePoint now, const Endpoint& from,
                          std::span<const std::byte> datagram) {
  const auto check = parse_stun(datagram);
  if (!check || !is_check_for(*check, local_.ufrag, remote_ufrag_, local_.password)) return {};

  // Authentic: from here on it may be answered, and change state.
  if (check->unknown_count != 0)
    return refuse_check(*check, StunError::unknown_attribute, local_.password);
  // RFC 8445 §6.1.1: beside a lite agent the full one controls. A peer that does not think so is
  // told to change its mind (§7.3.1.1).
  if (check->ice_controlled) return refuse_check(*check, StunError::role_conflict, local_.password);

  remember(from);
  if (check->use_candidate) selected_ = from;
  if (selected_ == from) consent_until_ = now + ice_consent;
  return answer_check(*check, from, local_.password);
}

void IceLite::remember(const Endpoint& from) {
  if (is_valid(from)) return;
  if (valid_.size() == ice_addresses_max) {
    const auto oldest = std::ranges::find_if(
        valid_, [this](const Endpoint& address) { return address != selected_; });
    valid_.erase(oldest);
  }
  valid_.push_back(from);
}

bool IceLite::is_valid(const Endpoint& address) const {
  return address == selected_ || std::ranges::find(valid_, address) != valid_.end();
}

}  // namespace assent::media

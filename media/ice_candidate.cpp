#include "media/ice_candidate.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "media/sdp_attributes.hpp"

namespace assent::media {
namespace {

constexpr std::uint32_t host_preference = 126;            // RFC 8445 §5.1.2.2
constexpr std::uint32_t peer_reflexive_preference = 110;  // the same
constexpr std::uint32_t priority_max = 0x7FFFFFFF;        // §5.1.2: 1 to 2^31 - 1

std::uint32_t priority_of(std::uint32_t type_preference, std::size_t position) {
  const auto local_preference = static_cast<std::uint32_t>(65'535 - std::min(position, 65'535UL));
  return (type_preference << 24) + (local_preference << 8) + 255;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return value;
}

// The fields up to the type, which is all that is needed; there may be more.
struct Fields {
  std::array<std::string_view, 8> text;

  [[nodiscard]] static std::optional<Fields> split(std::string_view value) {
    Fields fields;
    for (auto& field : fields.text) {
      const auto end = value.find(' ');
      field = value.substr(0, end);
      if (field.empty()) return std::nullopt;
      value.remove_prefix(end == std::string_view::npos ? value.size() : end + 1);
    }
    return fields;
  }
};

}  // namespace

std::optional<IceCandidate> parse_candidate(std::string_view value) {
  const auto fields = Fields::split(value);
  if (!fields) return std::nullopt;
  const auto& [foundation, component, transport, priority, address, port, typ, type] = fields->text;
  if (component != "1" || !equal_without_case(transport, "udp") || typ != "typ")
    return std::nullopt;
  const auto rank = number<std::uint32_t>(priority);
  const auto at = number<std::uint16_t>(port);
  if (!rank || *rank == 0 || *rank > priority_max || !at || *at == 0) return std::nullopt;
  const auto endpoint = parse_endpoint(address, *at);
  if (!endpoint) return std::nullopt;
  return IceCandidate{*endpoint, *rank};
}

std::uint32_t host_priority(std::size_t position) {
  return priority_of(host_preference, position);
}

std::uint32_t peer_reflexive_priority(std::size_t position) {
  return priority_of(peer_reflexive_preference, position);
}

std::uint64_t pair_priority(std::uint32_t of_controlling, std::uint32_t of_controlled) {
  const std::uint64_t least = std::min(of_controlling, of_controlled);
  const std::uint64_t most = std::max(of_controlling, of_controlled);
  return (least << 32) + 2 * most + (of_controlling > of_controlled ? 1 : 0);
}

std::string candidate_text(const Endpoint& endpoint, std::size_t position) {
  return std::to_string(position + 1) + " 1 udp " + std::to_string(host_priority(position)) + ' ' +
         address_text(endpoint) + ' ' + std::to_string(endpoint.port) + " typ host";
}

}  // namespace assent::media

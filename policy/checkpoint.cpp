#include "policy/checkpoint.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "policy/base64.hpp"

namespace assent::policy {
namespace {

// Takes a line off the front; nothing when it does not end.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

// Decimal without leading zeros, and within what other verifiers hold in a signed 64-bit number.
std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (text != std::to_string(size)) return std::nullopt;
  if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  return size;
}

}  // namespace

std::string to_text(const Checkpoint& checkpoint) {
  return checkpoint.origin + '\n' + std::to_string(checkpoint.head.size) + '\n' +
         to_base64(checkpoint.head.root) + '\n';
}

Noted<Checkpoint> parse_checkpoint(std::string_view text) {
  const auto origin = take_line(text);
  const auto size_line = take_line(text);
  const auto root_line = take_line(text);
  if (!origin || !size_line || !root_line || !text.empty()) return NoteFault::not_a_checkpoint;
  Checkpoint made;
  const auto size = parse_size(*size_line);
  const auto root = from_base64(*root_line);
  if (origin->empty() || !size || !root || root->size() != made.head.root.size())
    return NoteFault::not_a_checkpoint;
  made.origin = *origin;
  made.head.size = *size;
  std::copy(root->begin(), root->end(), made.head.root.begin());
  return made;
}

}  // namespace assent::policy

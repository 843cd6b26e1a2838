#include "gateway/whip_path.hpp"

#include <algorithm>

#include "gateway/id.hpp"

namespace assent::gateway {
namespace {

constexpr std::size_t pattern_bytes_max = 1'000;
constexpr std::size_t value_bytes_max = 4'000;
constexpr std::string_view unreserved =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";  // RFC 3986 §2.3
// What else the value of a query parameter may be made of (§3.4), "&" and "=" aside.
constexpr std::string_view also_in_values = "%!$'()*+,;:@/";

bool is_unreserved(std::string_view text) {
  return text.find_first_not_of(unreserved) == std::string_view::npos;
}

bool is_value(std::string_view text) {
  const auto may_stand = [](char c) {
    return unreserved.find(c) != std::string_view::npos ||
           also_in_values.find(c) != std::string_view::npos;
  };
  return text.size() <= value_bytes_max && std::ranges::all_of(text, may_stand);
}

// What stands before the separator; `rest`: what comes after it, or nothing.
std::string_view next_piece(std::optional<std::string_view>& rest, char separator) {
  const auto end = rest->find(separator);
  const auto piece = rest->substr(0, end);
  if (end == std::string_view::npos) {
    rest.reset();
  } else {
    rest->remove_prefix(end + 1);
  }
  return piece;
}

}  // namespace

std::optional<WhipPattern::Part> WhipPattern::parse_part(std::string_view text) {
  if (text == "{room}") return Part{Kind::room, {}};
  if (text == "{participant}") return Part{Kind::participant, {}};
  if (text == "{}") return Part{Kind::anything, {}};
  if (!is_unreserved(text) || text == "." || text == "..") return std::nullopt;
  return Part{Kind::literal, std::string(text)};
}

bool WhipPattern::parse_query(std::string_view text) {
  std::optional<std::string_view> rest = text;
  while (rest) {
    const auto parameter = next_piece(rest, '&');
    const auto equals = parameter.find('=');
    const auto name = parameter.substr(0, equals);
    if (equals == std::string_view::npos || name.empty() || !is_unreserved(name)) return false;
    if (std::ranges::find(query_, name, &Parameter::name) != query_.end()) return false;
    auto value = parse_part(parameter.substr(equals + 1));
    if (!value) return false;
    query_.push_back({std::string(name), *std::move(value)});
  }
  return true;
}

std::optional<WhipPattern> WhipPattern::parse(std::string_view text) {
  if (!text.starts_with('/') || text.size() > pattern_bytes_max) return std::nullopt;
  WhipPattern out;
  const auto question = text.find('?');
  std::optional<std::string_view> rest = text.substr(1, question - 1);
  while (rest) {
    auto segment = parse_part(next_piece(rest, '/'));
    // One that is empty may only be the last: "/whip/" is not "/whip".
    const bool is_empty = segment && segment->kind == Kind::literal && segment->text.empty();
    if (!segment || segment->kind == Kind::anything || (is_empty && rest)) return std::nullopt;
    out.segments_.push_back(*std::move(segment));
  }
  if (question != std::string_view::npos && !out.parse_query(text.substr(question + 1)))
    return std::nullopt;
  if (out.count(Kind::room) > 1 || out.count(Kind::participant) > 1) return std::nullopt;
  return out;
}

std::size_t WhipPattern::count(Kind kind) const {
  const auto segments = std::ranges::count(segments_, kind, &Part::kind);
  const auto values = std::ranges::count_if(
      query_, [kind](const Parameter& parameter) { return parameter.value.kind == kind; });
  return static_cast<std::size_t>(segments + values);
}

bool WhipPattern::takes(const Part& part, std::string_view text, WhipPlace& place) {
  switch (part.kind) {
    case Kind::literal:
      return part.text == text;
    case Kind::anything:
      return is_value(text);
    case Kind::room:
      place.room = text;
      return is_id(text);
    case Kind::participant:
      place.participant = text;
      return is_id(text);
  }
  return false;
}

std::optional<WhipPlace> WhipPattern::match(std::string_view target) const {
  if (!target.starts_with('/')) return std::nullopt;
  const auto question = target.find('?');
  std::optional<std::string_view> rest = target.substr(1, question - 1);
  WhipPlace place;
  for (const auto& segment : segments_) {
    if (!rest || !takes(segment, next_piece(rest, '/'), place)) return std::nullopt;
  }
  if (rest) return std::nullopt;
  const bool has_query = question != std::string_view::npos;
  if (has_query == query_.empty()) return std::nullopt;
  if (has_query && !match_query(target.substr(question + 1), place)) return std::nullopt;
  return place;
}

// In whatever order, each once.
bool WhipPattern::match_query(std::string_view text, WhipPlace& place) const {
  std::vector<bool> seen(query_.size());
  std::optional<std::string_view> rest = text;
  while (rest) {
    const auto said = next_piece(rest, '&');
    const auto equals = said.find('=');
    if (equals == std::string_view::npos) return false;
    const auto known = std::ranges::find(query_, said.substr(0, equals), &Parameter::name);
    if (known == query_.end()) return false;
    const auto at = static_cast<std::size_t>(known - query_.begin());
    if (seen[at] || !takes(known->value, said.substr(equals + 1), place)) return false;
    seen[at] = true;
  }
  return std::ranges::find(seen, false) == seen.end();
}

}  // namespace assent::gateway

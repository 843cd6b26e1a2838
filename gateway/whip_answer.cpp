#include "gateway/whip_answer.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/http_message.hpp"

namespace assent::gateway {
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr unsigned http_1_1 = 11;
constexpr std::size_t links_max = 16;
constexpr std::size_t refusal_bytes_max = 4'096;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t'))
    text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t'))
    text.remove_suffix(1);
  return text;
}

std::string_view view_of(beast::string_view text) {
  return {text.data(), text.size()};
}

// At commas or semicolons that stand neither in <> nor in quotes (RFC 8288 §3).
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  bool quoted = false;
  bool in_target = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"' && !in_target) {
      quoted = !quoted;
    } else if (!quoted && (c == '<' || c == '>')) {
      in_target = c == '<';
    } else if (!quoted && !in_target && c == separator) {
      out.push_back(trimmed(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  out.push_back(trimmed(text.substr(begin)));
  return out;
}

bool is_ice_server(std::string_view link) {
  constexpr std::string_view schemes[] = {"<stun:", "<stuns:", "<turn:", "<turns:"};
  const auto parts = split(link, ';');
  const auto leads_there = [&](std::string_view scheme) {
    return beast::iequals(parts.front().substr(0, scheme.size()), scheme);
  };
  const auto is_rel = [](std::string_view part) {
    return beast::iequals(part, "rel=\"ice-server\"") || beast::iequals(part, "rel=ice-server");
  };
  return std::ranges::any_of(schemes, leads_there) && std::ranges::any_of(parts, is_rel);
}

}  // namespace

WhipResponse whip_status(http::status status) {
  return WhipResponse{status, http_1_1};
}

WhipResponse whip_problem(const Problem& problem) {
  auto from = problem_response(problem);
  WhipResponse out{static_cast<http::status>(from.status), http_1_1};
  out.set(http::field::content_type, from.content_type);
  for (const auto& [name, value] : from.headers)
    out.set(name, value);
  out.body() = std::move(from.body);
  return out;
}

WhipResponse whip_problem(http::status status, std::string_view detail) {
  WhipResponse out{status, http_1_1};
  out.set(http::field::content_type, "application/problem+json");
  out.body() = boost::json::serialize(boost::json::object{{"title", http::obsolete_reason(status)},
                                                          {"status", static_cast<int>(status)},
                                                          {"detail", detail}});
  return out;
}

WhipResponse whip_refusal_of(const WhipResponse& by_server) {
  if (by_server.result_int() < 400 || by_server.result() == http::status::unknown)
    return whip_problem(http::status::bad_gateway, "The server's answer is none of WHIP or WHEP.");
  WhipResponse out{by_server.result(), http_1_1};
  for (const auto field : {http::field::retry_after, http::field::www_authenticate}) {
    const auto found = by_server.find(field);
    if (found != by_server.end()) out.set(field, found->value());
  }
  const auto type = by_server[http::field::content_type];
  const bool is_text = is_of_type(view_of(type), "application/problem+json") ||
                       is_of_type(view_of(type), "text/plain");
  if (is_text && by_server.body().size() <= refusal_bytes_max) {
    out.set(http::field::content_type, type);
    out.body() = by_server.body();
  }
  return out;
}

std::vector<std::string> ice_server_links(const WhipResponse& by_server) {
  std::vector<std::string> out;
  const auto [first, last] = by_server.equal_range(http::field::link);
  for (auto field = first; field != last; ++field) {
    for (const auto link : split(view_of(field->value()), ',')) {
      if (out.size() < links_max && is_ice_server(link)) out.emplace_back(link);
    }
  }
  return out;
}

bool is_of_type(std::string_view content_type, std::string_view type) {
  return beast::iequals(trimmed(content_type.substr(0, content_type.find(';'))), type);
}

bool if_match_holds(std::string_view if_match, std::string_view etag) {
  if (trimmed(if_match) == "*") return true;
  const auto tags = split(if_match, ',');
  return std::ranges::find(tags, etag) != tags.end();
}

}  // namespace assent::gateway

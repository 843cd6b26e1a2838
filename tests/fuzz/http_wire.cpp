// Bytes as a peer sends them, in two pieces: whatever Beast takes is judged, routed or refused, and
// what is routed has one canonical path, of sound parts only.
#include "gateway/http_wire.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/id.hpp"
#include "gateway/router.hpp"

using namespace assent::gateway;
namespace http = boost::beast::http;

namespace {

constexpr std::uint32_t header_bytes_max = 8192;
constexpr std::uint64_t body_bytes_max = 4096;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_problem(const Problem& problem) {
  require(status_of(problem.type) >= 400 && !title_of(problem.type).empty());
  require(to_json(problem).find('\n') == std::string::npos);
}

void check_route(const RequestHead& head) {
  const auto routed = route_request(head.method, head.target);
  require((routed.route == nullptr) == routed.refusal.has_value());
  if (routed.refusal) {
    require(routed.refusal->status >= 400);
    return;
  }
  if (routed.parameter_fault) return check_problem(*routed.parameter_fault);
  require(to_string(routed.request.method) == head.method);
  for (const auto& [name, value] : routed.request.parameters)
    require(is_id(value));
  for (const auto& [name, value] : routed.request.query)
    require(std::ranges::find(routed.route->query, name) != routed.route->query.end());
  const auto again = route_request(head.method, routed.request.path);
  require(again.route == routed.route && again.request.parameters == routed.request.parameters);
  require(again.request.path == routed.request.path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  std::string_view rest = bytes;
  std::size_t ready = std::min<std::size_t>(data[0], bytes.size());
  http::request_parser<http::string_body> parser;
  parser.header_limit(header_bytes_max);
  parser.body_limit(body_bytes_max);
  boost::system::error_code error;
  while (!parser.is_done()) {
    const auto taken = parser.put(boost::asio::buffer(rest.data(), ready), error);
    rest.remove_prefix(taken);
    if (error && error != http::error::need_more) break;
    if (taken == 0 && ready == rest.size()) break;
    ready = rest.size();
  }
  if (error) {
    for (const bool timed_out : {false, true})
      if (const auto problem = read_fault(error, timed_out)) check_problem(*problem);
  }
  if (!parser.is_header_done()) return 0;
  require(parser.get().body().size() <= body_bytes_max);
  (void)expects_continue(parser.get().base());
  if (const auto head = read_head(parser.get().base())) {
    check_route(*head);
  } else {
    check_problem(head.error());
  }
  return 0;
}

#include "gateway/http_wire.hpp"

#include <array>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <ctime>
#include <iterator>
#include <string>
#include <utility>

namespace assent::gateway {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

// RFC 9110 §5.6.7.
std::string http_date(std::time_t now) {
  constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 64> rest{};
  const std::size_t length = std::strftime(rest.data(), rest.size(), "%Y %H:%M:%S GMT", &utc);
  std::string date = days.at(static_cast<std::size_t>(utc.tm_wday));
  date += utc.tm_mday < 10 ? ", 0" : ", ";
  date += std::to_string(utc.tm_mday) + ' ';
  date += months.at(static_cast<std::size_t>(utc.tm_mon));
  return date + ' ' + std::string(rest.data(), length);
}

std::optional<std::string_view> field(const WireRequest& request, http::field name) {
  const auto found = request.find(name);
  if (found == request.end()) return std::nullopt;
  return std::string_view{found->value().data(), found->value().size()};
}

std::optional<std::string_view> field(const WireRequest& request, std::string_view name) {
  const auto found = request.find(beast::string_view{name.data(), name.size()});
  if (found == request.end()) return std::nullopt;
  return std::string_view{found->value().data(), found->value().size()};
}

// Who reads the first and who reads the last of two would disagree (RFC 9110 §5.2, RFC 9112 §3.2).
std::optional<std::string> given_twice(const WireRequest& request) {
  constexpr std::array<std::string_view, 10> single{
      "Host",   "Authorization",   "Content-Type",  "Content-Length", "Transfer-Encoding",
      "Expect", "Idempotency-Key", "Last-Event-ID", "Origin",         "Sec-Fetch-Site"};
  for (const auto name : single) {
    if (request.count(beast::string_view{name.data(), name.size()}) > 1) return std::string(name);
  }
  return std::nullopt;
}

std::optional<Problem> head_fault(const WireRequest& request) {
  using enum ProblemType;
  if (const auto name = given_twice(request)) {
    return make_problem(malformed_request, *name + " is given twice");
  }
  if (request.version() == 11 && !field(request, http::field::host)) {
    return make_problem(malformed_request, "Host is required (RFC 9112)");
  }
  const auto coding = field(request, http::field::transfer_encoding);
  if (coding && (request.version() != 11 || !beast::iequals(*coding, "chunked"))) {
    return make_problem(malformed_request, "the only transfer coding is chunked");
  }
  if (coding && field(request, http::field::content_length)) {
    return make_problem(malformed_request, "a body has a length or is chunked, not both");
  }
  const auto expectation = field(request, http::field::expect);
  if (expectation && !beast::iequals(*expectation, "100-continue")) {
    return make_problem(expectation_failed, "the only expectation is 100-continue");
  }
  return std::nullopt;
}

}  // namespace

Answered<RequestHead> read_head(const WireRequest& request) {
  if (auto fault = head_fault(request)) return std::move(*fault);
  RequestHead head;
  const auto verb = request.method_string();
  head.method = request.method() == http::verb::head ? std::string_view{"GET"}
                                                     : std::string_view{verb.data(), verb.size()};
  head.target = std::string_view{request.target().data(), request.target().size()};
  head.authorization = field(request, http::field::authorization);
  head.content_type = field(request, http::field::content_type);
  head.idempotency_key = field(request, "Idempotency-Key");
  head.last_event_id = field(request, "Last-Event-ID");
  head.host = field(request, http::field::host).value_or("");
  head.origin = field(request, http::field::origin).value_or("");
  head.fetch_site = field(request, "Sec-Fetch-Site").value_or("");
  head.accept_language = field(request, http::field::accept_language).value_or("");
  head.accept = field(request, http::field::accept).value_or("");
  const auto length = field(request, http::field::content_length);
  head.has_body = field(request, http::field::transfer_encoding).has_value() ||
                  (length && length->find_first_not_of('0') != std::string_view::npos);
  return head;
}

bool expects_continue(const WireRequest& request) {
  return request.version() == 11 && field(request, http::field::expect).has_value();
}

std::optional<Problem> read_fault(const boost::system::error_code& error, bool timed_out) {
  using enum ProblemType;
  if (timed_out) return make_problem(request_timeout, "send the whole request faster");
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return make_problem(header_too_large, "at most 8 KiB of header fields are read");
  }
  if (error == http::error::body_limit) {
    return make_problem(body_too_large, "this operation does not take a body of that size");
  }
  if (error == http::error::bad_version) return make_problem(version_unsupported, "");
  if (error == http::error::end_of_stream || error == http::error::partial_message) {
    return std::nullopt;
  }
  static const auto& http_category = http::make_error_code(http::error::bad_method).category();
  if (error.category() != http_category) return std::nullopt;
  return make_problem(malformed_request, error.message());
}

WireResponse to_wire(HttpResponse& response, unsigned version, bool keep_alive) {
  WireResponse wire;
  wire.version(version);
  wire.result(response.status);
  wire.keep_alive(keep_alive);
  wire.set(http::field::date, http_date(std::time(nullptr)));
  wire.set(http::field::cache_control, "no-store");
  wire.set("X-Content-Type-Options", "nosniff");
  if (!response.content_type.empty()) wire.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers)
    wire.insert(name, value);
  wire.body() = std::move(response.body);
  return wire;
}

}  // namespace assent::gateway

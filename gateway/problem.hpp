#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/fault.hpp"

namespace assent::gateway {

// Every way the API says no. Closed: each has its type URI, status and title (RFC 9457 §3.1), and
// is listed in the OpenAPI document.
enum class ProblemType : unsigned char {
  malformed_request,   // 400: not HTTP as this server speaks it
  malformed_json,      // 400
  invalid_parameter,   // 400: in the path, the query or a header
  unauthenticated,     // 401
  forbidden,           // 403
  not_found,           // 404
  method_not_allowed,  // 405
  request_timeout,     // 408
  conflict,            // 409: the state of the thing does not allow it
  in_progress,         // 409: the first request with this idempotency key is not answered yet
  superseded,          // 409: replayed, but a later request has changed the same thing
  body_too_large,      // 413
  unsupported_media,   // 415
  expectation_failed,  // 417
  unknown_field,       // 422
  missing_field,       // 422
  wrong_type,          // 422
  invalid_value,       // 422
  key_reused,          // 422: an idempotency key with another body
  refused_by_policy,   // 422: well formed, and the policy says no
  faulty_policy,       // 422: a policy that has faults, all of them in `faults`
  too_many_requests,   // 429
  header_too_large,    // 431
  internal,            // 500
  not_implemented,     // 501
  unavailable,         // 503: try again later
  not_recorded,        // 503: could not be made durable
  exhausted,           // 503: a limit of this gateway is reached (ports, rooms, sinks)
  version_unsupported  // 505
};
inline constexpr std::size_t problem_types = 29;

[[nodiscard]] unsigned status_of(ProblemType type);
[[nodiscard]] std::string_view title_of(ProblemType type);
[[nodiscard]] std::string_view uri_of(ProblemType type);  // "urn:assent:problem:..."

// RFC 9457 problem details. `detail` is for a person and never quotes secrets or media; `pointer`
// names the faulty field of the request's JSON body (RFC 6901), empty when none is at fault.
struct Problem {
  ProblemType type;
  std::string detail;
  std::string pointer;
  std::vector<Fault> faults{};  // of a text in the body that has lines of its own
};

[[nodiscard]] Problem make_problem(ProblemType type, std::string detail, std::string pointer = {});

// The body of an application/problem+json response.
[[nodiscard]] std::string to_json(const Problem& problem);

template <class T>
using Answered = boost::system::result<T, Problem>;

// Answered<T>::value() on a problem is a programming error of the caller.
[[noreturn]] void throw_exception_from_error(const Problem& problem,
                                             const boost::source_location& location);

}  // namespace assent::gateway

#include "gateway/problem.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <stdexcept>
#include <utility>

namespace assent::gateway {
namespace {

struct Row {
  unsigned status;
  std::string_view uri;
  std::string_view title;
};

// In the order of ProblemType.
constexpr std::array<Row, problem_types> rows{{
    {400, "urn:assent:problem:malformed-request", "The request is not sound HTTP"},
    {400, "urn:assent:problem:malformed-json", "The body is not sound JSON"},
    {400, "urn:assent:problem:invalid-parameter", "A parameter is not valid"},
    {401, "urn:assent:problem:unauthenticated", "A valid bearer token is needed"},
    {403, "urn:assent:problem:forbidden", "This token may not do that"},
    {404, "urn:assent:problem:not-found", "There is no such thing"},
    {405, "urn:assent:problem:method-not-allowed", "This path does not take that method"},
    {408, "urn:assent:problem:request-timeout", "The request did not arrive in time"},
    {409, "urn:assent:problem:conflict", "The present state does not allow it"},
    {409, "urn:assent:problem:in-progress", "The first request with this key is not answered yet"},
    {409, "urn:assent:problem:superseded", "A later request has changed the same thing"},
    {413, "urn:assent:problem:body-too-large", "The body is too large"},
    {415, "urn:assent:problem:unsupported-media", "The body must be application/json"},
    {417, "urn:assent:problem:expectation-failed", "That expectation cannot be met"},
    {422, "urn:assent:problem:unknown-field", "A field is not known"},
    {422, "urn:assent:problem:missing-field", "A field is missing"},
    {422, "urn:assent:problem:wrong-type", "A field has the wrong type"},
    {422, "urn:assent:problem:invalid-value", "A field's value is not valid"},
    {422, "urn:assent:problem:key-reused", "The idempotency key was used with another body"},
    {422, "urn:assent:problem:refused-by-policy", "The policy does not allow it"},
    {422, "urn:assent:problem:faulty-policy", "The policy has faults"},
    {429, "urn:assent:problem:too-many-requests", "Too many requests"},
    {431, "urn:assent:problem:header-too-large", "The header is too large"},
    {500, "urn:assent:problem:internal", "The gateway failed"},
    {501, "urn:assent:problem:not-implemented", "This is not implemented"},
    {503, "urn:assent:problem:unavailable", "Not available now"},
    {503, "urn:assent:problem:not-recorded", "It could not be recorded durably"},
    {503, "urn:assent:problem:exhausted", "A limit of the gateway is reached"},
    {505, "urn:assent:problem:version-unsupported", "Only HTTP/1.1 and 1.0 are spoken"},
}};

const Row& row(ProblemType type) {
  return rows.at(static_cast<std::size_t>(type));
}

boost::json::array faults_json(const std::vector<Fault>& faults) {
  boost::json::array array;
  for (const Fault& fault : faults) {
    array.push_back({{"file", fault.file},
                     {"line", fault.line},
                     {"column", fault.column},
                     {"path", fault.path},
                     {"what", fault.what},
                     {"remedy", fault.remedy}});
  }
  return array;
}

}  // namespace

unsigned status_of(ProblemType type) {
  return row(type).status;
}
std::string_view title_of(ProblemType type) {
  return row(type).title;
}
std::string_view uri_of(ProblemType type) {
  return row(type).uri;
}

Problem make_problem(ProblemType type, std::string detail, std::string pointer) {
  return Problem{type, std::move(detail), std::move(pointer), {}};
}

std::string to_json(const Problem& problem) {
  boost::json::object body;
  body["type"] = uri_of(problem.type);
  body["title"] = title_of(problem.type);
  body["status"] = status_of(problem.type);
  if (!problem.detail.empty()) body["detail"] = problem.detail;
  if (!problem.pointer.empty()) body["pointer"] = problem.pointer;
  if (!problem.faults.empty()) body["faults"] = faults_json(problem.faults);
  return boost::json::serialize(body);
}

void throw_exception_from_error(const Problem& problem, const boost::source_location&) {
  throw std::logic_error("value() of an answer that holds a problem: " + problem.detail);
}

}  // namespace assent::gateway

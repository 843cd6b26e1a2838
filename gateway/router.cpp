#include "gateway/router.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gateway/cdrs_parameters.hpp"
#include "gateway/consent_page_words.hpp"
#include "gateway/id.hpp"
#include "gateway/storage_record.hpp"
#include "gateway/transfers_parameters.hpp"

namespace assent::gateway {
namespace {

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{');
}

bool matches(std::string_view path_template, const std::vector<std::string_view>& segments) {
  const auto fixed = segments_of(path_template);
  const auto agree = [](std::string_view pattern, std::string_view sent) {
    return is_parameter(pattern) ? !sent.empty() : pattern == sent;
  };
  return std::equal(fixed.begin(), fixed.end(), segments.begin(), segments.end(), agree);
}

void read_parameters(const std::vector<std::string_view>& sent, const boost::urls::url_view& target,
                     Routed& routed) {
  const auto names = segments_of(routed.route->path_template);
  auto decoded = target.segments().begin();
  for (std::size_t i = 0; i < names.size(); ++i, ++decoded) {
    routed.request.path += '/';
    if (!is_parameter(names[i])) {
      routed.request.path += sent[i];
      continue;
    }
    const std::string name{names[i].substr(1, names[i].size() - 2)};
    const std::string value = *decoded;
    if (name != "token" && !is_id(value) && !routed.parameter_fault) {
      routed.parameter_fault =
          make_problem(ProblemType::invalid_parameter,
                       "{" + name + "} in the path must be 1 to 64 of A-Z a-z 0-9 . _ ~ -");
    }
    routed.request.path += value;
    routed.request.parameters.emplace(name, value);
  }
}

bool is_number(std::string_view text, std::int64_t min, std::int64_t max) {
  std::int64_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && rest == end && value >= min && value <= max;
}

std::optional<std::string> query_fault(const ApiRoute& route, const std::string& name,
                                       const std::string& value) {
  const auto known = std::find(route.query.begin(), route.query.end(), std::string_view{name});
  if (known == route.query.end()) return "the query has a parameter that is not known here";
  if ((name == "explain" || name == "dry_run") && value != "true" && value != "false") {
    return "?" + name + " must be true or false";
  }
  if (name == "after" && !is_number(value, 0, std::numeric_limits<std::int64_t>::max())) {
    return "?after must be the \"next\" of the page before";
  }
  if (name == "limit" && !is_number(value, 1, cdr_page_max)) {
    return "?limit must be 1 to " + std::to_string(cdr_page_max);
  }
  if (name == "giver" && value != "participant" && value != "guardian") {
    return "?giver must be participant or guardian";
  }
  if (name == "language" && !is_page_language(value)) return "?language is none of the page's";
  if (name == "result" && value != "saved" && value != "nothing") {
    return "?result must be saved or nothing";
  }
  if (route.operation == Operation::get_transfers) {
    if (auto fault = transfers_parameter_fault(name, value)) return fault;
  }
  if (route.operation == Operation::get_cdrs) {
    if (auto fault = cdrs_parameter_fault(name, value)) return fault;
  }
  for (const std::string_view id :
       {"room", "receipt", "subject", "session", "participant", "connection"}) {
    if (name == id && !is_id(value)) return "?" + name + " must be 1 to 64 of A-Z a-z 0-9 . _ ~ -";
  }
  return std::nullopt;
}

void read_query(const boost::urls::url_view& target, Routed& routed) {
  for (const auto& parameter : target.params()) {
    auto fault = query_fault(*routed.route, parameter.key, parameter.value);
    if (!fault && !routed.request.query.emplace(parameter.key, parameter.value).second) {
      fault = "?" + parameter.key + " is given twice";
    }
    if (fault && !routed.parameter_fault) {
      routed.parameter_fault = make_problem(ProblemType::invalid_parameter, *fault);
    }
  }
}

HttpResponse method_not_allowed(std::string allow) {
  auto response =
      problem_response(make_problem(ProblemType::method_not_allowed, "this path takes: " + allow));
  response.headers.emplace_back("Allow", std::move(allow));
  return response;
}

}  // namespace

Routed route_request(std::string_view method, std::string_view target) {
  Routed routed;
  const auto parsed = boost::urls::parse_origin_form(target);
  if (!parsed) {
    routed.refusal = problem_response(make_problem(
        ProblemType::malformed_request, "the request target must be a path, as in /v1/rooms/a"));
    return routed;
  }
  const auto sent = segments_of(target.substr(0, target.find('?')));
  std::string allow;
  for (const ApiRoute& route : api_routes()) {
    if (!matches(route.path_template, sent)) continue;
    const std::string_view takes = to_string(route.method);
    if (takes == method) {
      routed.route = &route;
      routed.request.method = route.method;
      read_parameters(sent, *parsed, routed);
      read_query(*parsed, routed);
      return routed;
    }
    allow += (allow.empty() ? "" : ", ") + std::string(takes);
    if (route.method == HttpMethod::get) allow += ", HEAD";
  }
  routed.refusal =
      allow.empty()
          ? problem_response(make_problem(ProblemType::not_found, "no such path in this API"))
          : method_not_allowed(std::move(allow));
  return routed;
}

}  // namespace assent::gateway

#include "gateway/http_message.hpp"

#include <stdexcept>

namespace assent::gateway {

std::string_view to_string(HttpMethod method) {
  switch (method) {
    case HttpMethod::get:
      return "GET";
    case HttpMethod::put:
      return "PUT";
    case HttpMethod::post:
      return "POST";
    case HttpMethod::patch:
      return "PATCH";
    case HttpMethod::delete_:
      return "DELETE";
  }
  return "";
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::conference_server:
      return "conference-server";
    case Role::operator_:
      return "operator";
    case Role::privacy_officer:
      return "privacy-officer";
    case Role::participant:
      return "participant";
    case Role::guardian:
      return "guardian";
  }
  return "";
}

std::optional<Role> role_from(std::string_view word) {
  for (std::size_t i = 0; i < roles; ++i) {
    const auto role = static_cast<Role>(i);
    if (to_string(role) == word) return role;
  }
  return std::nullopt;
}

const std::string& HttpRequest::parameter(std::string_view name) const {
  const auto found = parameters.find(name);
  if (found == parameters.end()) {
    throw std::logic_error("the route has no parameter " + std::string(name));
  }
  return found->second;
}

HttpResponse json_response(std::string body, unsigned status) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

HttpResponse empty_response(unsigned status) {
  HttpResponse response;
  response.status = status;
  return response;
}

HttpResponse problem_response(const Problem& problem) {
  HttpResponse response;
  response.status = status_of(problem.type);
  response.content_type = "application/problem+json";
  response.body = to_json(problem);
  if (response.status == 401) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"assent\"");
  }
  if (response.status == 503 || response.status == 429) {
    response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

}  // namespace assent::gateway

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "gateway/http_message.hpp"

namespace assent::gateway {

// Every operation of the API. The router, the access rules, the OpenAPI document and its test all
// read the one table behind `api_routes()`.
enum class Operation : unsigned char {
  put_room,
  get_room,
  patch_room,
  delete_room,
  put_participant,
  get_participant,
  patch_participant,
  delete_participant,
  post_offer,
  delete_offer,
  post_answer,
  delete_connection,
  post_candidates,
  put_consent,
  withdraw_consent,
  post_consent_link,
  put_notice,
  put_questions,
  delete_questions,
  put_purpose,
  delete_purpose,
  get_receipts,
  get_decision,
  find_receipts,
  get_cdrs,
  get_transfers,
  get_exports,
  get_policy,
  put_policy,
  get_accepted_policy,
  get_events,
  get_ledger_checkpoint,
  get_ledger_key,
  get_subject,
  patch_subject,
  delete_subject,
  post_retention,
  post_disclosure,
  approve_disclosure,
  get_aggregates,
  get_openapi,
  get_metrics,
  get_health,
  get_readiness,
  get_consent_page,
  post_consent_page
};
inline constexpr std::size_t operations = 46;

// Three files of 1 MiB, as JSON strings.
inline constexpr std::size_t policy_body_bytes_max = 4U << 20U;

inline constexpr std::size_t form_bytes_max = 4'096;

// A set of roles, written as a sum: `for_roles(Role::operator_, Role::participant)`.
using RoleSet = unsigned char;
template <class... R>
constexpr RoleSet for_roles(R... allowed) {
  return static_cast<RoleSet>((0U | ... | (1U << static_cast<unsigned>(allowed))));
}
constexpr bool contains(RoleSet set, Role role) {
  return (set >> static_cast<unsigned>(role) & 1U) != 0;
}

// What the body of a request must be.
enum class Takes : unsigned char { nothing, json, form };

struct ApiRoute {
  Operation operation;
  std::string_view operation_id;  // in the OpenAPI document
  HttpMethod method;
  // "/v1/rooms/{room}"; every parameter is an id, but {token}, which its handler judges.
  std::string_view path_template;
  std::span<const std::string_view> query;  // the names that may be asked; others are refused
  Takes takes;
  bool open;                                    // needs no bearer token
  RoleSet allowed;                              // bound roles: only about their participant
  std::optional<std::size_t> body_bytes_max{};  // absent: what the server takes of any
};

[[nodiscard]] std::span<const ApiRoute> api_routes();
[[nodiscard]] const ApiRoute& route_of(Operation operation);

}  // namespace assent::gateway

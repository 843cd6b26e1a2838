#include "gateway/access.hpp"

#include <utility>

namespace assent::gateway {
namespace {

// RFC 9110 §11.1: the scheme's name has no case. RFC 6750 §2.1: one token, of these characters.
std::optional<std::string_view> bearer_token(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() <= scheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    const char c = authorization[i];
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower != scheme[i]) return std::nullopt;
  }
  const std::string_view token = authorization.substr(scheme.size());
  constexpr std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
  if (token.size() > token_bytes_max || token.find_first_not_of(allowed) != token.npos) {
    return std::nullopt;
  }
  return token;
}

HttpResponse unauthenticated(bool presented) {
  auto response = problem_response(make_problem(
      ProblemType::unauthenticated,
      presented ? "the token is not known here" : "send it as \"Authorization: Bearer ...\""));
  if (presented) {
    response.headers.clear();
    response.headers.emplace_back("WWW-Authenticate",
                                  "Bearer realm=\"assent\", error=\"invalid_token\"");
  }
  return response;
}

HttpResponse forbidden(std::string detail) {
  return problem_response(make_problem(ProblemType::forbidden, std::move(detail)));
}

Principal principal_of(const AccessToken& token) {
  Principal principal;
  principal.role = token.role;
  principal.token_name = token.name;
  principal.room = token.room;
  principal.participant = token.participant;
  return principal;
}

// Whether the path is about the participant that the token is bound to.
bool about_itself(const AccessToken& token, const HttpRequest& request) {
  const auto room = request.parameters.find("room");
  const auto participant = request.parameters.find("participant");
  return room != request.parameters.end() && participant != request.parameters.end() &&
         !token.room.empty() && !token.participant.empty() && room->second == token.room &&
         participant->second == token.participant;
}

}  // namespace

Access::Access(std::vector<AccessToken> tokens) : tokens_{std::move(tokens)} {}

void Access::replace(std::vector<AccessToken> tokens) {
  tokens_ = std::move(tokens);
}

const AccessToken* Access::find(std::string_view presented) const {
  const Sha256 hash = sha256(presented);
  const AccessToken* found = nullptr;
  for (const AccessToken& token : tokens_) {  // to the end, always: time tells nothing
    if (equal_in_constant_time(token.hash, hash) && found == nullptr) found = &token;
  }
  return found;
}

std::optional<HttpResponse> Access::admit(const ApiRoute& route,
                                          std::optional<std::string_view> authorization,
                                          HttpRequest& request) const {
  const auto presented = authorization ? bearer_token(*authorization) : std::nullopt;
  const AccessToken* token = presented ? find(*presented) : nullptr;
  if (token == nullptr && route.open) return std::nullopt;
  if (token == nullptr) return unauthenticated(authorization.has_value());
  if (route.open) {
    request.principal = principal_of(*token);
    return std::nullopt;
  }
  if (!contains(route.allowed, token->role)) {
    return forbidden("the role " + std::string(to_string(token->role)) +
                     " may not call this operation");
  }
  if (is_bound(token->role) && !about_itself(*token, request)) {
    return forbidden("this token is about one participant only, and this is another");
  }
  request.principal = principal_of(*token);
  return std::nullopt;
}

Answered<policy::Giver> giver_for(const HttpRequest& request, std::optional<policy::Giver> said) {
  const Role role = request.principal ? request.principal->role : Role::participant;
  const auto own = role == Role::guardian ? policy::Giver::guardian : policy::Giver::participant;
  const auto giver = said.value_or(own);
  if (is_bound(role) && giver != own) {
    return make_problem(ProblemType::forbidden, "a " + std::string(to_string(role)) +
                                                    "'s token never speaks as the " +
                                                    std::string(to_string(giver)));
  }
  return giver;
}

Answered<void> may_change(const HttpRequest& request, const PatchParticipant& change) {
  if (!request.principal || request.principal->role != Role::participant) return {};
  const auto refused = [](std::string pointer) {
    return make_problem(ProblemType::forbidden,
                        "a participant's token may add declared jurisdictions and opt out of "
                        "sale; the rest is for the conference server to say",
                        std::move(pointer));
  };
  if (change.reevaluate) return refused("/reevaluate");
  if (change.minor) return refused("/minor");
  if (change.ciphertext_only) return refused("/ciphertext_only");
  // It could hold back the others' media, too: a leg's rule binds the whole room.
  if (change.policy) return refused("/policy");
  if (!change.jurisdictions) return {};
  const auto& claims = *change.jurisdictions;
  if (!claims.account.empty()) return refused("/jurisdictions/account");
  if (claims.e164) return refused("/jurisdictions/e164");
  if (claims.ip) return refused("/jurisdictions/ip");
  return {};
}

}  // namespace assent::gateway

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api_routes.hpp"
#include "gateway/http_message.hpp"
#include "gateway/requests.hpp"
#include "gateway/sha256.hpp"
#include "policy/consent.hpp"

namespace assent::gateway {

inline constexpr std::size_t token_bytes_max = 512;

// A bearer token as configured: never itself, only its SHA-256. `room` and `participant` bind a
// participant's or a guardian's token, and are empty for the other roles.
struct AccessToken {
  std::string name;  // for logs and receipts
  Sha256 hash{};
  Role role = Role::participant;
  std::string room;
  std::string participant;
};

// Who may do what: the roles of the route table, and for participants and guardians only what is
// about the participant. Loopback and Unix-socket peers are asked for a token like everybody else.
class Access {
 public:
  explicit Access(std::vector<AccessToken> tokens);

  void replace(std::vector<AccessToken> tokens);  // a reloaded configuration

  // Sets the request's principal and answers nothing, or answers 401 (RFC 6750 §3) or 403. 403 is
  // the same whether or not the other participant exists.
  [[nodiscard]] std::optional<HttpResponse> admit(const ApiRoute& route,
                                                  std::optional<std::string_view> authorization,
                                                  HttpRequest& request) const;

 private:
  [[nodiscard]] const AccessToken* find(std::string_view presented) const;

  std::vector<AccessToken> tokens_;
};

// What the body asks for, beyond the route.

// In whose name a consent is given or withdrawn: the participant's for a participant's token and
// never the guardian's, the guardian's for a guardian's and never the participant's, either for the
// others. Left out, it is the guardian's for a guardian's token, else the participant's.
[[nodiscard]] Answered<policy::Giver> giver_for(const HttpRequest& request,
                                                std::optional<policy::Giver> said);

// A participant's token may only add to what restricts: say where the person is, and opt out.
[[nodiscard]] Answered<void> may_change(const HttpRequest& request, const PatchParticipant& change);

}  // namespace assent::gateway

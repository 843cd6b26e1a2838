#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api_routes.hpp"
#include "gateway/http_message.hpp"
#include "gateway/sha256.hpp"

namespace assent::gateway {

inline constexpr std::size_t token_bytes_max = 512;

// A bearer token as configured: never itself, only its SHA-256. `room` and `participant` bind a
// participant's token, and are empty for the other roles.
struct AccessToken {
  std::string name;  // for logs and receipts
  Sha256 hash{};
  Role role = Role::participant;
  std::string room;
  std::string participant;
};

// Who may do what: the roles of the route table, and for participants only what is about
// themselves. Loopback and Unix-socket peers are asked for a token like everybody else.
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

}  // namespace assent::gateway

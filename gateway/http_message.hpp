#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/problem.hpp"
#include "gateway/sha256.hpp"

namespace assent::gateway {

enum class HttpMethod : unsigned char { get, put, post, patch, delete_ };  // HEAD is served as GET
[[nodiscard]] std::string_view to_string(HttpMethod method);               // "GET"

enum class Role : unsigned char {
  conference_server,
  operator_,
  privacy_officer,
  participant,
  guardian,  // of a participant: gives and withdraws for a minor, and nothing else
};
inline constexpr std::size_t roles = 5;
[[nodiscard]] constexpr bool is_bound(Role role) {  // to one participant of one room
  return role == Role::participant || role == Role::guardian;
}
[[nodiscard]] std::string_view to_string(Role role);  // "conference-server"
[[nodiscard]] std::optional<Role> role_from(std::string_view word);

// Who asks: the token that was presented, by its configured name. A bound role's token is about one
// participant of one room only.
struct Principal {
  Role role = Role::participant;
  std::string token_name;
  std::string room;
  std::string participant;
};

// What a browser says of itself and of where a request comes from; empty where it does not.
struct BrowserFields {
  std::string host;
  std::string origin;      // RFC 6454 §7
  std::string fetch_site;  // Sec-Fetch-Site of Fetch Metadata
  std::string accept_language;
};

// A request whose head was found sound: routed, admitted, its parameters decoded and checked.
struct HttpRequest {
  HttpMethod method = HttpMethod::get;
  std::string path;                                            // in its one canonical spelling
  std::map<std::string, std::string, std::less<>> parameters;  // of the path: ids
  std::map<std::string, std::string, std::less<>> query;
  std::optional<Principal> principal;  // none on public routes
  std::optional<std::string> idempotency_key;
  std::optional<std::string> last_event_id;
  BrowserFields browser;
  std::string accept;  // RFC 9110 §12.5.1; empty: anything
  Sha256 body_hash{};  // of the query and the body; only with an idempotency key
  std::string body;

  // A parameter that the route's template names.
  const std::string& parameter(std::string_view name) const;
};

// The body of a response that is still being written when its head is sent.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // The next bytes, not empty; nothing when the body is complete.
  virtual boost::asio::awaitable<std::optional<std::string>> next() = 0;
  // The peer is gone: `next` is to return nothing, soon.
  virtual void cancel() = 0;
  // After nothing came: the body is not complete, and must not look so.
  [[nodiscard]] virtual bool failed() const { return false; }
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type;  // empty: no body
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::unique_ptr<BodyStream> stream;  // instead of `body`
};

[[nodiscard]] HttpResponse json_response(std::string body, unsigned status = 200);
[[nodiscard]] HttpResponse empty_response(unsigned status = 204);
// application/problem+json; 401 gets WWW-Authenticate, 503 and 429 Retry-After.
[[nodiscard]] HttpResponse problem_response(const Problem& problem);

using HttpHandler = std::function<boost::asio::awaitable<HttpResponse>(const HttpRequest&)>;

}  // namespace assent::gateway

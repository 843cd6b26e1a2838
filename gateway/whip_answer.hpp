#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/problem.hpp"
#include "gateway/whip_server.hpp"

// The responses of the front to its clients.
namespace assent::gateway {

inline constexpr std::string_view whip_sdp_type = "application/sdp";
inline constexpr std::string_view whip_fragment_type = "application/trickle-ice-sdpfrag";

[[nodiscard]] WhipResponse whip_status(boost::beast::http::status status);
[[nodiscard]] WhipResponse whip_problem(const Problem& problem);
// With a status of RFC 9725 that the API has no word for.
[[nodiscard]] WhipResponse whip_problem(boost::beast::http::status status, std::string_view detail);

// What a client may know of a server's refusal: the status, when to come again, how to
// authenticate, and a problem's text; no description. What is no refusal is a fault of the server.
[[nodiscard]] WhipResponse whip_refusal_of(const WhipResponse& by_server);

// Of the server's Link fields the links to STUN and TURN servers (RFC 9725 §4.6). Others lead
// around the gateway.
[[nodiscard]] std::vector<std::string> ice_server_links(const WhipResponse& by_server);

// The type without its parameters.
[[nodiscard]] bool is_of_type(std::string_view content_type, std::string_view type);

// RFC 9110 §13.1.1, by the strong comparison.
[[nodiscard]] bool if_match_holds(std::string_view if_match, std::string_view etag);

}  // namespace assent::gateway

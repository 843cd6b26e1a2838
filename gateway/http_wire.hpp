#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "gateway/http_application.hpp"

namespace assent::gateway {

// Between Beast's messages and ours. Only the session includes this.

using WireRequest = boost::beast::http::header<true>;
using WireResponse = boost::beast::http::response<boost::beast::http::string_body>;

// What the head asks of this server; views into `request`. A problem if it is ambiguous or asks for
// what is not spoken here: fields given twice, codings other than chunked, a foreign expectation.
[[nodiscard]] Answered<RequestHead> read_head(const WireRequest& request);

[[nodiscard]] bool expects_continue(const WireRequest& request);

// Why reading failed, if the peer can still be told; nothing if it is gone.
[[nodiscard]] std::optional<Problem> read_fault(const boost::system::error_code& error,
                                                bool timed_out);

// Without framing: that depends on whether it streams.
[[nodiscard]] WireResponse to_wire(HttpResponse& response, unsigned version, bool keep_alive);

}  // namespace assent::gateway

#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What the gateway reads in a message of the Janus API (JSON over WebSocket or HTTP). Nothing here
// trusts a message to have a field, or the right kind of it.
namespace assent::gateway {

struct JanusBounds {
  std::size_t bytes = 0;
  std::size_t depth = 0;
};
inline constexpr JanusBounds from_janus_client{262'144, 16};
// Wider: what one client says, the server tells the others in messages of its own, many at once.
inline constexpr JanusBounds from_janus_server{4'194'304, 64};

// Nothing where it is no JSON, or nested or long beyond the bounds.
[[nodiscard]] std::optional<boost::json::value> parse_janus_value(std::string_view text,
                                                                  const JanusBounds& bounds);
// Nor where it is no object.
[[nodiscard]] std::optional<boost::json::object> parse_janus(std::string_view text,
                                                             const JanusBounds& bounds);

[[nodiscard]] std::string_view janus_text(const boost::json::object& object, std::string_view name);
// In lower case: Janus tells a word by it, whatever its case.
[[nodiscard]] std::string janus_word(const boost::json::object& object, std::string_view name);
[[nodiscard]] std::optional<std::uint64_t> janus_number(const boost::json::object& object,
                                                        std::string_view name);
[[nodiscard]] bool janus_flag(const boost::json::object& object, std::string_view name);
[[nodiscard]] const boost::json::object* janus_object(const boost::json::object& object,
                                                      std::string_view name);

// A room or a participant, which Janus calls by a number or, with string_ids, by any text: as an id
// of the gateway's. Empty where there is none.
[[nodiscard]] std::string janus_id(const boost::json::object& object, std::string_view name);

// Toward the server a number of the gateway's stands before a request's transaction, and its
// answers bear it: clients may call two requests alike. Of a message that has a transaction.
[[nodiscard]] bool has_transaction(const boost::json::object& message);
void number_transaction(boost::json::object& message, std::uint64_t number);
// As the client called it. 0: it was not numbered.
[[nodiscard]] std::uint64_t take_transaction_number(boost::json::object& message);

// "videoroom" of "janus.plugin.videoroom"; of another plugin's name what follows the last dot.
[[nodiscard]] std::string janus_plugin(std::string_view package);

}  // namespace assent::gateway

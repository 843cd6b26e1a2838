#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "gateway/policy_in_force.hpp"
#include "gateway/problem.hpp"
#include "gateway/storage.hpp"

namespace assent::gateway {

// "2026-11"
[[nodiscard]] bool is_month(std::string_view text);

// How many different people granted, refused or withdrew each purpose in a month (UTC). Numbers
// only, and only those that enough people stand behind (`aggregates.at_least`): whole months, so
// that nobody finds one person by the difference of two questions; no totals, so that what is held
// back is not what is missing from them. Refused while the month runs: its numbers still change.
[[nodiscard]] boost::asio::awaitable<Answered<boost::json::object>> aggregates_of(
    Storage& storage, const PolicyInForce& policy, std::string month, WallTime now);

}  // namespace assent::gateway

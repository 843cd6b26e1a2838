#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "gateway/http_message.hpp"
#include "gateway/storage.hpp"

namespace assent::gateway {

// Receipts of consents and withdrawals whose request carried an Idempotency-Key: stored in the same
// transaction as the consent, so that a repetition gets the same receipt, and is not done twice,
// also after a restart.

[[nodiscard]] bool is_about_consent(const HttpRequest& request);

// To be stored. `request` carries a key.
[[nodiscard]] StoredReceipt consent_receipt(const HttpRequest& request, std::string body,
                                            WallTime at);

// What a repetition is answered; nothing: it is none, carry it out. A statement that another has
// followed is not answered as if it still held, nor is a withdrawal that a grant has followed.
[[nodiscard]] boost::asio::awaitable<std::optional<HttpResponse>> repeat_consent_receipt(
    Storage& storage, const HttpRequest& request);

}  // namespace assent::gateway

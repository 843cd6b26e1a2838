#pragma once

#include "gateway/api.hpp"

namespace assent::gateway {

// Signed receipts over the API: of whoever is in a room, of whoever has left it, and for the
// privacy officer. A guardian's receipts go to the guardian and to staff, never to the child's
// token or page: they tell of the guardian (who it is, how that was shown, what it refused), and
// it is the guardian that they are to serve as a proof. The policy gives the child no say in what a
// guardian states, so the child's link carries what the child itself stated.
void bind_receipts(Dispatcher& dispatcher, ApiBackend& backend);

// Every receipt that is asked for, page by page.
[[nodiscard]] boost::asio::awaitable<Stored<std::vector<SignedReceipt>>> all_receipts(
    Storage& storage, ReceiptQuery query);

}  // namespace assent::gateway

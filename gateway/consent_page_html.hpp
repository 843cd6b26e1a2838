#pragma once

#include <string>
#include <string_view>

#include "gateway/consent_view.hpp"
#include "gateway/http_message.hpp"

namespace assent::gateway {

// The consent page as HTML without any script: readable by a phone, a screen reader, an old
// browser. Everything that is not the page's own words is escaped.

enum class PageMessage : unsigned char { none, saved, nothing_ticked, changed, not_saved };

[[nodiscard]] HttpResponse consent_page_response(const ConsentView& view,
                                                 policy::WallTime works_until, PageMessage message,
                                                 unsigned status);
// Says what is wrong and what to do, and nothing about anybody.
enum class OffersReceipts : bool { no, yes };
[[nodiscard]] HttpResponse plain_page_response(const PageWords& words, std::string_view title,
                                               std::string_view text, unsigned status,
                                               OffersReceipts offer = OffersReceipts::no);

// For text and quoted attributes (HTML Standard §13.3).
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace assent::gateway

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gateway/conferences.hpp"
#include "gateway/consent_links.hpp"
#include "gateway/consent_page_html.hpp"
#include "gateway/dispatcher.hpp"
#include "gateway/form_body.hpp"

namespace assent::gateway {

// The participant's own page at /consent/{token}: what is asked of one person, for each purpose
// apart, boxes un-ticked, and what was given withdrawn by one button. Whoever has the link answers
// for that person; nothing else of the API is open to it. Answers take the same way through the
// room as those of PUT and DELETE .../consents/{purpose}. Control thread only.
class ConsentPage {
 public:
  struct Options {
    std::string public_url;  // before /consent/; empty: links are paths only
    std::chrono::seconds lifetime{};
  };
  // `conferences` and `storage` outlive it.
  ConsentPage(Conferences& conferences, Storage& storage, ConsentLinks links, Options options)
      : conferences_{conferences},
        storage_{storage},
        links_{std::move(links)},
        options_{std::move(options)} {}

  // Its three operations; the page outlives the dispatcher.
  void bind(Dispatcher& dispatcher);

 private:
  using Response = boost::asio::awaitable<HttpResponse>;

  // Whose page it is, and in which language it speaks.
  struct Visit {
    ConsentLink link;
    std::shared_ptr<Conference> room;
    std::string subject;
    const PageWords& words;
  };

  Response post_link(const HttpRequest& request);
  Response get(const HttpRequest& request);
  Response post(const HttpRequest& request);

  // Or what is answered instead.
  [[nodiscard]] std::variant<ConsentLink, HttpResponse> open(const HttpRequest& request) const;
  [[nodiscard]] std::variant<Visit, HttpResponse> visit(const HttpRequest& request) const;
  [[nodiscard]] static HttpResponse show(const Visit& visit, PageMessage message, unsigned status);
  // Also after the call, for as long as the link holds.
  Response download_receipts(const HttpRequest& request);
  Response withdraw(const Visit& visit, std::string purpose);
  Response refuse_all(const Visit& visit);
  Response agree(const Visit& visit, const std::vector<std::string>& purposes,
                 std::string_view seen);
  [[nodiscard]] bool comes_from_here(const HttpRequest& request) const;

  Conferences& conferences_;
  Storage& storage_;
  ConsentLinks links_;
  Options options_;
};

}  // namespace assent::gateway

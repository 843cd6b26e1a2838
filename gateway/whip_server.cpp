#include "gateway/whip_server.hpp"

#include <openssl/ssl.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <stdexcept>
#include <utility>

#include "gateway/plain_or_tls.hpp"
#include "gateway/version.hpp"
#include "media/sdp.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
namespace urls = boost::urls;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::uint32_t head_bytes_max = 16'384;
constexpr std::uint64_t body_bytes_max = 2 * media::sdp_bytes_max;
constexpr unsigned redirects_max = 3;

ssl::context make_tls(const std::filesystem::path& authorities) {
  ssl::context tls{ssl::context::tls_client};
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  error_code error;
  if (authorities.empty()) {
    tls.set_default_verify_paths(error);
  } else {
    tls.load_verify_file(authorities.string(), error);
  }
  if (error) {
    throw std::runtime_error("the authorities of the server cannot be read: " + error.message());
  }
  tls.set_verify_mode(ssl::verify_peer);
  return tls;
}

// Whose method and body stay the same (RFC 9110 §15.4.8, §15.4.9).
bool redirects(const WhipResponse& response) {
  return response.result() == http::status::temporary_redirect ||
         response.result() == http::status::permanent_redirect;
}

std::uint16_t port_of(const urls::url& url) {
  if (url.has_port()) return url.port_number();
  return static_cast<std::uint16_t>(url.scheme_id() == urls::scheme::https ? 443 : 80);
}

template <class Of>
struct Listed {
  Listed(std::set<Of*>& of, Of& one) : all{of}, item{one} { all.insert(&item); }
  ~Listed() { all.erase(&item); }
  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;
  std::set<Of*>& all;
  Of& item;
};

}  // namespace

// A look-up cannot be interrupted: whoever waited for it may be gone when it comes back, so the
// two share it.
struct WhipServer::Resolution {
  explicit Resolution(const asio::any_io_executor& executor) : resolver{executor}, done{executor} {}
  tcp::resolver resolver;
  asio::steady_timer done;
  Endpoints found;
};

WhipServer::WhipServer(asio::any_io_executor executor, const WebhookUrl& url,
                       const std::filesystem::path& authorities, std::chrono::milliseconds within)
    : executor_{std::move(executor)}, url_{url}, within_{within}, tls_{make_tls(authorities)} {}

std::string WhipServer::target_of(std::string_view path) const {
  std::string target = url_.target;
  while (target.ends_with('/'))
    target.pop_back();
  target += path;
  return target;
}

std::optional<std::string> WhipServer::target_in(std::string_view location, const std::string& base,
                                                 Elsewhere elsewhere) const {
  const auto reference = urls::parse_uri_reference(location);
  std::string absolute = url_.tls ? "https://" : "http://";
  absolute += url_.authority;
  absolute += base;
  const auto own = urls::parse_uri(absolute);
  if (!reference || !own) return std::nullopt;
  urls::url found;
  if (!urls::resolve(*own, *reference, found)) return std::nullopt;
  const bool speaks_http =
      found.scheme_id() == urls::scheme::http || found.scheme_id() == urls::scheme::https;
  const bool is_here = (found.scheme_id() == urls::scheme::https) == url_.tls &&
                       found.host_address() == url_.host && port_of(found) == url_.port;
  if (!speaks_http || (!is_here && elsewhere == Elsewhere::refused)) return std::nullopt;
  const std::string target{found.encoded_target().data(), found.encoded_target().size()};
  if (target.starts_with('/')) return target;
  return "/" + target;
}

void WhipServer::close() {
  closed_ = true;
  for (auto* const stream : streams_)
    stream->close();
  for (auto* const resolution : resolutions_)
    resolution->done.cancel();
}

asio::awaitable<std::optional<WhipServer::Said>> WhipServer::ask(WhipRequest request) {
  const auto deadline = Clock::now() + within_;
  request.version(11);
  request.set(http::field::host, url_.authority);
  request.set(http::field::user_agent, "assent/" + std::string(version()));
  request.set(http::field::connection, "close");
  request.prepare_payload();
  for (unsigned i = 0; i <= redirects_max; ++i) {
    auto response = co_await exchange(request, deadline);
    if (!response) co_return std::nullopt;
    std::string target{request.target()};
    if (!redirects(*response)) {
      if (response->result_int() < 200 || response->result_int() / 100 == 3) co_return std::nullopt;
      co_return Said{std::move(*response), std::move(target)};
    }
    const auto location = (*response)[http::field::location];
    const auto next = target_in({location.data(), location.size()}, target, Elsewhere::refused);
    if (!next) co_return std::nullopt;
    request.target(*next);
  }
  co_return std::nullopt;
}

asio::awaitable<WhipServer::Endpoints> WhipServer::resolve(Clock::time_point deadline) {
  const auto resolution = std::make_shared<Resolution>(executor_);
  const Listed<Resolution> listed{resolutions_, *resolution};
  resolution->done.expires_at(deadline);
  resolution->resolver.async_resolve(
      url_.host, std::to_string(url_.port),
      [resolution](error_code error, const tcp::resolver::results_type& results) {
        if (!error) resolution->found.assign(results.begin(), results.end());
        resolution->done.expires_at(asio::steady_timer::time_point::min());
      });
  error_code woken;
  co_await resolution->done.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  co_return resolution->found;
}

asio::awaitable<std::optional<WhipResponse>> WhipServer::exchange(const WhipRequest& request,
                                                                  Clock::time_point deadline) {
  if (closed_) co_return std::nullopt;
  const Endpoints addresses = co_await resolve(deadline);
  if (closed_ || addresses.empty()) co_return std::nullopt;
  PlainOrTls stream{executor_};
  stream.expires_at(deadline);
  const Listed<PlainOrTls> listed{streams_, stream};
  co_return co_await exchange_over(stream, addresses, request);
}

asio::awaitable<std::optional<WhipResponse>> WhipServer::exchange_over(PlainOrTls& stream,
                                                                       const Endpoints& addresses,
                                                                       const WhipRequest& request) {
  const bool connected = co_await stream.connect(addresses);
  if (!connected || closed_) co_return std::nullopt;
  if (url_.tls) {
    const bool trusted = co_await stream.offer_tls(tls_, url_.host);
    if (!trusted) co_return std::nullopt;
  }
  error_code error;
  co_await http::async_write(stream, request, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return std::nullopt;
  beast::flat_buffer buffer{head_bytes_max + body_bytes_max};
  http::response_parser<http::string_body> parser;
  parser.header_limit(head_bytes_max);
  parser.body_limit(body_bytes_max);
  co_await http::async_read(stream, buffer, parser,
                            asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return std::nullopt;
  co_return parser.release();
}

}  // namespace assent::gateway

#include "gateway/webhook_url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace assent::gateway {

std::optional<WebhookUrl> parse_webhook_url(std::string_view text) {
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed) return std::nullopt;
  const boost::urls::url_view& url = *parsed;
  const bool tls = url.scheme_id() == boost::urls::scheme::https;
  if (!tls && url.scheme_id() != boost::urls::scheme::http) return std::nullopt;
  if (url.has_userinfo() || url.has_fragment() || url.encoded_host().empty()) return std::nullopt;
  // A number beyond 16 bits reads as another one.
  const std::string_view port{url.port().data(), url.port().size()};
  if (url.has_port() && (url.port_number() == 0 || std::to_string(url.port_number()) != port)) {
    return std::nullopt;
  }
  WebhookUrl out;
  out.tls = tls;
  out.host = url.host_address();
  out.port = url.has_port() ? url.port_number() : static_cast<std::uint16_t>(tls ? 443 : 80);
  const std::string_view target{url.encoded_target().data(), url.encoded_target().size()};
  out.target = target.starts_with('/') ? target : "/" + std::string(target);
  out.authority = {url.encoded_host_and_port().data(), url.encoded_host_and_port().size()};
  // A percent-encoded or odd host would be one name to the resolver and another to the receiver.
  constexpr std::string_view of_hosts =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:";
  const bool encoded = out.authority.find('%') != std::string::npos;
  if (encoded || out.host.find_first_not_of(of_hosts) != std::string::npos) return std::nullopt;
  return out;
}

}  // namespace assent::gateway

#include "gateway/webhook_config.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <fstream>
#include <iterator>

#include "gateway/config_paths.hpp"
#include "gateway/jurisdiction_code.hpp"
#include "gateway/webhook_address.hpp"
#include "gateway/webhook_signature.hpp"

namespace assent::gateway {
namespace {

constexpr std::string_view keys[] = {"name",          "url",     "secret_file", "events",
                                     "allow_private", "ca_file", "processor",   "jurisdiction"};
constexpr std::string_view events[] = {
    "consent",        "decision",         "cut",           "purpose_started", "purpose_stopped",
    "room_opened",    "room_closed",      "sink_failed",   "policy",          "checkpoint",
    "stream",         "remote_learned",   "ssrc_conflict", "question_opened", "question_closed",
    "subject_erased", "unlawful_transfer"};
constexpr std::size_t webhooks_max = 16;

// The URL may carry a token of the receiver's: no fault shows it.
std::optional<WebhookUrl> read_url(const YamlValue& value, bool allow_private) {
  const auto text = value.text(2'000);
  if (!text) return std::nullopt;
  auto url = parse_webhook_url(*text);
  if (!url) {
    value.fault("is not a URL to send events to",
                "write https://HOST/PATH, without a user, a password or a fragment");
    return std::nullopt;
  }
  if (!url->tls && !allow_private) {
    value.fault("would carry events about people over the network unencrypted",
                "write https://, or add 'allow_private: true' if the receiver is in a network of "
                "your own");
  }
  boost::system::error_code is_name;
  const auto address = boost::asio::ip::make_address(url->host, is_name);
  if (!is_name && !may_reach(address, allow_private)) {
    value.fault("is an address that no event is sent to",
                may_reach(address, true)
                    ? "add 'allow_private: true' if the receiver is in a network of your own"
                    : "write the name or the global address of the receiver");
  }
  return url;
}

std::string read_secret(const YamlValue& value, const ConfigPaths& paths, bool is_here) {
  const auto file = paths.private_file(value);
  if (file.empty() || !is_here) return {};
  std::ifstream in{file, std::ios::binary};
  if (!in) return {};  // said already
  constexpr std::size_t bytes_max = 1'024;
  std::string text(bytes_max, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  auto secret = parse_webhook_secret(text);
  if (!secret) {
    value.fault(file.string() + " holds no secret of a webhook",
                "write whsec_ and the base64 of 24 to 64 random bytes: printf 'whsec_%s\\n' "
                "\"$(openssl rand -base64 32)\"");
  }
  return secret.value_or("");
}

std::filesystem::path read_authority(const YamlValue& value, const ConfigPaths& paths,
                                     bool is_here) {
  auto file = paths.readable_file(value);
  std::error_code unknown;
  if (file.empty() || !is_here || !std::filesystem::is_regular_file(file, unknown)) return file;
  boost::asio::ssl::context tls{boost::asio::ssl::context::tls_client};
  boost::system::error_code error;
  tls.load_verify_file(file.string(), error);
  if (error) {
    value.fault(file.string() + " holds no certificate: " + error.message(),
                "write the certificate of the authority there, in PEM");
  }
  return file;
}

std::vector<std::string> read_events(const YamlValue& list) {
  if (!list.is_present()) return {std::begin(events), std::end(events)};
  std::vector<std::string> out;
  for (const YamlValue& value : list.sequence(std::size(events))) {
    const auto word = value.text(64);
    if (!word) continue;
    if (std::find(std::begin(events), std::end(events), *word) == std::end(events)) {
      value.fault(as_shown(*word) + " is not an event", suggest(*word, events));
    } else if (std::find(out.begin(), out.end(), *word) != out.end()) {
      value.fault(as_shown(*word) + " stands here twice", "remove one of them");
    } else {
      out.push_back(*word);
    }
  }
  if (list.is_sequence() && list.sequence(std::size(events)).empty()) {
    list.fault("is empty", "list an event, or remove the key to get all of them");
  }
  return out;
}

}  // namespace

std::span<const std::string_view> webhook_events() {
  return events;
}
std::span<const std::string_view> webhook_keys() {
  return keys;
}

WebhookConfig read_receiver(const YamlMap& map, const ConfigPaths& paths, bool is_here) {
  WebhookConfig receiver;
  receiver.allow_private = map.optional("allow_private").boolean().value_or(false);
  receiver.url = read_url(map.required("url"), receiver.allow_private).value_or(WebhookUrl{});
  receiver.secret = read_secret(map.required("secret_file"), paths, is_here);
  receiver.ca_file = read_authority(map.optional("ca_file"), paths, is_here);
  if (!receiver.url.tls) {
    map.optional("ca_file").fault_at_key("http:// does not use TLS",
                                         "remove the key, or write https://");
  }
  return receiver;
}

std::vector<WebhookConfig> read_webhooks(const YamlValue& list, const ConfigPaths& paths,
                                         bool is_here) {
  std::vector<WebhookConfig> out;
  for (const YamlValue& value : list.sequence(webhooks_max)) {
    const YamlMap map = value.map(keys);
    WebhookConfig webhook = read_receiver(map, paths, is_here);
    webhook.name = map.required("name").id().value_or("");
    webhook.events = read_events(map.optional("events"));
    webhook.processor = map.optional("processor").id().value_or("");
    webhook.jurisdiction = read_jurisdiction(map.optional("jurisdiction"));
    const auto same_name = [&](const auto& other) { return other.name == webhook.name; };
    if (!webhook.name.empty() && std::any_of(out.begin(), out.end(), same_name)) {
      value.fault("its name is that of another webhook", "give each webhook a name of its own");
    }
    out.push_back(std::move(webhook));
  }
  return out;
}

}  // namespace assent::gateway

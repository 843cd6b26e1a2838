#include "gateway/media_config.hpp"

#include <algorithm>
#include <string>

#include "gateway/socket_address.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t port_min = 1024;
// A call takes a client and a server leg, each with a port for RTP and one for RTCP.
constexpr unsigned ports_of_a_call = 4;

std::optional<media::Endpoint> ip_address(const YamlValue& value) {
  const auto text = value.text(64);
  if (!text) return std::nullopt;
  const auto endpoint = media::parse_endpoint(*text, 0);
  if (endpoint && !is_multicast(*endpoint)) return endpoint;
  value.fault(as_shown(*text) + " is not the IP address of a host",
              "write an IPv4 or IPv6 address in numbers, such as 192.0.2.1 or 2001:db8::1");
  return std::nullopt;
}

std::optional<MediaAddress> media_address(const YamlValue& value) {
  const YamlMap map = value.map(address_keys);
  const auto bind = ip_address(map.required("bind"));
  const YamlValue announce_value = map.optional("announce");
  const auto announce = ip_address(announce_value);
  if (!bind || (announce_value.is_present() && !announce)) return std::nullopt;
  const MediaAddress out{*bind, announce.value_or(*bind)};
  if (is_wildcard(out.announce)) {
    value.fault("peers cannot send to " + media::address_text(out.announce),
                "add 'announce:' with the address under which peers reach this machine");
  }
  if (out.bind.is_v4() != out.announce.is_v4()) {
    announce_value.fault("is not of the same family as 'bind'",
                         "announce IPv4 for IPv4 and IPv6 for IPv6");
  }
  return out;
}

void port_range(const YamlValue& value, MediaConfig& out) {
  const YamlMap map = value.map(port_range_keys);
  const auto port = [&map](std::string_view key) {
    return map.required(key).integer<std::uint16_t>(port_min, UINT16_MAX);
  };
  const auto first = port("first");
  const auto last = port("last");
  if (!first || !last) return;
  if (*last < *first || *last - *first + 1U < ports_of_a_call) {
    value.fault("ports " + std::to_string(*first) + " to " + std::to_string(*last) +
                    " are too few for one call",
                "a call takes at least 4 ports, with video 8; give a few thousand, such as "
                "first: 40000 and last: 49999");
  }
  out.port_first = *first;
  out.port_last = *last;
}

// One port a worker, all of them free for it.
void webrtc_port(const YamlValue& value, MediaConfig& out) {
  out.webrtc_port = value.integer<std::uint16_t>(port_min, UINT16_MAX).value_or(0);
  if (out.webrtc_port == 0) return;
  const unsigned last = out.webrtc_port + out.workers - 1;
  if (last > UINT16_MAX) {
    value.fault(
        "there are not as many ports from " + std::to_string(out.webrtc_port) + " on as workers",
        "each worker takes one port: choose a lower one");
  } else if (out.webrtc_port <= out.port_last && last >= out.port_first) {
    value.fault("port " + std::to_string(out.webrtc_port) +
                    (out.workers > 1 ? " and the next ones are" : " is") +
                    " among those of 'port_range'",
                "choose one below " + std::to_string(out.port_first) + " or above " +
                    std::to_string(out.port_last));
  }
}

std::vector<IpNetwork> networks(const YamlValue& value) {
  std::vector<IpNetwork> out;
  for (const YamlValue& item : value.sequence(64)) {
    const auto text = item.text(64);
    if (!text) continue;
    const auto network = parse_network(*text);
    if (network) {
      out.push_back(*network);
    } else {
      item.fault(as_shown(*text) + " is no network of IP addresses",
                 "write its first address and the length of its prefix, such as 169.254.0.0/16 or "
                 "fe80::/10");
    }
  }
  return out;
}

}  // namespace

MediaConfig read_media(const YamlMap& map, unsigned cores) {
  MediaConfig out;
  const YamlValue addresses = map.optional("addresses");
  for (const YamlValue& value : addresses.sequence(2)) {
    const auto address = media_address(value);
    if (!address) continue;
    const bool v4 = address->bind.is_v4();
    const auto same_family = [v4](const auto& other) { return other.bind.is_v4() == v4; };
    if (std::any_of(out.addresses.begin(), out.addresses.end(), same_family)) {
      value.fault(v4 ? "is the second IPv4 address" : "is the second IPv6 address",
                  "keep one of each family");
    }
    out.addresses.push_back(*address);
  }
  if (addresses.is_sequence() && addresses.sequence().empty()) {
    addresses.fault("is empty", "add '- bind: ADDRESS', or remove the key to use 127.0.0.1");
  }
  if (out.addresses.empty()) {
    const media::Endpoint loopback =
        media::parse_endpoint("127.0.0.1", 0).value_or(media::Endpoint{});
    out.addresses.push_back({loopback, loopback});
  }
  port_range(map.optional("port_range"), out);
  out.workers =
      map.optional("workers").integer<unsigned>(1, 64).value_or(std::clamp(cores, 2U, 65U) - 1);
  webrtc_port(map.optional("webrtc_port"), out);
  out.candidate_networks = networks(map.optional("candidate_networks"));
  out.coalescing_pause =
      map.optional("coalescing_pause").duration(0us, 1ms).value_or(out.coalescing_pause);
  return out;
}

}  // namespace assent::gateway

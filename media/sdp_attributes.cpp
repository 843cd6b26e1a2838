#include "media/sdp_attributes.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace assent::media {
namespace {

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc{} || stop != end) return std::nullopt;
  return value;
}

// The text before the first `mark`, which is then taken off `rest` with the mark.
std::string_view take_until(std::string_view& rest, char mark) {
  const auto end = rest.find(mark);
  const auto word = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return word;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_multicast(const Endpoint& endpoint) {
  const auto first = std::to_integer<unsigned>(endpoint.address[endpoint.is_v4() ? 12 : 0]);
  return endpoint.is_v4() ? first >= 224 : first == 0xff;  // 240/4 and broadcast are no better
}

// "IN IP4 192.0.2.1", the tail of c= and a=rtcp.
SdpResult<Endpoint> parse_address(std::string_view text, std::size_t line) {
  const auto network = take_until(text, ' ');
  const auto family = take_until(text, ' ');
  if (network != "IN" || (family != "IP4" && family != "IP6"))
    return SdpError{line, "the address is not of the form IN IP4|IP6 <address>",
                    "write for example IN IP4 192.0.2.1 (RFC 8866 §5.7)"};
  if (text.find('/') != std::string_view::npos)
    return SdpError{line, "the address is that of a multicast group", "give a unicast address"};
  const auto endpoint = parse_endpoint(text, 0);
  if (!endpoint || endpoint->is_v4() != (family == "IP4"))
    return SdpError{line, "the address is not a numeric " + std::string(family) + " address",
                    "give the IP address itself: names are not looked up"};
  if (is_multicast(*endpoint))
    return SdpError{line, "the address is that of a multicast group", "give a unicast address"};
  return *endpoint;
}

SdpError malformed(const SdpLine& line, std::string_view name, std::string_view form) {
  return {line.number, "a=" + std::string(name) + " is malformed",
          "write a=" + std::string(name) + ":" + std::string(form)};
}

std::optional<SdpRtpmap> parse_rtpmap(std::string_view value) {
  while (value.ends_with(' '))
    value.remove_suffix(1);  // some phones pad the line
  SdpRtpmap map;
  const auto type = parse_number<std::uint8_t>(take_until(value, ' '));
  map.encoding = take_until(value, '/');
  const auto clock = parse_number<std::uint32_t>(take_until(value, '/'));
  if (!type || *type > 127 || map.encoding.empty() || !clock || *clock == 0) return std::nullopt;
  map.payload_type = *type;
  map.clock_hz = *clock;
  if (value.empty()) return map;
  const auto channels = parse_number<std::uint16_t>(value);
  if (!channels || *channels == 0) return std::nullopt;
  map.channels = *channels;
  return map;
}

std::optional<SdpExtmap> parse_extmap(std::string_view value) {
  SdpExtmap map;
  auto id = take_until(value, ' ');
  const auto number = parse_number<std::uint16_t>(take_until(id, '/'));
  map.uri = take_until(value, ' ');
  if (!number || map.uri.empty()) return std::nullopt;
  map.id = *number;
  map.direction = id;
  map.parameters = value;
  return map;
}

}  // namespace

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> attribute(const SdpLine& line, std::string_view name) {
  const std::string_view value = line.value;
  if (line.type != 'a' || !value.starts_with(name)) return std::nullopt;
  if (value.size() == name.size()) return std::string_view{};
  if (value[name.size()] != ':') return std::nullopt;
  return value.substr(name.size() + 1);
}

const SdpLine* find_attribute(std::span<const SdpLine> lines, std::string_view name) {
  const auto found = std::ranges::find_if(
      lines, [name](const SdpLine& line) { return attribute(line, name).has_value(); });
  return found == lines.end() ? nullptr : &*found;
}

std::optional<std::string_view> attribute_value(std::span<const SdpLine> lines,
                                                std::string_view name) {
  const auto* const line = find_attribute(lines, name);
  return line == nullptr ? std::nullopt : attribute(*line, name);
}

SdpResult<std::optional<Endpoint>> read_connection(std::span<const SdpLine> lines) {
  std::optional<Endpoint> connection;
  for (const auto& line : lines) {
    if (line.type != 'c') continue;
    if (connection)
      return SdpError{line.number, "a second c= stands in one section",
                      "give one unicast address a stream"};
    const auto address = parse_address(line.value, line.number);
    if (!address) return address.error();
    connection = *address;
  }
  return connection;
}

bool is_nowhere(const Endpoint& endpoint) {
  return std::all_of(endpoint.address.begin() + (endpoint.is_v4() ? 12 : 0), endpoint.address.end(),
                     [](std::byte byte) { return byte == std::byte{0}; });
}

SdpResult<std::optional<SdpRtcp>> read_rtcp(std::span<const SdpLine> lines) {
  const auto* const line = find_attribute(lines, "rtcp");
  if (line == nullptr) return std::optional<SdpRtcp>{};
  auto value = *attribute(*line, "rtcp");
  const auto port = parse_number<std::uint16_t>(take_until(value, ' '));
  if (!port) return malformed(*line, "rtcp", "<port> or <port> IN IP4|IP6 <address> (RFC 3605)");
  SdpRtcp rtcp{*port, std::nullopt};
  if (value.empty()) return std::optional{rtcp};
  const auto address = parse_address(value, line->number);
  if (!address) return address.error();
  rtcp.address = *address;
  return std::optional{rtcp};
}

SdpResult<std::vector<SdpRtpmap>> read_rtpmaps(std::span<const SdpLine> lines) {
  std::vector<SdpRtpmap> maps;
  for (const auto& line : lines) {
    const auto value = attribute(line, "rtpmap");
    if (!value) continue;
    auto map = parse_rtpmap(*value);
    if (!map)
      return malformed(line, "rtpmap", "<payload type 0..127> <encoding>/<clock rate> (RFC 8866)");
    maps.push_back(*std::move(map));
  }
  return maps;
}

std::vector<SdpFmtp> read_fmtps(std::span<const SdpLine> lines) {
  std::vector<SdpFmtp> fmtps;
  for (const auto& line : lines) {
    auto value = attribute(line, "fmtp");
    if (!value) continue;
    const auto format = take_until(*value, ' ');
    fmtps.push_back({std::string(format), std::string(*value)});
  }
  return fmtps;
}

std::vector<SdpGroup> read_groups(std::span<const SdpLine> lines) {
  std::vector<SdpGroup> groups;
  for (const auto& line : lines) {
    auto value = attribute(line, "group");
    if (!value) continue;
    SdpGroup group{std::string(take_until(*value, ' ')), {}};
    while (!value->empty()) {
      const auto mid = take_until(*value, ' ');
      if (!mid.empty()) group.mids.emplace_back(mid);
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

SdpResult<std::vector<SdpExtmap>> read_extmaps(std::span<const SdpLine> lines) {
  std::vector<SdpExtmap> maps;
  for (const auto& line : lines) {
    const auto value = attribute(line, "extmap");
    if (!value) continue;
    auto map = parse_extmap(*value);
    if (!map) return malformed(line, "extmap", "<id>[/<direction>] <URI> (RFC 8285 §8)");
    maps.push_back(*std::move(map));
  }
  return maps;
}

SdpResult<std::vector<SdpSource>> read_sources(std::span<const SdpLine> lines) {
  std::vector<SdpSource> sources;
  for (const auto& line : lines) {
    auto value = attribute(line, "ssrc");
    if (!value) continue;
    const auto number = parse_number<std::uint32_t>(take_until(*value, ' '));
    if (!number) return malformed(line, "ssrc", "<32-bit number> <attribute> (RFC 5576 §4.1)");
    const Ssrc ssrc{*number};
    auto source = std::ranges::find(sources, ssrc, &SdpSource::ssrc);
    if (source == sources.end())
      source = sources.insert(sources.end(), SdpSource{ssrc, {}, {}, line.number});
    if (value->starts_with("cname:")) source->cname = value->substr(6);
    if (!value->empty()) source->attributes.emplace_back(*value);
  }
  return sources;
}

std::string_view to_string(Direction direction) {
  switch (direction) {
    case Direction::inactive:
      return "inactive";
    case Direction::sendonly:
      return "sendonly";
    case Direction::recvonly:
      return "recvonly";
    case Direction::sendrecv:
      return "sendrecv";
  }
  return "unknown";
}

std::optional<Direction> read_direction(std::span<const SdpLine> lines) {
  for (const auto& line : lines) {
    for (const auto direction :
         {Direction::inactive, Direction::sendonly, Direction::recvonly, Direction::sendrecv}) {
      if (line.type == 'a' && line.value == to_string(direction)) return direction;
    }
  }
  return std::nullopt;
}

Codec codec_of(std::string_view media_kind, std::string_view encoding) {
  static constexpr std::pair<std::string_view, Codec> names[] = {
      {"opus", Codec::opus},
      {"PCMU", Codec::pcmu},
      {"PCMA", Codec::pcma},
      {"G722", Codec::g722},
      {"telephone-event", Codec::telephone_event},
      {"CN", Codec::comfort_noise},
      {"red", Codec::red},
      {"rtx", Codec::rtx},
      {"ulpfec", Codec::fec},
      {"flexfec", Codec::fec},
      {"flexfec-03", Codec::fec},
      {"parityfec", Codec::fec},
      {"1d-interleaved-parityfec", Codec::fec},
      {"raptorfec", Codec::fec},
      {"rsfec", Codec::fec},
      {"x-ulpfecuc", Codec::fec},
      {"fwdred", Codec::fec},       // RFC 6354: shifted by a time of its own
      {"encaprtp", Codec::rtx},     // RFC 6849: what another has sent, looped back
      {"rtploopback", Codec::rtx},  // the same, by its payload alone
  };
  for (const auto& [name, codec] : names) {
    if (equal_without_case(name, encoding)) return codec;
  }
  return media_kind == "video" ? Codec::other_video : Codec::other_audio;
}

}  // namespace assent::media

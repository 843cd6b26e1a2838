#include "gateway/sinks_config.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <utility>
#include <variant>

#include "gateway/config_paths.hpp"
#include "gateway/socket_address.hpp"

namespace assent::gateway {
namespace {

constexpr std::size_t sinks_max = 16;

media::Endpoint sink_address(const YamlValue& value) {
  const auto text = value.text(64);
  if (!text) return {};
  const auto address = parse_socket_address(*text);
  if (address && !is_multicast(*address) && !is_wildcard(*address)) return *address;
  value.fault(as_shown(*text) + " is not the address of a host and a port",
              "write 192.0.2.1:5004 or [2001:db8::1]:5004, in numbers");
  return {};
}

constexpr std::string_view unix_prefix = "unix:";

std::variant<media::Endpoint, UnixSocket> pcm_address(const YamlValue& value) {
  const auto text = value.text(256);
  if (!text) return media::Endpoint{};
  if (text->starts_with(unix_prefix)) {
    const std::filesystem::path path{text->substr(unix_prefix.size())};
    constexpr std::size_t sun_path_max = 107;  // unix(7), less the terminating zero
    if (path.is_absolute() && path.native().size() <= sun_path_max && path.has_filename())
      return UnixSocket{path};
    value.fault("is not the path of a Unix socket",
                "write unix: and an absolute path of at most 107 bytes, such as "
                "unix:/run/transcriber/audio.sock");
    return media::Endpoint{};
  }
  return sink_address(value);
}

// What stands in a request line, and can be no more than one word of it.
std::string pcm_path(const YamlValue& value) {
  const auto text = value.text(256);
  if (!text) return "/";
  const bool is_plain = std::all_of(text->begin(), text->end(),
                                    [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
  if (is_plain && text->starts_with('/')) return std::string{*text};
  value.fault("is not the path of a URL",
              "write /audio or /audio?language=en, with all else percent-encoded");
  return "/";
}

void refuse_keys(const YamlMap& map, std::initializer_list<std::string_view> keys,
                 std::string_view kind) {
  for (const std::string_view key : keys) {
    std::string what = "a sink of kind ";
    what += kind;
    what += " has none";
    map.optional(key).fault_at_key(what, "remove the key, or write the kind that has it");
  }
}

// By the URIs under which descriptions name them.
media::HeaderExtensions read_extensions(const YamlValue& value) {
  media::HeaderExtensions named = 0;
  for (const YamlValue& entry : value.sequence(media::header_extensions)) {
    const auto uri = entry.text(256);
    if (!uri) continue;
    const auto known = media::header_extension_of(*uri);
    if (known) {
      named |= media::extension_bit(*known);
      continue;
    }
    std::string remedy = "write one of";
    for (std::size_t i = 0; i < media::header_extensions; ++i) {
      remedy += ' ';
      remedy += media::uri_of(static_cast<media::HeaderExtension>(i));
    }
    entry.fault(as_shown(*uri) + " is no header extension that copies can keep", std::move(remedy));
  }
  return named;
}

RtpSink read_rtp(const YamlMap& map) {
  refuse_keys(map, {"directory", "path"}, "rtp");
  return {sink_address(map.required("address")),
          map.optional("transport")
              .one_of<RtpTransport>({{"udp", RtpTransport::udp}, {"tcp", RtpTransport::tcp}})
              .value_or(RtpTransport::udp),
          read_extensions(map.optional("extensions"))};
}

OggSink read_ogg(const YamlMap& map, const ConfigPaths& paths,
                 const std::filesystem::path& by_default) {
  refuse_keys(map, {"address", "transport", "path", "extensions"}, "ogg");
  const YamlValue directory = map.optional("directory");
  return {directory.is_present() ? paths.writable_directory(directory)
                                 : paths.checked_default(by_default)};
}

PcmSink read_pcm(const YamlMap& map) {
  refuse_keys(map, {"directory", "extensions"}, "pcm");
  PcmSink sink;
  sink.address = pcm_address(map.required("address"));
  sink.transport = map.optional("transport")
                       .one_of<PcmTransport>({{"websocket", PcmTransport::websocket},
                                              {"stream", PcmTransport::stream}})
                       .value_or(PcmTransport::websocket);
  const YamlValue path = map.optional("path");
  if (sink.transport == PcmTransport::stream) {
    path.fault_at_key("only a WebSocket has one", "remove the key, or 'transport: stream'");
  } else if (path.is_present()) {
    sink.path = pcm_path(path);
  }
  return sink;
}

// Empty: it is at fault.
std::string place_of(const SinkTransport& transport) {
  if (const auto* ogg = std::get_if<OggSink>(&transport))
    return ogg->directory.lexically_normal().string();
  const auto* const pcm = std::get_if<PcmSink>(&transport);
  const auto* const socket = pcm == nullptr ? nullptr : std::get_if<UnixSocket>(&pcm->address);
  if (socket != nullptr) return socket->path.lexically_normal().string();
  const auto& address = pcm == nullptr ? std::get<RtpSink>(transport).address
                                       : std::get<media::Endpoint>(pcm->address);
  if (!address.is_set()) return {};
  // One server may serve several, by its path.
  std::string place = socket_address_text(address);
  if (pcm != nullptr && pcm->path != "/") place += pcm->path;
  return place;
}

// A place that two sinks share serves two purposes, and a consent to one would reach the other.
void refuse_shared_places(const YamlValue& value, const std::vector<SinkConfig>& sinks) {
  std::map<std::string, std::string> owners;
  for (const YamlEntry& entry : value.entries(sinks_max)) {
    const auto sink = std::find_if(sinks.begin(), sinks.end(),
                                   [&entry](const auto& s) { return s.name == entry.key; });
    if (sink == sinks.end()) continue;
    const std::string place = place_of(sink->transport);
    if (place.empty()) continue;
    const auto [owner, is_first] = owners.emplace(place, entry.key);
    if (!is_first) {
      entry.value.fault_at_key("goes to the same place as " + as_shown(owner->second),
                               "give each sink a place of its own: it serves one purpose");
    }
  }
}

}  // namespace

std::vector<SinkConfig> read_sinks(const YamlValue& value, const ConfigPaths& paths,
                                   const std::filesystem::path& state) {
  std::vector<SinkConfig> out;
  for (const YamlEntry& entry : value.entries(sinks_max)) {
    const YamlMap map = entry.value.map(sink_keys);
    enum class Kind : unsigned char { rtp, ogg, pcm };
    const auto kind = map.required("kind").one_of<Kind>(
        {{"rtp", Kind::rtp}, {"ogg", Kind::ogg}, {"pcm", Kind::pcm}});
    if (!kind) continue;
    SinkConfig sink{entry.key, {}, entry.value.position()};
    switch (*kind) {
      case Kind::rtp:
        sink.transport = read_rtp(map);
        break;
      case Kind::ogg:
        sink.transport = read_ogg(map, paths, state / "recordings" / entry.key);
        break;
      case Kind::pcm:
        sink.transport = read_pcm(map);
        break;
    }
    out.push_back(std::move(sink));
  }
  refuse_shared_places(value, out);
  return out;
}

std::vector<std::string> check_sinks(const Config& config,
                                     const std::set<std::string, std::less<>>& declared_by_policy,
                                     Faults& faults) {
  const std::vector<std::string_view> names(declared_by_policy.begin(), declared_by_policy.end());
  std::set<std::string, std::less<>> without_place = declared_by_policy;
  for (const SinkConfig& sink : config.sinks) {
    without_place.erase(sink.name);
    if (declared_by_policy.contains(sink.name)) continue;
    faults.add({config.file, sink.at.line, sink.at.column, "sinks." + sink.name,
                "the policy declares no sink of this name",
                "declare it in policy.yaml with its purpose, processor and jurisdiction; " +
                    suggest(sink.name, names)});
  }
  return {without_place.begin(), without_place.end()};
}

}  // namespace assent::gateway

#include "gateway/sinks_config.hpp"

#include <algorithm>
#include <map>
#include <utility>

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

// A place that two sinks share serves two purposes, and a consent to one would reach the other.
void refuse_shared_places(const YamlValue& value, const std::vector<SinkConfig>& sinks) {
  std::map<std::string, std::string> owners;
  for (const YamlEntry& entry : value.entries(sinks_max)) {
    const auto sink = std::find_if(sinks.begin(), sinks.end(),
                                   [&entry](const auto& s) { return s.name == entry.key; });
    if (sink == sinks.end()) continue;
    const auto* rtp = std::get_if<RtpSink>(&sink->transport);
    const auto* ogg = std::get_if<OggSink>(&sink->transport);
    const bool is_rtp_at_fault = rtp != nullptr && !rtp->address.is_set();
    if (is_rtp_at_fault || (ogg != nullptr && ogg->directory.empty())) continue;
    const std::string place = rtp != nullptr ? socket_address_text(rtp->address)
                                             : ogg->directory.lexically_normal().string();
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
    enum class Kind : unsigned char { rtp, ogg };
    const auto kind = map.required("kind").one_of<Kind>({{"rtp", Kind::rtp}, {"ogg", Kind::ogg}});
    if (!kind) continue;
    SinkConfig sink{entry.key, {}, entry.value.position()};
    if (*kind == Kind::rtp) {
      map.optional("directory")
          .fault_at_key("a sink of kind rtp has no directory",
                        "remove the key, or write 'kind: ogg'");
      sink.transport = RtpSink{
          sink_address(map.required("address")),
          map.optional("transport")
              .one_of<RtpTransport>({{"udp", RtpTransport::udp}, {"tcp", RtpTransport::tcp}})
              .value_or(RtpTransport::udp)};
    } else {
      for (const std::string_view key : {"address", "transport"}) {
        map.optional(key).fault_at_key("a sink of kind ogg has none",
                                       "remove the key, or write 'kind: rtp'");
      }
      const YamlValue directory = map.optional("directory");
      sink.transport =
          OggSink{directory.is_present() ? paths.writable_directory(directory)
                                         : paths.checked_default(state / "recordings" / entry.key)};
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

#include "gateway/check.hpp"

#include <ostream>
#include <variant>

#include "gateway/socket_address.hpp"

namespace assent::gateway {
namespace {

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + ' ' + std::string{noun} + (count == 1 ? "" : "s");
}

std::string listen_text(const ApiConfig& api) {
  if (const auto* socket = std::get_if<UnixSocket>(&api.listen)) {
    return "unix:" + socket->path.string();
  }
  std::string out = socket_address_text(std::get<media::Endpoint>(api.listen));
  if (api.tls) out += api.tls->client_ca.empty() ? ", TLS" : ", mutual TLS";
  return out;
}

std::string tokens_text(const ApiConfig& api) {
  std::string out = counted(api.tokens.size(), "token");
  if (!api.token_directory.empty()) {
    out = (api.tokens.empty() ? "" : out + " and ") + "tokens in " + api.token_directory.string();
  }
  return out;
}

std::string media_text(const MediaConfig& media) {
  std::string out;
  for (const MediaAddress& address : media.addresses) {
    if (!out.empty()) out += ", ";
    out += media::address_text(address.bind);
    if (address.announce != address.bind) {
      out += " announced as " + media::address_text(address.announce);
    }
  }
  // Two legs, each with a port for RTP and one for RTCP.
  const std::size_t calls = (media.port_last - media.port_first + 1U) / 4;
  return out + ", ports " + std::to_string(media.port_first) + '-' +
         std::to_string(media.port_last) + " (" + counted(calls, "audio call") + "), " +
         counted(media.workers, "worker");
}

std::string sinks_text(const std::vector<SinkConfig>& sinks) {
  std::string out;
  for (const SinkConfig& sink : sinks) {
    if (!out.empty()) out += ", ";
    out += sink.name;
    if (const auto* rtp = std::get_if<RtpSink>(&sink.transport)) {
      out += " (rtp to " + socket_address_text(rtp->address) + ')';
    } else {
      out += " (ogg in " + std::get<OggSink>(sink.transport).directory.string() + ')';
    }
  }
  return out.empty() ? "none" : out;
}

std::string policy_text(const PolicyFiles& files) {
  const auto text = [](const std::filesystem::path& path) {
    return path.empty() ? std::string{"embedded"} : path.string();
  };
  return text(files.policy) + ", jurisdictions " + text(files.jurisdictions) + ", transfers " +
         text(files.transfers);
}

}  // namespace

std::vector<std::string> warnings_of(const Config& config) {
  std::vector<std::string> out;
  if (config.gateway.jurisdiction.empty()) {
    out.emplace_back(
        "gateway.jurisdiction is not set: what leaves the gateway for a sink comes from an unknown "
        "jurisdiction, so sinks get no media");
  }
  if (config.conference_server.jurisdiction.empty()) {
    out.emplace_back(
        "conference_server.jurisdiction is not set: purposes that the server performs itself are "
        "not permitted");
  }
  return out;
}

std::string summary_of(const Config& config) {
  const auto line = [](std::string_view name, const std::string& text) {
    std::string out = "  " + std::string{name};
    out.resize(12, ' ');
    return out + text + '\n';
  };
  return line("media", media_text(config.media)) +
         line("api", listen_text(config.api) + ", " + tokens_text(config.api)) +
         line("storage", config.storage.database.string() + ", CDRs in " +
                             config.storage.cdr_directory.string()) +
         line("sinks", sinks_text(config.sinks)) + line("policy", policy_text(config.policy));
}

bool check_files(const std::vector<std::filesystem::path>& files, const Surroundings& surroundings,
                 std::ostream& out, std::ostream& err) {
  const auto report = [&](const std::string& name, const Config& config, const Faults& faults) {
    if (!faults.empty()) {
      err << to_string(faults);
      return false;
    }
    out << name << ": sound\n" << summary_of(config);
    for (const std::string& warning : warnings_of(config))
      out << "  warning: " << warning << '\n';
    return true;
  };
  if (files.empty()) {
    Faults faults;
    const Config config = default_config(surroundings, faults);
    return report("embedded assent.yaml", config, faults);
  }
  bool sound = true;
  for (const std::filesystem::path& file : files) {
    Faults faults;
    const Config config = load_config(file, surroundings, faults);
    sound = report(file.string(), config, faults) && sound;
  }
  return sound;
}

}  // namespace assent::gateway

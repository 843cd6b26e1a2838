#include "gateway/check.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>
#include <system_error>
#include <utility>
#include <variant>

#include "gateway/policy_of_config.hpp"
#include "gateway/socket_address.hpp"
#include "gateway/yaml_reader.hpp"

namespace assent::gateway {
namespace {

// Keys that no other of the files has.
constexpr std::array<std::string_view, 7> keys_of_policy{
    "categories", "purposes", "processors", "methods", "notices", "minors", "tenants"};

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
    } else if (const auto* pcm = std::get_if<PcmSink>(&sink.transport)) {
      out += " (pcm to ";
      if (const auto* socket = std::get_if<UnixSocket>(&pcm->address)) {
        out += "unix:";
        out += socket->path.string();
      } else {
        out += socket_address_text(std::get<media::Endpoint>(pcm->address));
      }
      out += ')';
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
  return "policy " + text(files.policy) + ", jurisdictions " + text(files.jurisdictions) +
         ", transfers " + text(files.transfers);
}

bool is_here(const PolicyFiles& files) {
  std::error_code error;
  for (const auto* file : {&files.policy, &files.jurisdictions, &files.transfers}) {
    if (!file->empty() && !std::filesystem::exists(*file, error)) return false;
  }
  return true;
}

// Reports of one run of the command.
class Checks {
 public:
  Checks(const Surroundings& surroundings, policy::WallTime now, std::ostream& out,
         std::ostream& err)
      : surroundings_{surroundings}, now_{now}, out_{out}, err_{err} {}

  void check_default() {
    Faults faults;
    const Config config = default_config(surroundings_, faults);
    check_config("embedded assent.yaml", config, faults);
  }

  void check_config(const std::filesystem::path& file) {
    Faults faults;
    const Config config = load_config(file, surroundings_, faults);
    check_config(file.string(), config, faults);
  }

  void check_policy(const PolicyFiles& files) {
    Faults faults;
    const auto loaded = load_policy(files, now_, faults);
    report(policy_text(files), loaded, faults, "");
  }

  [[nodiscard]] bool sound() const { return sound_; }

 private:
  void check_config(const std::string& name, const Config& config, Faults& faults) {
    std::optional<LoadedPolicy> loaded;
    if (surroundings_.is_here || is_here(config.policy)) {
      loaded = policy_of_config(config, now_, faults);
    } else {
      loaded.emplace().warnings.emplace_back(
          "the policy that it names is not on this machine, and was not looked at");
    }
    report(name, loaded, faults, summary_of(config));
  }

  void report(const std::string& name, const std::optional<LoadedPolicy>& loaded,
              const Faults& faults, const std::string& summary) {
    if (!faults.empty() || !loaded) {
      err_ << to_string(faults);
      sound_ = false;
      return;
    }
    out_ << name << ": sound\n" << summary;
    for (const std::string& warning : loaded->warnings)
      out_ << "  warning: " << warning << '\n';
  }

  const Surroundings& surroundings_;
  policy::WallTime now_;
  std::ostream& out_;
  std::ostream& err_;
  bool sound_ = true;
};

}  // namespace

std::string summary_of(const Config& config) {
  const auto line = [](std::string_view name, const std::string& text) {
    std::string out = "  " + std::string{name};
    out.resize(12, ' ');
    return out + text + '\n';
  };
  return line("media", media_text(config.media)) +
         line("api", listen_text(config.api) + ", " + tokens_text(config.api)) +
         line("storage", shown(config.storage.database) + ", CDRs in " +
                             config.storage.cdr_directory.string()) +
         line("sinks", sinks_text(config.sinks)) + line("rules", policy_text(config.policy));
}

CheckedFile kind_of(const std::filesystem::path& file) {
  Faults unread;  // what is wrong with it is said when it is checked
  const auto document = YamlDocument::from_file(file, unread);
  CheckedFile kind = CheckedFile::config;
  for (const YamlEntry& entry : document.root().entries()) {
    if (entry.key == "jurisdictions") kind = CheckedFile::jurisdictions;
    if (entry.key == "transfers") kind = CheckedFile::transfers;
    if (std::find(keys_of_policy.begin(), keys_of_policy.end(), entry.key) != keys_of_policy.end())
      return CheckedFile::policy;
  }
  return kind;
}

bool check_files(const std::vector<std::filesystem::path>& files, const Surroundings& surroundings,
                 policy::WallTime now, std::ostream& out, std::ostream& err) {
  Checks checks{surroundings, now, out, err};
  if (files.empty()) checks.check_default();
  PolicyFiles policy;
  for (const std::filesystem::path& file : files) {
    const CheckedFile kind = kind_of(file);
    if (kind == CheckedFile::config) {
      checks.check_config(file);
      continue;
    }
    std::filesystem::path& place = kind == CheckedFile::policy          ? policy.policy
                                   : kind == CheckedFile::jurisdictions ? policy.jurisdictions
                                                                        : policy.transfers;
    // A second file of a kind begins another policy.
    if (!place.empty()) checks.check_policy(std::exchange(policy, PolicyFiles{}));
    place = file;
  }
  if (policy != PolicyFiles{}) checks.check_policy(policy);
  return checks.sound();
}

}  // namespace assent::gateway

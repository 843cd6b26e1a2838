#include "gateway/transcribe/config.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "gateway/config_paths.hpp"
#include "gateway/socket_address.hpp"
#include "gateway/yaml_reader.hpp"

namespace assent::transcribe {
using namespace gateway;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view default_address = "127.0.0.1:8790";
constexpr std::size_t listening_max = 8;
constexpr std::size_t streams_most = 1'024;
constexpr std::size_t words_of_command_max = 64;
const fs::path english = "/usr/share/pocketsphinx/model/en-us";

std::variant<media::Endpoint, UnixSocket> read_address(const YamlValue& value) {
  constexpr std::string_view unix_prefix = "unix:";
  constexpr std::size_t sun_path_max = 107;  // unix(7), less the terminating zero
  const auto text = value.text(256);
  if (!text) return media::Endpoint{};
  if (text->starts_with(unix_prefix)) {
    const fs::path path{text->substr(unix_prefix.size())};
    if (path.is_absolute() && path.native().size() <= sun_path_max && path.has_filename())
      return UnixSocket{path};
    value.fault("is not the path of a Unix socket",
                "write unix: and an absolute path of at most 107 bytes, such as "
                "unix:/run/assent-transcribe/audio.sock");
    return media::Endpoint{};
  }
  const auto address = parse_socket_address(*text);
  if (address && is_loopback(*address)) return *address;
  value.fault(as_shown(*text) + " is not an address of this machine alone, with a port",
              "write 127.0.0.1:8790, [::1]:8790 or unix:/PATH, and run the transcriber beside the "
              "gateway: what they say is not encrypted");
  return media::Endpoint{};
}

std::vector<Listening> read_listen(const YamlValue& value) {
  if (!value.is_present()) return {{*parse_socket_address(default_address)}};
  std::vector<Listening> out;
  for (const YamlValue& one : value.sequence(listening_max)) {
    const YamlMap map = one.map({"address", "transport"});
    Listening listening{read_address(map.required("address")),
                        map.optional("transport")
                            .one_of<PcmTransport>({{"websocket", PcmTransport::websocket},
                                                   {"stream", PcmTransport::stream}})
                            .value_or(PcmTransport::websocket)};
    const auto is_same = [&](const Listening& other) { return other.address == listening.address; };
    if (std::ranges::any_of(out, is_same))
      one.fault("is the address of another, too", "remove one of them");
    out.push_back(std::move(listening));
  }
  if (value.is_sequence() && out.empty())
    value.fault("is empty", "write where the gateway's sink connects to, or remove the key");
  return out;
}

fs::path file_or(const YamlValue& value, const ConfigPaths& paths, const fs::path& otherwise) {
  return value.is_present() ? paths.readable_file(value) : otherwise;
}

PocketSphinxConfig read_pocketsphinx(const YamlMap& map, const ConfigPaths& paths) {
  map.optional("command").fault_at_key("PocketSphinx runs none",
                                       "remove the key, or write 'kind: command'");
  PocketSphinxConfig out;
  out.dictionary = file_or(map.optional("dictionary"), paths, english / "cmudict-en-us.dict");
  // A folder, of which this must be there.
  const YamlValue model = map.optional("model");
  out.model = model.is_present() ? paths.readable_folder(model) : english / "en-us";
  const YamlValue grammar = map.optional("grammar");
  const YamlValue language_model = map.optional("language_model");
  if (grammar.is_present() && language_model.is_present())
    grammar.fault_at_key("stands beside 'language_model'", "keep one of them");
  if (grammar.is_present()) {
    out.grammar = paths.readable_file(grammar);
  } else {
    out.language_model = file_or(language_model, paths, english / "en-us.lm.bin");
  }
  return out;
}

CommandConfig read_command(const YamlMap& map) {
  for (const auto* key : {"model", "dictionary", "language_model", "grammar"})
    map.optional(key).fault_at_key("only PocketSphinx has one",
                                   "remove the key, or write 'kind: pocketsphinx'");
  const YamlValue command = map.required("command");
  CommandConfig out{command.texts(words_of_command_max)};
  if (command.is_sequence() && command.sequence().empty())
    command.fault("is empty", "write the program and its arguments: [whisper-stream, --stdin]");
  return out;
}

std::variant<PocketSphinxConfig, CommandConfig> read_engine(const YamlValue& value,
                                                            const ConfigPaths& paths) {
  enum class Kind : unsigned char { pocketsphinx, command };
  const YamlMap map =
      value.map({"kind", "model", "dictionary", "language_model", "grammar", "command"});
  const auto kind =
      map.optional("kind")
          .one_of<Kind>({{"pocketsphinx", Kind::pocketsphinx}, {"command", Kind::command}})
          .value_or(Kind::pocketsphinx);
  if (kind == Kind::command) return read_command(map);
  return read_pocketsphinx(map, paths);
}

}  // namespace

Config load_transcribe_config(const fs::path& file, const Surroundings& surroundings,
                              Faults& faults) {
  const auto document = file.empty() ? YamlDocument::from_text("defaults", "{}", faults)
                                     : YamlDocument::from_file(file, faults);
  const ConfigPaths paths{file.parent_path(), surroundings.is_here, faults};
  const YamlMap root = document.root().map({"listen", "directory", "engine", "streams_max", "log"});
  Config config;
  config.listen = read_listen(root.optional("listen"));
  const YamlValue directory = root.optional("directory");
  config.directory = directory.is_present()
                         ? paths.writable_directory(directory)
                         : paths.checked_default(surroundings.state / "transcripts");
  config.engine = read_engine(root.optional("engine"), paths);
  config.streams_max =
      root.optional("streams_max").integer<std::size_t>(1, streams_most).value_or(32);
  const YamlMap log = root.optional("log").map({"level", "format"});
  config.log_level = log.optional("level")
                         .one_of<LogLevel>({{"debug", LogLevel::debug},
                                            {"info", LogLevel::info},
                                            {"warning", LogLevel::warning},
                                            {"error", LogLevel::error}})
                         .value_or(LogLevel::info);
  config.log_format = log.optional("format")
                          .one_of<LogFormat>({{"json", LogFormat::json}, {"text", LogFormat::text}})
                          .value_or(surroundings.log_format);
  return config;
}

}  // namespace assent::transcribe

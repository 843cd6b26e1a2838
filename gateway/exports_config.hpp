#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/cdr_form.hpp"
#include "gateway/webhook_config.hpp"
#include "gateway/yaml_reader.hpp"
#include "media/endpoint.hpp"

namespace assent::gateway {

class ConfigPaths;

struct FileExport {
  std::filesystem::path directory;
  CdrForm form = CdrForm::lines;
};
// Pushes records, signed as events of webhooks are.
struct WebhookExport {
  WebhookConfig receiver;
};
enum class HepTransport : unsigned char { udp, tcp };
// A capture server that speaks HEP, version 3.
struct HepExport {
  media::Endpoint address;
  HepTransport transport = HepTransport::udp;
  std::uint32_t capture_id = 0;
  std::string key;  // that it knows the gateway by; never shown
};

// Where call detail records go by themselves. See exports.hpp.
struct ExportConfig {
  std::string name;
  std::string processor;           // empty: the operator itself
  std::string jurisdiction;        // where it is; empty: not known, and nothing goes there
  bool interim = false;            // every record, not only those that end somebody's call
  std::vector<std::string> rooms;  // ids, or their beginnings and "*"; empty: all
  std::variant<FileExport, WebhookExport, HepExport> to;
  YamlPosition at;  // in the file, for faults found later

  [[nodiscard]] bool wants_room(std::string_view room) const;
  [[nodiscard]] std::string_view kind() const;  // "file", "webhook", "hep"
};

[[nodiscard]] std::span<const std::string_view> export_keys();  // of one target in the file

// The list under `exports:`.
[[nodiscard]] std::vector<ExportConfig> read_exports(const YamlValue& list,
                                                     const ConfigPaths& paths, bool is_here);

}  // namespace assent::gateway

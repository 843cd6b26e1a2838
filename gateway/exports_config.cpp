#include "gateway/exports_config.hpp"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <utility>

#include "gateway/config_paths.hpp"
#include "gateway/jurisdiction_code.hpp"
#include "gateway/socket_address.hpp"

namespace assent::gateway {
namespace {

constexpr std::string_view keys[] = {"name",    "kind",        "processor",     "jurisdiction",
                                     "records", "rooms",       "directory",     "form",
                                     "url",     "secret_file", "allow_private", "ca_file",
                                     "address", "transport",   "capture_id",    "key_file"};
constexpr std::size_t exports_max = 16;
constexpr std::size_t rooms_max = 1'000;

enum class Kind : unsigned char { file, webhook, hep };

// Keys that another kind has are told, not ignored.
void refuse(const YamlMap& map, std::string_view kind,
            std::initializer_list<std::string_view> foreign) {
  const std::string of{kind};
  for (const std::string_view key : foreign)
    map.optional(key).fault_at_key("an export of kind " + of + " has none",
                                   "remove the key, or write another kind");
}

FileExport read_file(const YamlMap& map, const ConfigPaths& paths) {
  refuse(map, "file",
         {"url", "secret_file", "allow_private", "ca_file", "address", "transport", "capture_id",
          "key_file"});
  FileExport out;
  out.directory = paths.writable_directory(map.required("directory"));
  using enum CdrForm;
  const YamlValue form = map.optional("form");
  out.form = form.one_of<CdrForm>({{to_string(lines), lines},
                                   {to_string(csv), csv},
                                   {to_string(cel), cel},
                                   {to_string(freeswitch), freeswitch},
                                   {to_string(vcon), vcon}})
                 .value_or(lines);
  if (out.form == vcon)
    form.fault("is of whole rooms, and a target gets records one by one",
               "write jsonl, csv, cel or freeswitch, and ask for vCons with 'assent cdrs'");
  return out;
}

// What a form tells is in all records, or in the last ones only.
void check_form(const YamlValue& form, CdrForm of, bool interim) {
  if (of == CdrForm::cel && !interim)
    form.fault("tells of calls from their beginning on, and the last records do not",
               "add 'records: all', or write another form");
  if (of == CdrForm::freeswitch && interim)
    form.fault("is of calls that have ended: nothing is made of other records",
               "write 'records: last', or another form");
}

WebhookExport read_webhook(const YamlMap& map, const ConfigPaths& paths, bool is_here) {
  refuse(map, "webhook", {"directory", "form", "address", "transport", "capture_id", "key_file"});
  return {read_receiver(map, paths, is_here)};
}

// Up to the end of its line.
std::string read_key(const YamlValue& value, const ConfigPaths& paths, bool is_here) {
  const auto file = paths.private_file(value);
  if (file.empty() || !is_here) return {};
  std::ifstream in{file};
  std::string key;
  std::getline(in, key);
  constexpr std::size_t bytes_max = 128;
  if (key.empty() || key.size() > bytes_max)
    value.fault(file.string() + " holds no key of a capture server",
                "write the key in its first line, up to 128 bytes");
  return key;
}

HepExport read_hep(const YamlMap& map, const ConfigPaths& paths, bool is_here) {
  refuse(map, "hep", {"directory", "form", "url", "secret_file", "allow_private", "ca_file"});
  HepExport out;
  if (const auto text = map.required("address").text(64)) {
    const auto address = parse_socket_address(*text);
    if (address && !is_multicast(*address) && !is_wildcard(*address)) {
      out.address = *address;
    } else {
      map.optional("address").fault(as_shown(*text) + " is not the address of a host and a port",
                                    "write 192.0.2.1:9060 or [2001:db8::1]:9060, in numbers");
    }
  }
  out.transport =
      map.optional("transport")
          .one_of<HepTransport>({{"udp", HepTransport::udp}, {"tcp", HepTransport::tcp}})
          .value_or(HepTransport::udp);
  out.capture_id = map.optional("capture_id")
                       .integer<std::uint32_t>(0, std::numeric_limits<std::uint32_t>::max())
                       .value_or(0);
  if (const YamlValue key = map.optional("key_file"); key.is_present())
    out.key = read_key(key, paths, is_here);
  return out;
}

std::vector<std::string> read_rooms(const YamlValue& list) {
  std::vector<std::string> rooms;
  for (const YamlValue& value : list.sequence(rooms_max)) {
    const auto text = value.text(id_bytes_max + 1);
    if (!text) continue;
    std::string_view beginning = *text;
    if (beginning.ends_with('*')) beginning.remove_suffix(1);
    if (is_id(beginning)) {
      rooms.push_back(*text);
    } else {
      value.fault(as_shown(*text) + " names no room",
                  "write a room, or the beginning of its name and *, in quotation marks");
    }
  }
  if (list.is_sequence() && list.sequence(rooms_max).empty())
    list.fault("is empty", "list a room, or remove the key to export records of all of them");
  return rooms;
}

ExportConfig read_export(const YamlValue& value, const ConfigPaths& paths, bool is_here) {
  const YamlMap map = value.map(keys);
  ExportConfig out;
  out.at = value.position();
  out.name = map.required("name").id().value_or("");
  out.processor = map.optional("processor").id().value_or("");
  out.jurisdiction = read_jurisdiction(map.required("jurisdiction"));
  out.interim =
      map.optional("records").one_of<bool>({{"last", false}, {"all", true}}).value_or(false);
  out.rooms = read_rooms(map.optional("rooms"));
  const auto kind = map.required("kind").one_of<Kind>(
      {{"file", Kind::file}, {"webhook", Kind::webhook}, {"hep", Kind::hep}});
  if (!kind) return out;
  switch (*kind) {
    case Kind::file:
      out.to = read_file(map, paths);
      check_form(map.optional("form"), std::get<FileExport>(out.to).form, out.interim);
      break;
    case Kind::webhook:
      out.to = read_webhook(map, paths, is_here);
      break;
    case Kind::hep:
      out.to = read_hep(map, paths, is_here);
      break;
  }
  return out;
}

// Two that write to one folder would cut off each other's files.
bool share_a_place(const ExportConfig& a, const ExportConfig& b) {
  const auto* one = std::get_if<FileExport>(&a.to);
  const auto* other = std::get_if<FileExport>(&b.to);
  return one != nullptr && other != nullptr && !one->directory.empty() &&
         is_same_folder(one->directory, other->directory);
}

}  // namespace

bool ExportConfig::wants_room(std::string_view room) const {
  if (rooms.empty()) return true;
  return std::any_of(rooms.begin(), rooms.end(), [&](std::string_view wanted) {
    if (!wanted.ends_with('*')) return wanted == room;
    return room.starts_with(wanted.substr(0, wanted.size() - 1));
  });
}

std::string_view ExportConfig::kind() const {
  constexpr std::string_view words[] = {"file", "webhook", "hep"};
  return words[to.index()];
}

std::span<const std::string_view> export_keys() {
  return keys;
}

std::vector<ExportConfig> read_exports(const YamlValue& list, const ConfigPaths& paths,
                                       bool is_here) {
  std::vector<ExportConfig> out;
  for (const YamlValue& value : list.sequence(exports_max)) {
    auto made = read_export(value, paths, is_here);
    for (const auto& other : out) {
      if (!made.name.empty() && other.name == made.name)
        value.fault("its name is that of another export", "give each export a name of its own");
      if (share_a_place(made, other))
        value.fault("writes into the folder of " + as_shown(other.name),
                    "give each export a folder of its own");
    }
    if (auto* webhook = std::get_if<WebhookExport>(&made.to)) webhook->receiver.name = made.name;
    out.push_back(std::move(made));
  }
  return out;
}

}  // namespace assent::gateway

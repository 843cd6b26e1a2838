#include "gateway/ledger_config.hpp"

#include "gateway/config_paths.hpp"
#include "policy/signed_note.hpp"

namespace assent::gateway {
namespace {

constexpr std::string_view keys[] = {"directory", "key", "subject_keys", "origin",
                                     "checkpoint_copies"};
constexpr std::size_t copies_max = 8;

std::string read_origin(const YamlValue& value, const std::string& gateway_name) {
  std::string origin = value.text(policy::key_name_bytes_max).value_or(gateway_name + "/ledger");
  if (!policy::is_key_name(origin))
    value.fault("a ledger's name has no spaces and no '+'",
                "write the name of a host of yours and a path, such as assent.example.org/ledger");
  return origin;
}

}  // namespace

std::span<const std::string_view> ledger_keys() {
  return keys;
}

LedgerConfig read_ledger(const YamlMap& map, const ConfigPaths& paths,
                         const std::filesystem::path& beside, const std::string& gateway_name) {
  const YamlValue directory = map.optional("directory");
  const auto file = [&](std::string_view key, const char* name) {
    const YamlValue value = map.optional(key);
    return value.is_present() ? paths.file_in_writable_directory(value) : beside / name;
  };
  LedgerConfig out;
  out.directory = directory.is_present() ? paths.writable_directory(directory) : beside / "ledger";
  out.key = file("key", "ledger.key");
  out.subject_keys = file("subject_keys", "subject-keys");
  out.origin = read_origin(map.optional("origin"), gateway_name);
  for (const YamlValue& copy : map.optional("checkpoint_copies").sequence(copies_max))
    out.checkpoint_copies.push_back(paths.file_in_writable_directory(copy));
  return out;
}

}  // namespace assent::gateway

#include "gateway/policy_file.hpp"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <utility>

#include "gateway/embedded.hpp"
#include "gateway/law_reader.hpp"
#include "gateway/policy_reader.hpp"
#include "gateway/policy_warnings.hpp"
#include "gateway/yaml_reader.hpp"

namespace assent::gateway {
namespace {

// The file's bytes: they are hashed as they are. What cannot be read is a fault.
PolicyText text_of(const std::filesystem::path& path, std::string_view embedded_name,
                   Faults& faults) {
  if (path.empty())
    return {std::string{embedded_name}, std::string{embedded(embedded_name).value_or("")}, true};
  std::ifstream file{path, std::ios::binary};
  std::string text(yaml_file_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  Faults of_reading;
  // The reader says best why a file cannot be read.
  if (text.empty()) (void)YamlDocument::from_file(path, of_reading);
  for (const Fault& fault : of_reading.in_order())
    faults.add(fault);
  return {path.string(), std::move(text), false, of_reading.empty()};
}

// Absent where there is nothing to read: one fault of that is enough.
YamlValue root_of(const YamlDocument& document, const PolicyText& text) {
  return text.is_read ? document.root() : YamlValue{};
}

// Each part with its length before it, so that no text can pass for another.
std::string hash_of(std::initializer_list<const PolicyText*> parts) {
  std::string all;
  for (const PolicyText* part : parts)
    all += std::to_string(part->text.size()) + ':' + part->text;
  return sha256_text(all);
}

std::string hash_of(const PolicyTexts& texts) {
  return hash_of({&texts.policy, &texts.jurisdictions, &texts.transfers});
}

}  // namespace

std::string hash_of_files(const PolicyTexts& texts) {
  PolicyTexts written = texts;
  for (PolicyText* part : {&written.policy, &written.jurisdictions, &written.transfers})
    if (part->is_built_in) part->text.clear();
  return hash_of(written);
}

PolicyTexts policy_texts(const PolicyFiles& files, Faults& faults) {
  return {text_of(files.policy, "policy.yaml", faults),
          text_of(files.jurisdictions, "jurisdictions.yaml", faults),
          text_of(files.transfers, "transfers.yaml", faults)};
}

std::optional<LoadedPolicy> load_policy(const PolicyFiles& files, policy::WallTime now,
                                        Faults& faults) {
  return read_policy(policy_texts(files, faults), now, faults);
}

std::optional<LoadedPolicy> read_policy(PolicyTexts texts, policy::WallTime now, Faults& faults) {
  // Of this call alone: the caller's may hold some already.
  Faults found;
  const auto law =
      YamlDocument::from_text(texts.jurisdictions.name, texts.jurisdictions.text, found);
  const auto transfers = YamlDocument::from_text(texts.transfers.name, texts.transfers.text, found);
  const auto document = YamlDocument::from_text(texts.policy.name, texts.policy.text, found);

  LoadedPolicy loaded;
  policy::RuleBook& rules = loaded.rules;
  rules.hash = hash_of(texts);
  rules.data_hash = hash_of({&texts.jurisdictions, &texts.transfers});
  const YamlValue law_root = root_of(law, texts.jurisdictions);
  read_jurisdictions(law_root, rules);
  // The others name jurisdictions. Without any, each name would be a fault, and none of theirs.
  if (law_root.is_present()) {
    read_transfers(root_of(transfers, texts.transfers), rules);
    read_rules(root_of(document, texts.policy), rules);
  }
  for (const Fault& fault : found.in_order())
    faults.add(fault);
  const bool is_whole =
      texts.policy.is_read && texts.jurisdictions.is_read && texts.transfers.is_read;
  if (!found.empty() || !is_whole) return std::nullopt;
  loaded.warnings = warnings_of(rules, now);
  loaded.texts = std::move(texts);
  return loaded;
}

void replace_texts(const PolicyFiles& files, PolicyTexts& texts, Faults& faults) {
  if (!files.policy.empty()) texts.policy = text_of(files.policy, {}, faults);
  if (!files.jurisdictions.empty()) texts.jurisdictions = text_of(files.jurisdictions, {}, faults);
  if (!files.transfers.empty()) texts.transfers = text_of(files.transfers, {}, faults);
}

void bind_server(const Config& config, policy::RuleBook& rules, Faults& faults) {
  const auto fault = [&](YamlPosition at, std::string_view key, std::string what,
                         std::string remedy) {
    faults.add({config.file, at.line, at.column, "conference_server." + std::string{key},
                std::move(what), std::move(remedy)});
  };
  const std::string& processor = config.conference_server.processor;
  if (!processor.empty() && !rules.processors.contains(processor)) {
    std::vector<std::string_view> names;
    for (const auto& [name, unused] : rules.processors)
      names.push_back(name);
    fault(config.places.server_processor, "processor",
          "the policy declares no processor " + as_shown(processor), suggest(processor, names));
  } else if (!processor.empty()) {
    rules.server.processor = processor;
  }
  const std::string& place = config.conference_server.jurisdiction;
  if (!place.empty() && !rules.jurisdictions.contains(place)) {
    fault(config.places.server_jurisdiction, "jurisdiction",
          "nothing is known about the jurisdiction " + as_shown(place),
          "write one that jurisdictions.yaml has, or add its row");
  }
  rules.server.jurisdiction = place;
}

}  // namespace assent::gateway

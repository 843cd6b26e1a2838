#include "gateway/cdrs_parameters.hpp"

#include <array>
#include <utility>

#include "gateway/cdr_form.hpp"
#include "gateway/id.hpp"
#include "gateway/rfc3339.hpp"

namespace assent::gateway {
namespace {

constexpr std::size_t subject_bytes_max = 256;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t'))
    text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t'))
    text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<std::string> cdrs_parameter_fault(std::string_view name, std::string_view value) {
  const std::string must = "?" + std::string(name) + " must be ";
  if (name == "subject" && (value.empty() || value.size() > subject_bytes_max))
    return must + "1 to 256 bytes";
  if (name == "processor" && !is_id(value)) return must + "the name of a processor of the policy";
  if ((name == "since" || name == "until") && !parse_day_or_time(value))
    return must + "a day such as 2026-12-01 or a time such as 2026-12-01T14:00:00Z";
  if (name == "format" && value != "json" && !parse_cdr_form(value))
    return must + "json, jsonl, csv, vcon, cel or freeswitch";
  return std::nullopt;
}

std::optional<std::string_view> cdr_form_accepted(std::string_view accept) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> types{
      {{"application/json", "json"},
       {"application/jsonl", "jsonl"},
       {"application/x-ndjson", "jsonl"},
       {"application/ndjson", "jsonl"},
       {"text/csv", "csv"},
       {"application/vcon+json", "vcon"}}};
  while (!accept.empty()) {
    const auto comma = accept.find(',');
    const std::string_view type = trimmed(accept.substr(0, accept.find_first_of(",;")));
    for (const auto& [known, word] : types)
      if (type == known) return word;
    if (comma == std::string_view::npos) break;
    accept.remove_prefix(comma + 1);
  }
  return std::nullopt;
}

}  // namespace assent::gateway

#include "gateway/transfers_parameters.hpp"

#include <algorithm>
#include <array>

#include "gateway/cdr.hpp"
#include "gateway/id.hpp"
#include "gateway/law_reader.hpp"
#include "gateway/rfc3339.hpp"

namespace assent::gateway {
namespace {

constexpr std::array<std::string_view, 5> grouping_words{"paths", "subject", "processor",
                                                         "mechanism", "countries"};
constexpr std::size_t subject_bytes_max = 256;

}  // namespace

std::optional<TransferGrouping> parse_grouping(std::string_view word) {
  const auto found = std::find(grouping_words.begin(), grouping_words.end(), word);
  if (found == grouping_words.end()) return std::nullopt;
  return static_cast<TransferGrouping>(found - grouping_words.begin());
}

std::string_view to_string(TransferGrouping grouping) {
  return grouping_words.at(static_cast<std::size_t>(grouping));
}

std::optional<std::string> transfers_parameter_fault(std::string_view name,
                                                     std::string_view value) {
  const std::string must = "?" + std::string(name) + " must be ";
  if (name == "subject" && (value.empty() || value.size() > subject_bytes_max))
    return must + "1 to 256 bytes";
  if (name == "processor" && !is_id(value))
    return must + "the name of a processor, a webhook or the gateway";
  if (name == "mechanism" && value != mechanism_not_needed && !policy::parse_mechanism(value))
    return must + "one that transfers.yaml may name, not_needed or none";
  if ((name == "from" || name == "to") && value != unknown_place && !is_jurisdiction_code(value))
    return must + "a country such as DE, a region such as US-CA, or unknown";
  if ((name == "since" || name == "until") && !parse_day_or_time(value))
    return must + "a day such as 2026-12-01 or a time such as 2026-12-01T14:00:00Z";
  if (name == "by" && !parse_grouping(value))
    return must + "paths, subject, processor, mechanism or countries";
  if (name == "format" && value != "json" && value != "csv" && value != "svg")
    return must + "json, csv or svg";
  return std::nullopt;
}

}  // namespace assent::gateway

#include "gateway/retention_config.hpp"

#include "gateway/yaml_reader.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view keys[] = {"hour", "answers", "contract_ends"};
constexpr std::string_view contract_keys[] = {"tenant", "last_day"};
constexpr std::size_t tenants_max = 1'000;

}  // namespace

std::span<const std::string_view> retention_keys() {
  return keys;
}

std::span<const std::string_view> contract_end_keys() {
  return contract_keys;
}

RetentionConfig read_retention(const YamlMap& map) {
  RetentionConfig out;
  const YamlValue hour = map.optional("hour");
  if (hour.is_present()) {
    // -1 for never: 0 is midnight.
    const auto of_day = hour.integer(-1, 23);
    out.hour =
        of_day && *of_day >= 0 ? std::optional{static_cast<unsigned>(*of_day)} : std::nullopt;
  }
  if (const auto answers = map.optional("answers").duration(1h, 24h * 3'650))
    out.answers = *answers;
  for (const YamlValue& value : map.optional("contract_ends").sequence(tenants_max)) {
    const YamlMap contract = value.map(contract_keys);
    const auto tenant = contract.required("tenant").id();
    const auto day = contract.required("last_day").date();
    if (tenant && day && !out.contract_ends.emplace(*tenant, *day).second)
      value.fault("is the second end of this tenant's contract", "leave one of them");
  }
  return out;
}

}  // namespace assent::gateway

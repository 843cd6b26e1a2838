#include "gateway/jurisdiction_code.hpp"

#include "gateway/fault.hpp"
#include "gateway/law_reader.hpp"
#include "gateway/yaml_reader.hpp"

namespace assent::gateway {

std::string read_jurisdiction(const YamlValue& value) {
  const auto text = value.text(64);
  if (!text) return {};
  if (is_jurisdiction_code(*text)) return *text;
  value.fault(as_shown(*text) + " is not a jurisdiction",
              "write an ISO 3166-1 country such as DE, or an ISO 3166-2 region such as US-CA");
  return {};
}

}  // namespace assent::gateway

#include "gateway/policy_reader.hpp"

#include <openssl/evp.h>

#include <array>
#include <utility>

#include "gateway/policy_parts.hpp"
#include "gateway/policy_words.hpp"

namespace assent::gateway {
namespace {

using policy::Composition;
using policy::Rule;

Composition read_composition(const YamlValue& section) {
  const YamlMap map = section.map(
      {"unknown", "contested", "contested_transfers", "transfer_by_explicit_consent", "all_party"});
  const auto flag = [&](std::string_view key, std::string_view off, std::string_view on) {
    const YamlValue value = map.optional(key);
    return value.is_present() && value.one_of<bool>({{off, false}, {on, true}}).value_or(false);
  };
  Composition made;
  if (const YamlValue unknown = map.optional("unknown"); unknown.is_present())
    made.unknown = word_of(unknown, {Rule::prohibit, Rule::all_party}).value_or(Rule::prohibit);
  made.contested_as_stated = flag("contested", "stricter", "as_stated");
  made.rely_on_contested_transfers = flag("contested_transfers", "deny", "rely");
  made.go_on_without_refuser = flag("all_party", "stop", "go_on_without_refuser");
  if (const YamlValue consent = map.optional("transfer_by_explicit_consent"); consent.is_present())
    made.rely_on_explicit_consent = consent.boolean().value_or(false);
  return made;
}

void read_numbers(const YamlMap& root, policy::RuleBook& into) {
  if (const YamlValue section = root.optional("aggregates"); section.is_present())
    if (const auto k = section.map({"at_least"}).required("at_least").integer<std::size_t>(2, 1000))
      into.aggregate_k = *k;
  if (const YamlValue section = root.optional("disclosure"); section.is_present())
    if (const auto needed =
            section.map({"authorisations"}).required("authorisations").integer<std::size_t>(2, 9))
      into.disclosure_authorisations = *needed;
}

}  // namespace

void read_rules(const YamlValue& root, policy::RuleBook& into) {
  const YamlMap map =
      root.map({"version", "categories", "purposes", "processors", "sinks", "methods", "notices",
                "minors", "composition", "sale", "aggregates", "disclosure", "tenants"});
  if (const YamlValue version = map.required("version"); version.is_present())
    (void)version.integer(1, 1);
  read_notices(map.optional("notices"), into);
  read_methods(map.required("methods"), into);
  read_categories(map.required("categories"), into);
  read_purposes(map.required("purposes"), into);
  read_processors(map.required("processors"), into);
  read_sinks(map.required("sinks"), into);
  read_minors(map.required("minors"), into);
  if (const YamlValue section = map.optional("composition"); section.is_present())
    into.composition = read_composition(section);
  if (const YamlValue sale = map.required("sale"); sale.is_present())
    into.sale_permitted = sale.one_of<bool>({{"deny", false}, {"permit", true}}).value_or(false);
  read_numbers(map, into);
  // Last: a tenant is compared with all that it may tighten.
  read_tenants(map.optional("tenants"), into);
}

std::string sha256_text(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    return {};
  constexpr std::string_view hex = "0123456789abcdef";
  std::string text = "sha256:";
  for (unsigned int i = 0; i < size; ++i) {
    text += hex[digest.at(i) >> 4U];
    text += hex[digest.at(i) & 15U];
  }
  return text;
}

}  // namespace assent::gateway

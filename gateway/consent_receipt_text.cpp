#include "gateway/consent_receipt_text.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/rfc3339.hpp"

namespace assent::gateway {
namespace {

namespace json = boost::json;

// The words of the standard for what was stated.
std::string_view state_word(std::string_view state) {
  if (state == "granted") return "consent given";
  if (state == "refused") return "consent refused";
  return "consent withdrawn";
}

std::string_view disposal_word(policy::Disposal disposal) {
  switch (disposal) {
    case policy::Disposal::destroy:
      return "destroyed";
    case policy::Disposal::erase:
      return "erased";
    case policy::Disposal::anonymise:
      return "anonymised";
  }
  return "destroyed";
}

json::object retention_of(const policy::Retention& retention) {
  return {{"until_contract_end", retention.until_contract_end},
          {"legal_minimum_days", retention.legal_minimum.count()},
          {"then", disposal_word(retention.then)}};
}

std::string_view role_word(policy::Role role) {
  switch (role) {
    case policy::Role::third_party:
      return "controller of its own";
    case policy::Role::sub_processor:
      return "sub-processor";
    case policy::Role::processor:
      return "processor";
    case policy::Role::self:
      return "the operator itself";
  }
  return "controller of its own";
}

// Each sink that performs the purpose: who gets the data, and where.
json::array recipients_of(const std::string& purpose, const policy::RuleBook& rules) {
  json::array all;
  for (const auto& [name, sink] : rules.sinks) {
    if (sink.purpose != purpose) continue;
    json::object recipient{
        {"sink", name}, {"processor", sink.processor}, {"storage_location", sink.jurisdiction}};
    const auto processor = rules.processors.find(sink.processor);
    if (processor != rules.processors.end()) {
      recipient["name"] = processor->second.label;
      recipient["role"] = role_word(processor->second.role);
    }
    all.push_back(std::move(recipient));
  }
  return all;
}

json::object purpose_of(const ConsentEvent& event, const policy::RuleBook& rules) {
  json::object out{{"purpose", event.purpose},
                   {"lawful_basis", "consent"},
                   {"collection_method", event.method},
                   {"withdrawal_method",
                    "as easily as it was given: DELETE of the same consent, the "
                    "consent page, or any staff of the conference"},
                   {"recipients", recipients_of(event.purpose, rules)}};
  const auto purpose = rules.purposes.find(event.purpose);
  if (purpose == rules.purposes.end()) return out;
  out["description"] = purpose->second.label;
  out["pii_category"] = purpose->second.category;
  const auto category = rules.categories.find(purpose->second.category);
  if (category != rules.categories.end())
    out["retention"] = retention_of(category->second.retention);
  return out;
}

json::value parsed(const std::string& text) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  return error ? json::value(nullptr) : std::move(value);
}

const policy::Notice* notice_of(const json::value& reference, const policy::RuleBook& rules) {
  const auto* const object = reference.if_object();
  if (object == nullptr) return nullptr;
  const auto text = [&](std::string_view key) -> std::string_view {
    const auto* const value = object->if_contains(key);
    return value != nullptr && value->is_string() ? std::string_view{value->get_string()}
                                                  : std::string_view{};
  };
  const auto found =
      std::find_if(rules.notices.begin(), rules.notices.end(), [&](const policy::Notice& notice) {
        return notice.id == text("id") && notice.version == text("version") &&
               notice.language == text("language");
      });
  return found == rules.notices.end() ? nullptr : &*found;
}

}  // namespace

std::string consent_receipt_text(const ConsentEvent& event, const policy::RuleBook& rules,
                                 std::string_view receipt_id) {
  const json::value notice = parsed(event.notice);
  json::object out{{"schema_version", "ISO/IEC TS 27560:2023"},
                   {"receipt_id", receipt_id},
                   {"pii_principal_id", event.subject.empty() ? event.participant : event.subject},
                   {"session", event.session},
                   {"room", event.room},
                   {"participant", event.participant}};
  json::object processing;
  processing["privacy_notice"] = notice;
  json::array purposes;
  purposes.push_back(purpose_of(event, rules));
  processing["purposes"] = std::move(purposes);
  out["pii_processing"] = std::move(processing);
  if (const auto* shown = notice_of(notice, rules))
    out["party_identification"] = {
        {"role", "pii_controller"}, {"contact", shown->contact}, {"dispute", shown->dispute}};
  json::object happened{{"event_type", "explicit statement"},
                        {"event_state", state_word(event.state)},
                        {"event_time", to_rfc3339(event.at)},
                        {"entity", event.giver},
                        {"method", event.method},
                        {"strength", event.strength},
                        {"epoch", event.epoch}};
  if (event.expires && event.state == "granted")
    happened["valid_until"] = to_rfc3339(*event.expires);
  if (!event.evidence.empty()) happened["evidence"] = parsed(event.evidence);
  out["event"] = std::move(happened);
  out["policy"] = event.rules;
  return json::serialize(out);
}

std::string receipt_id_of(const std::string& text) {
  const json::value receipt = parsed(text);
  const auto* const object = receipt.if_object();
  const auto* const id = object == nullptr ? nullptr : object->if_contains("receipt_id");
  return id != nullptr && id->is_string() ? std::string{id->get_string()} : std::string{};
}

}  // namespace assent::gateway

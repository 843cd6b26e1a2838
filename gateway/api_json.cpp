#include "gateway/api_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "gateway/jurisdiction_evidence.hpp"
#include "gateway/rfc3339.hpp"
#include "gateway/signed_receipt.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

policy::Minor minor_of(const std::optional<MinorStatus>& status) {
  if (!status) return policy::Minor::unflagged;
  switch (*status) {
    case MinorStatus::adult:
      return policy::Minor::no;
    case MinorStatus::minor:
      return policy::Minor::yes;
    case MinorStatus::unknown:
      break;
  }
  return policy::Minor::unknown;
}

policy::Method method_of(ConsentMethod method) {
  switch (method) {
    case ConsentMethod::implied:
      return policy::Method::implied;
    case ConsentMethod::service_start:
      return policy::Method::service_start;
    case ConsentMethod::online:
      return policy::Method::online;
    case ConsentMethod::verbal:
      return policy::Method::verbal;
    case ConsentMethod::written:
      return policy::Method::written;
  }
  return policy::Method::implied;
}

policy::DefaultState default_state_of(const std::optional<BoxDefault>& state) {
  if (!state) return policy::DefaultState::unstated;
  return *state == BoxDefault::unticked ? policy::DefaultState::unticked
                                        : policy::DefaultState::ticked;
}

json::object decision_object(const policy::Decision& decision) {
  json::object object{{"sink", decision.sink},
                      {"purpose", decision.purpose},
                      {"permitted", decision.permitted},
                      {"reason", to_string(decision.reason)},
                      {"sentence", policy::sentence(decision.reason)},
                      {"epoch", decision.epoch},
                      {"rules", decision.rules_hash}};
  if (decision.deadline) object["deadline"] = to_rfc3339(*decision.deadline);
  return object;
}

json::array decision_array(const std::vector<policy::Decision>& decisions) {
  json::array array;
  for (const auto& decision : decisions)
    array.push_back(decision_object(decision));
  return array;
}

json::array ways_array(const std::vector<CdrTransfer>& ways) {
  json::array array;
  for (const auto& way : ways) {
    const auto reason = policy::parse_reason(way.reason);
    array.push_back(json::object{
        {"exporter", way.exporter},
        {"importer", way.importer},
        {"role", way.role},
        {"from", way.from},
        {"to", way.to},
        {"purpose", way.purpose},
        {"reason", way.reason},
        {"sentence", policy::sentence(reason.value_or(policy::Reason::transfer_unknown))}});
  }
  return array;
}

json::object consent_object(const policy::Consent& consent) {
  json::object object{{"state", to_string(consent.state)}, {"epoch", consent.epoch}};
  if (consent.state == policy::ConsentState::unknown) return object;  // nothing was stated
  object["method"] = to_string(consent.statement.method);
  object["strength"] = to_string(consent.strength);
  object["since"] = to_rfc3339(consent.changed_at);
  return object;
}

json::object consents_object(const Conference& conference, std::string_view participant) {
  json::object consents;
  for (const auto& [purpose, unused] : conference.rules().rules().purposes) {
    const auto* own = conference.rules().consent(participant, purpose);
    const auto* guardian =
        conference.rules().consent(participant, purpose, policy::Giver::guardian);
    if (own == nullptr || guardian == nullptr) continue;
    const bool guardian_spoke = guardian->state != policy::ConsentState::unknown;
    if (own->state == policy::ConsentState::unknown && !guardian_spoke) continue;
    auto object = consent_object(*own);
    if (guardian_spoke) object["guardian"] = consent_object(*guardian);
    consents[purpose] = std::move(object);
  }
  return consents;
}

json::value minor_value(policy::Minor minor) {
  switch (minor) {
    case policy::Minor::yes:
      return true;
    case policy::Minor::no:
      return false;
    case policy::Minor::unflagged:
      return "unflagged";
    case policy::Minor::unknown:
      break;
  }
  return "unknown";
}

// By kind, codes only: a number and an address are nobody's business here.
json::object jurisdictions_object(const std::vector<policy::JurisdictionEvidence>& evidence) {
  json::object kinds;
  for (const auto& [kind, code] : evidence) {
    auto& codes = kinds[to_string(kind)];
    if (codes.is_null()) codes = json::array{};
    codes.get_array().push_back(json::value(code.empty() ? "unknown" : code));
  }
  return kinds;
}

policy::NoticeReference reference_of(NoticeReference notice) {
  return {std::move(notice.id), std::move(notice.version), std::move(notice.language),
          "sha256:" + notice.hash};
}

json::object finding_object(const policy::Finding& finding) {
  json::object object{{"axis", to_string(finding.axis)},   {"reason", to_string(finding.reason)},
                      {"detail", finding.detail},          {"row", finding.row},
                      {"citation", finding.citation},      {"source", finding.source},
                      {"source_date", finding.source_date}};
  if (finding.since) object["since"] = to_rfc3339(*finding.since);
  return object;
}

}  // namespace

JoinRequest join_request(std::string participant, PutParticipant body,
                         const IpDatabase& addresses) {
  JoinRequest request;
  request.who.participant = std::move(participant);
  request.who.subject = std::move(body.subject);
  request.who.minor = minor_of(body.minor);
  request.language = std::move(body.language).value_or("");
  request.who.sale_opt_out = body.sale_opt_out;
  request.who.ciphertext_only = body.ciphertext_only;
  request.latching = body.latching;
  request.layer = std::move(body.policy);
  request.evidence = evidence_of(body.jurisdictions, addresses);
  request.who.evidence = for_policy(request.evidence);
  return request;
}

ParticipantChange participant_change(const PatchParticipant& body, const IpDatabase& addresses) {
  ParticipantChange change;
  if (body.jurisdictions) change.evidence = evidence_of(*body.jurisdictions, addresses);
  change.reevaluate = body.reevaluate;
  if (body.minor) change.minor = minor_of(body.minor);
  change.sale_opt_out = body.sale_opt_out;
  change.ciphertext_only = body.ciphertext_only;
  change.layer = body.policy.value_or(PolicyLayer{});
  return change;
}

policy::NoticeGiven notice_given(std::string participant, std::string purpose, PutNotice body) {
  return {std::move(participant), std::move(purpose), reference_of(std::move(body.notice))};
}

policy::ConsentStated consent_stated(std::string participant, std::string purpose, PutConsent body,
                                     std::string nonce) {
  policy::ConsentStated stated;
  stated.participant = std::move(participant);
  stated.purpose = std::move(purpose);
  auto& statement = stated.statement;
  statement.answer =
      body.statement == Statement::granted ? policy::Answer::granted : policy::Answer::refused;
  statement.method = method_of(body.method);
  statement.giver = body.giver.value_or(policy::Giver::participant);
  statement.stated_at = body.stated_at;
  statement.seen_epoch = body.seen_epoch;
  statement.evidence.insert(body.evidence.begin(), body.evidence.end());
  statement.default_state = default_state_of(body.default_state);
  statement.expires = body.expires;
  statement.nonce = std::move(nonce);
  if (body.notice) statement.notice = reference_of(std::move(*body.notice));
  return stated;
}

QuestionToAsk question_to_ask(std::string participant, PutQuestions body) {
  QuestionToAsk what;
  what.participant = std::move(participant);
  what.language = body.language.value_or("");
  what.answer_within = body.answer_within;
  for (auto& purpose : body.purposes) {
    const auto notice = body.notices.find(purpose);
    auto& reference = what.purposes[purpose];
    if (notice != body.notices.end()) reference = reference_of(notice->second);
  }
  return what;
}

policy::PurposeStarted purpose_started(std::string purpose, PutPurpose body) {
  policy::PurposeStarted start;
  start.purpose = std::move(purpose);
  start.by = body.by == PerformedBy::server ? policy::By::server : policy::By::sinks;
  if (body.sinks) start.sinks = std::move(*body.sinks);
  start.requested = body.requested;
  return start;
}

namespace {

json::object signed_receipt_json(const SignedReceipt& receipt) {
  return {{"purpose", receipt.purpose},
          {"giver", receipt.giver},
          {"state", receipt.state},
          {"at", to_rfc3339(receipt.at)},
          {"receipt", receipt.jws}};
}

}  // namespace

std::string receipts_json(const std::vector<SignedReceipt>& receipts) {
  json::array all;
  for (const auto& receipt : receipts)
    all.push_back(signed_receipt_json(receipt));
  json::object out;
  out["receipts"] = std::move(all);
  return json::serialize(out);
}

std::string found_receipts_json(const std::vector<SignedReceipt>& receipts) {
  json::array all;
  for (const auto& receipt : receipts) {
    auto one = signed_receipt_json(receipt);
    one["session"] = receipt.session;
    one["room"] = receipt.room;
    one["participant"] = receipt.participant;
    one["subject"] = receipt.subject;
    all.push_back(std::move(one));
  }
  json::object out;
  out["receipts"] = std::move(all);
  if (receipts.size() == receipts_page_max)
    out["next"] = std::to_string(static_cast<std::int64_t>(receipts.back().record));
  return json::serialize(out);
}

std::string ledger_key_json(const std::string& verifier_key) {
  json::object out{{"verifier_key", verifier_key}};
  const auto key = policy::parse_verifier_key(verifier_key, sha256_of_bytes);
  if (key) out["jwk"] = json::parse(to_jwk(*key));
  return json::serialize(out);
}

std::string receipt_json(const Conference& conference, std::string_view participant,
                         std::string_view purpose, const ConsentOutcome& outcome) {
  json::object receipt{{"room", conference.identity().room},
                       {"participant", participant},
                       {"purpose", purpose},
                       {"giver", to_string(outcome.giver)},
                       {"state", to_string(outcome.state)},
                       {"epoch", outcome.epoch},
                       {"at", to_rfc3339(outcome.at)},
                       {"permits", decision_array(outcome.decisions)}};
  json::array cut;
  for (const auto& mark : outcome.cut) {
    cut.push_back({{"sink", mark.sink},
                   {"ssrc", mark.ssrc},
                   {"epoch", mark.epoch},
                   {"last_sequence", mark.last_sequence}});
  }
  receipt["cut"] = std::move(cut);
  if (!outcome.receipt.empty()) {
    const std::string href = "/v1/rooms/" + conference.identity().room + "/participants/" +
                             std::string(participant) + "/receipts?receipt=" + outcome.receipt;
    receipt["receipt"] = {{"id", outcome.receipt}, {"href", href}};
  }
  return json::serialize(receipt);
}

std::string question_json(const OpenQuestion& question) {
  json::array purposes;
  for (const auto& [purpose, notice] : question.purposes)
    purposes.emplace_back(purpose);
  json::object object{{"language", question.language},
                      {"prompt", question.prompt_hash},
                      {"until", to_rfc3339(question.until_wall)}};
  object["purposes"] = std::move(purposes);
  return json::serialize(object);
}

std::string room_json(const Conference& conference) {
  json::object room{
      {"room", conference.identity().room},     {"session", conference.identity().session},
      {"tenant", conference.identity().tenant}, {"policy", layer_object(conference.room_layer())},
      {"epoch", conference.rules().epoch()},    {"rules", conference.rules().rules().hash}};
  json::array participants;
  for (const auto& id : conference.participants())
    participants.push_back(json::value(id));
  room["participants"] = std::move(participants);
  json::object purposes;
  for (const auto& purpose : conference.purposes()) {
    json::array sinks;
    for (const auto& sink : conference.rules().active_sinks(purpose)) {
      sinks.push_back(json::value(sink));
    }
    purposes[purpose] = {{"sinks", std::move(sinks)}};
  }
  room["purposes"] = std::move(purposes);
  return json::serialize(room);
}

std::string participant_json(const Conference& conference, std::string_view participant) {
  json::object object{{"room", conference.identity().room}, {"participant", participant}};
  if (const auto language = conference.language(participant); !language.empty()) {
    object["language"] = language;
  }
  if (const auto* known = conference.known_of(participant)) {
    object["jurisdictions"] = jurisdictions_object(known->evidence);
    object["minor"] = minor_value(known->minor);
    object["sale_opt_out"] = known->sale_opt_out;
    object["ciphertext_only"] = known->ciphertext_only;
    object["layers"] = {{"tenant", layer_object(conference.tenant_layer())},
                        {"room", layer_object(conference.room_layer())},
                        {"participant", layer_object(known->leg)}};
  }
  object["consents"] = consents_object(conference, participant);
  json::array decisions;
  for (const auto& decision : conference.rules().decisions()) {
    if (decision.participant == participant) decisions.push_back(decision_object(decision));
  }
  object["decisions"] = std::move(decisions);
  const auto unlawful = conference.unlawful_ways(participant);
  if (!unlawful.empty()) object["unlawful_transfers"] = ways_array(unlawful);
  return json::serialize(object);
}

std::string decisions_json(const std::vector<policy::Decision>& decisions) {
  return json::serialize(json::object{{"decisions", decision_array(decisions)}});
}

std::string explanations_json(const std::vector<policy::Explanation>& explanations) {
  json::array array;
  for (const auto& explanation : explanations) {
    auto object = decision_object(explanation.decision);
    object["at"] = to_rfc3339(explanation.at);
    if (explanation.since) object["since"] = to_rfc3339(*explanation.since);
    object["words"] = in_words(explanation);
    json::array findings;
    for (const auto& finding : explanation.findings)
      findings.push_back(finding_object(finding));
    object["findings"] = std::move(findings);
    array.push_back(std::move(object));
  }
  return json::serialize(json::object{{"decisions", std::move(array)}});
}

}  // namespace assent::gateway

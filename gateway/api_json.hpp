#pragma once

#include <string>

#include "gateway/conference.hpp"
#include "gateway/ip_database.hpp"
#include "gateway/requests.hpp"
#include "policy/event.hpp"

// Between the words of the API and those of the conference.
namespace assent::gateway {

[[nodiscard]] JoinRequest join_request(std::string participant, PutParticipant body,
                                       const IpDatabase& addresses);
[[nodiscard]] ParticipantChange participant_change(const PatchParticipant& body,
                                                   const IpDatabase& addresses);
[[nodiscard]] policy::NoticeGiven notice_given(std::string participant, std::string purpose,
                                               PutNotice body);
[[nodiscard]] policy::ConsentStated consent_stated(std::string participant, std::string purpose,
                                                   PutConsent body, std::string nonce);
[[nodiscard]] QuestionToAsk question_to_ask(std::string participant, PutQuestions body);
[[nodiscard]] policy::PurposeStarted purpose_started(std::string purpose, PutPurpose body);

[[nodiscard]] std::string receipts_json(const std::vector<SignedReceipt>& receipts);
// One page of those that a privacy officer looks for.
[[nodiscard]] std::string found_receipts_json(const std::vector<SignedReceipt>& receipts);
// As other programs take it: C2SP's text, and a JSON Web Key.
[[nodiscard]] std::string ledger_key_json(const std::string& verifier_key);
[[nodiscard]] std::string receipt_json(const Conference& conference, std::string_view participant,
                                       std::string_view purpose, const ConsentOutcome& outcome);
[[nodiscard]] std::string question_json(const OpenQuestion& question);
[[nodiscard]] std::string room_json(const Conference& conference);
[[nodiscard]] std::string participant_json(const Conference& conference,
                                           std::string_view participant);
[[nodiscard]] std::string decisions_json(const std::vector<policy::Decision>& decisions);
[[nodiscard]] std::string explanations_json(const std::vector<policy::Explanation>& explanations);

}  // namespace assent::gateway

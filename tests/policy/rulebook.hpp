#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "policy/room.hpp"

// A small policy for tests, and words to play a room with.
namespace assent::policy::test {

using namespace std::chrono_literals;

inline constexpr Date today = std::chrono::year{2026} / 11 / 24;
inline constexpr WallTime noon = today + 12h;
inline constexpr Date next_year = std::chrono::year{2027} / 12 / 31;

inline JurisdictionRow row(std::string code, Rule rule, std::string regime = {}) {
  JurisdictionRow made;
  made.code = std::move(code);
  made.interception = rule;
  made.data_protection = Rule::none;
  made.regime = std::move(regime);
  made.citation = "Act of " + made.code;
  made.source = "a reliable place";
  made.source_date = "2026-01-01";
  made.contested = Contested::no;
  made.review_by = next_year;
  return made;
}

inline TransferRow transfer(std::string exporter, std::string importer, Mechanism mechanism) {
  TransferRow made;
  made.exporter = std::move(exporter);
  made.importer = std::move(importer);
  made.mechanism = mechanism;
  made.instrument = "instrument of " + made.exporter + made.importer;
  made.effective = std::chrono::year{2020} / 1 / 1;
  made.status = TransferStatus::in_force;
  made.source = "a reliable place";
  made.review_by = next_year;
  return made;
}

inline Instrument instrument(Mechanism mechanism) {
  return {.mechanism = mechanism,
          .country = {},
          .entity = "Vendor Inc",
          .categories = {"recordings", "transcripts"},
          .module = "2",
          .reference = "assessment 7",
          .condition = "listed",
          .checked_at = std::chrono::year{2026} / 1 / 1,
          .expires = next_year};
}

inline Processor own_processor() {
  Processor made;
  made.role = Role::self;
  made.categories = {"recordings", "transcripts"};
  made.purposes = {"recording", "transcription", "summary"};
  made.countries = {"NL"};
  made.own_use = false;
  made.media_path = true;
  return made;
}

inline Purpose purpose(std::string category) {
  Purpose made;
  made.category = std::move(category);
  made.bases = {Basis::consent};
  made.least = Strength::firm;
  return made;
}

// NL asks per participant, CA-like "QA" everybody, "QO" one party, "QN" a notice, "Q0" nothing,
// "QP" prohibits; sinks in NL of the operator's own, one of a vendor in US.
inline RuleBook rulebook() {
  RuleBook made;
  made.hash = "sha256:test";
  made.categories["recordings"] = {"Recordings", "participants", {}, true};
  made.categories["transcripts"] = {"Transcripts", "participants", {}, true};
  made.categories["billing"] = {"Billing", "customers", {}, false};
  made.purposes["recording"] = purpose("recordings");
  made.purposes["transcription"] = purpose("transcripts");
  made.purposes["summary"] = purpose("transcripts");
  made.purposes["summary"].requires_purposes = {"transcription"};
  made.processors["own"] = own_processor();
  made.processors["vendor"] = own_processor();
  made.processors["vendor"].role = Role::sub_processor;
  made.processors["vendor"].countries = {"US"};
  made.sinks["recorder"] = {"recording", "own", "NL"};
  made.sinks["archive"] = {"recording", "vendor", "US"};
  made.sinks["scribe"] = {"transcription", "own", "NL"};
  made.sinks["digest"] = {"summary", "own", "NL"};
  made.server = {"own", "NL"};
  const auto method = [&](Method which, Strength strength, std::vector<std::string> evidence) {
    made.method_rules.at(static_cast<std::size_t>(which)) = {strength, std::move(evidence), {}};
  };
  method(Method::written, Strength::strong, {"document_hash", "signer"});
  method(Method::verbal, Strength::firm, {"attester", "prompt_hash", "span"});
  method(Method::online, Strength::firm, {"notice.hash", "notice.language"});
  method(Method::service_start, Strength::weak, {"terms_hash"});
  method(Method::implied, Strength::weakest, {"request"});
  made.minors = {false, {"guardian", "verification"}, Strength::firm};
  for (const auto& [code, rule] : {std::pair{"QA", Rule::all_party},
                                   {"QO", Rule::one_party},
                                   {"QN", Rule::notice},
                                   {"Q0", Rule::none},
                                   {"QP", Rule::prohibit},
                                   {"US", Rule::one_party}})
    made.jurisdictions[code] = row(code, rule);
  made.jurisdictions["NL"] = row("NL", Rule::per_participant, "EU");
  made.jurisdictions["DE"] = row("DE", Rule::all_party, "EU");
  made.jurisdictions["GB"] = row("GB", Rule::per_participant, "GB");
  made.transfers.push_back(transfer("EU", "US", Mechanism::dpf));
  return made;
}

inline Statement granted() {
  Statement made;
  made.answer = Answer::granted;
  made.method = Method::online;
  made.default_state = DefaultState::unticked;
  made.notice = {"", "1", "en", "sha256:text"};
  return made;
}

inline Statement granted_by(Method method) {
  Statement made = granted();
  made.method = method;
  made.evidence = {{"document_hash", "sha256:d"},
                   {"signer", "s"},
                   {"attester", "a"},
                   {"prompt_hash", "sha256:p"},
                   {"span", "1-2"},
                   {"terms_hash", "sha256:t"},
                   {"request", "r"},
                   {"guardian", "g"},
                   {"verification", "v"}};
  return made;
}

inline Statement guardian_granted() {
  Statement made = granted_by(Method::online);
  made.giver = Giver::guardian;
  return made;
}

// A room that expects what it is told to be taken, and keeps the latest outcome.
class Play {
 public:
  explicit Play(const RuleBook& rules) : room{"room", rules} {}

  void tell(const Event& event) {
    const auto taken = room.handle(now, event, out);
    ASSERT_TRUE(taken) << to_string(taken.error().code) << " " << taken.error().field;
  }
  Refusal refusal(const Event& event) {
    const auto taken = room.handle(now, event, out);
    EXPECT_FALSE(taken);
    return taken ? Refusal{} : taken.error();
  }
  void join(const std::string& id, const std::string& code, Minor minor = Minor::no) {
    ParticipantJoined event;
    event.participant = id;
    event.subject = "subject-" + id;
    if (!code.empty()) event.evidence = {{EvidenceKind::declared, code}};
    event.minor = minor;
    tell(event);
  }
  void grant(const std::string& id, const std::string& purpose = "recording") {
    tell(ConsentStated{id, purpose, granted()});
  }
  void refuse(const std::string& id, const std::string& purpose = "recording") {
    tell(ConsentStated{id, purpose, {}});
  }
  void withdraw(const std::string& id, const std::string& purpose = "recording") {
    tell(ConsentWithdrawn{id, purpose, Giver::participant});
  }
  void start(const std::string& purpose, std::vector<std::string> sinks) {
    tell(PurposeStarted{purpose, By::sinks, std::move(sinks), true});
  }
  void pass(std::chrono::milliseconds time) {
    now += time;
    tell(TimePassed{});
  }
  [[nodiscard]] Reason reason(const std::string& id, const std::string& sink = "recorder") const {
    const Decision decision = room.decision(id, sink);
    EXPECT_EQ(decision.permitted, decision.reason == Reason::permitted);
    return decision.reason;
  }

  WallTime now = noon;
  Room room;
  Decisions out;
};

}  // namespace assent::policy::test

#include "gateway/room_event_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "gateway/room_journal.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr WallTime noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 25} + 12h};

policy::Statement statement() {
  policy::Statement made;
  made.answer = policy::Answer::granted;
  made.method = policy::Method::verbal;
  made.giver = policy::Giver::guardian;
  made.evidence = {{"attester", "+31201234567"}, {"empty", ""}, {"transfer", "US-CA"}};
  made.notice = {"recording", "1", "en", "sha256:00"};
  made.default_state = policy::DefaultState::unticked;
  made.expires = noon + 1h;
  made.stated_at = noon - 1s;
  made.seen_epoch = 7;
  made.nonce = "203.0.113.7";
  return made;
}

policy::Tightening tightening() {
  policy::Tightening made;
  made.purposes["recording"] = {true, policy::Strength::strong, policy::Rule::all_party, "own"};
  made.deny_sinks = {"archive", "recorder"};
  made.deny_processors = {"hosting"};
  made.deny_sale = made.stop_for_all = made.unflagged_as_minor = true;
  made.deny_contested_transfers = made.deny_explicit_consent = true;
  return made;
}

std::vector<policy::Event> one_of_each() {
  using namespace policy;
  const JurisdictionEvidence nowhere{EvidenceKind::e164, ""};
  const JurisdictionEvidence declared{EvidenceKind::declared, "NL"};
  return {
      TimePassed{},
      ParticipantJoined{"p", "s", {declared, nowhere}, Minor::unflagged, true, true, tightening()},
      ParticipantJoined{"p", "s", {}, Minor::no, false, false, {}},
      ParticipantLeft{"p"},
      ConsentStated{"p", "recording", statement()},
      ConsentStated{"p", "recording", {}},
      ConsentWithdrawn{"p", "recording", Giver::guardian},
      ConsentInvalidated{"p", "recording", std::nullopt},
      ConsentInvalidated{"p", "recording", Giver::guardian},
      NoticeGiven{"p", "recording", {"recording", "1", "nl", "sha256:01"}},
      PurposeStarted{"recording", By::sinks, {"recorder", "archive"}, false},
      PurposeStarted{"recording", By::server, {}, true},
      PurposeStopped{"recording"},
      JurisdictionAdded{"p", {EvidenceKind::ip, "DE"}},
      JurisdictionsReevaluated{"p", {declared}},
      MinorStated{"p", Minor::yes},
      SaleOptedOut{"p"},
      CiphertextStated{"p", false},
      TenantSet{"clinic"},
      RoomTightened{tightening()},
      LegTightened{"p", tightening()}};
}

RoomEvent recorded(const policy::Event& event) {
  RoomJournal journal{"session", "room"};
  journal.note(noon, event, "s", "sha256:rules");
  return journal.take().at(0);
}

boost::system::result<RecordedEvent, JsonFault> parse(std::string json,
                                                      std::string participant = "p") {
  RoomEvent record;
  record.participant = std::move(participant);
  record.json = std::move(json);
  return parse_room_event(record);
}

TEST(RoomEventJson, EveryKindOfEventComesBackAsItWas) {
  std::set<std::size_t> kinds;
  for (const policy::Event& event : one_of_each()) {
    const RoomEvent record = recorded(event);
    const auto read = parse_room_event(record);
    ASSERT_TRUE(read) << record.json << read.error().pointer << ' ' << read.error().what;
    const auto& back = std::get<policy::Event>(*read);
    EXPECT_EQ(back.index(), event.index());
    EXPECT_EQ(to_json(back), record.json);
    EXPECT_EQ(participant_of(back), participant_of(event));
    kinds.insert(back.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<policy::Event> - 1) << "all but RulesChanged";
}

TEST(RoomEventJson, RulesAreRecordedByHashAndWithWhoRunsTheServer) {
  policy::RuleBook rules;
  rules.hash = "sha256:abc";
  rules.server = {"provider", "DE"};
  const auto read = parse_room_event(recorded(policy::RulesChanged{&rules}));
  ASSERT_TRUE(read);
  const auto& in_force = std::get<RulesInForce>(*read);
  EXPECT_EQ(in_force.hash, "sha256:abc");
  EXPECT_EQ(in_force.server.processor, "provider");
  EXPECT_EQ(in_force.server.jurisdiction, "DE");
}

TEST(RoomEventJson, HoldsOfAStatementOnlyWhatDecides) {
  const auto json = to_json(policy::Event{policy::ConsentStated{"p", "recording", statement()}});
  EXPECT_THAT(json, Not(HasSubstr("31201234567")));
  EXPECT_THAT(json, Not(HasSubstr("203.0.113.7")));
  EXPECT_THAT(json, HasSubstr("US-CA"));
  const auto read =
      parse_room_event(recorded(policy::ConsentStated{"p", "recording", statement()}));
  const auto& evidence =
      std::get<policy::ConsentStated>(std::get<policy::Event>(*read)).statement.evidence;
  EXPECT_FALSE(evidence.at("attester").empty()) << "it was there";
  EXPECT_TRUE(evidence.at("empty").empty()) << "it was not";

  auto talkative = statement();
  talkative.evidence["transfer"] = "call me at +31 20 1234567";
  EXPECT_THAT(to_json(policy::Event{policy::ConsentStated{"p", "recording", talkative}}),
              Not(HasSubstr("1234567")));
}

TEST(RoomEventJson, NamesNobodySoThatAnErasureOfTheColumnsIsWhole) {
  for (policy::Event event : one_of_each()) {
    std::visit(
        [](auto& of) {
          if constexpr (requires { of.participant; }) of.participant = "canary-participant";
          if constexpr (requires { of.subject; }) of.subject = "canary-subject";
        },
        event);
    EXPECT_THAT(to_json(event), Not(HasSubstr("canary")));
  }
}

TEST(RoomEventJson, WhatIsNotOneIsAFaultAtItsPlace) {
  const auto pointer = [](const std::string& json) {
    const auto read = parse(json);
    return read ? std::string{"it was taken"} : read.error().pointer;
  };
  EXPECT_EQ(pointer(""), "");
  EXPECT_EQ(pointer("[]"), "");
  EXPECT_EQ(pointer("{}"), "/event");
  EXPECT_EQ(pointer(R"({"event": 7})"), "/event");
  EXPECT_EQ(pointer(R"({"event": "participant_exploded"})"), "/event");
  EXPECT_EQ(pointer(R"({"event": "participant_left", "why": "x"})"), "");
  EXPECT_EQ(pointer(R"({"event": "minor_stated"})"), "/minor");
  EXPECT_EQ(pointer(R"({"event": "minor_stated", "minor": "perhaps"})"), "/minor");
  EXPECT_EQ(pointer(R"({"event": "ciphertext_stated", "ciphertext_only": "yes"})"),
            "/ciphertext_only");
  EXPECT_EQ(
      pointer(R"({"event": "jurisdictions_reevaluated", "evidence": [{"kind": "ip", "code": 1}]})"),
      "/evidence/0/code");
  EXPECT_EQ(pointer(R"({"event": "consent_stated", "purpose": "recording", "statement": {
                        "answer": "granted", "method": "online", "giver": "participant",
                        "evidence": {}, "default_state": "unticked", "expires": "soon"}})"),
            "/statement/expires");
  EXPECT_EQ(pointer(R"({"event": "time_passed"})"), "/event") << "it concerns no participant";
  EXPECT_FALSE(parse(R"({"event": "participant_left"})", "")) << "whose?";
  EXPECT_EQ(pointer(std::string(100'000, '[')), "");
}

TEST(RoomJournal, NumbersEventsAndKeepsWhatStorageRefusedInOrder) {
  RoomJournal journal{"session", "room"};
  const auto note = [&](WallTime at) { journal.note(at, policy::TimePassed{}, "", "sha256:r"); };
  note(noon);
  note(noon - 1min);  // the clock was set back; the room's time was not
  auto refused = journal.take();
  ASSERT_EQ(refused.size(), 2U);
  EXPECT_EQ(refused[1].at, noon);
  note(noon + 1s);
  journal.give_back(std::move(refused));
  const auto all = journal.take();
  ASSERT_EQ(all.size(), 3U);
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(all[i].seq, i + 1);
  EXPECT_TRUE(journal.take().empty());
}

}  // namespace
}  // namespace assent::gateway

#include "gateway/recorded_room.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "gateway/embedded.hpp"
#include "gateway/room_journal.hpp"
#include "tests/seed.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr WallTime noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 25} + 12h};

PolicyTexts texts(std::string_view beside = {}) {
  PolicyTexts made;
  made.policy = {"policy.yaml", std::string(embedded("policy.yaml").value()) + std::string(beside)};
  made.jurisdictions = {"jurisdictions.yaml", std::string(embedded("jurisdictions.yaml").value())};
  made.transfers = {"transfers.yaml", std::string(embedded("transfers.yaml").value())};
  return made;
}

std::string hash_of(const PolicyTexts& of) {
  Faults faults;
  const auto loaded = read_policy(of, noon, faults);
  if (!loaded) throw std::runtime_error(to_string(faults));
  return loaded->rules.hash;
}

// The two policies of these tests: the second one knows a tenant.
class Archive {
 public:
  Archive() {
    for (const auto& of : {texts(), texts("\ntenants:\n  clinic:\n    deny_sinks: [archive]\n")}) {
      hashes.push_back(hash_of(of));
      accepted_[hashes.back()] = of;
    }
  }
  RuleBooks books() const {
    return RuleBooks{[this](const std::string& hash) -> std::optional<PolicyTexts> {
      const auto found = accepted_.find(hash);
      return found == accepted_.end() ? std::nullopt : std::optional{found->second};
    }};
  }
  RulesInForce rules(std::size_t which) const { return {hashes.at(which), {"hosting", "NL"}}; }

  std::vector<std::string> hashes;

 private:
  std::map<std::string, PolicyTexts> accepted_;
};

// A room that records itself, as a conference does.
class RecordingRoom {
 public:
  explicit RecordingRoom(const policy::RuleBook& rules) : room{"room", rules} {
    journal_.note(now, policy::RulesChanged{&rules}, "", rules.hash);
  }

  bool tell(const policy::Event& event) {
    now += 1ms;
    if (!room.handle(now, event, decisions)) return false;
    const bool only_time = std::holds_alternative<policy::TimePassed>(event);
    if (!only_time || !decisions.changed.empty() || !decisions.consents.empty()) {
      journal_.note(now, event, "s", room.rules().hash);
    }
    return true;
  }
  const std::vector<RoomEvent>& record() {
    for (auto& event : journal_.take())
      record_.push_back(std::move(event));
    return record_;
  }

  WallTime now = noon;
  policy::Room room;
  policy::Decisions decisions;

 private:
  RoomJournal journal_{"session", "room"};
  std::vector<RoomEvent> record_;
};

policy::Statement granted(const policy::RuleBook& rules, const std::string& purpose) {
  policy::Statement made;
  made.answer = policy::Answer::granted;
  made.method = policy::Method::online;
  made.default_state = policy::DefaultState::unticked;
  if (const auto* notice = find_notice(rules, purpose, "en"))
    made.notice = {notice->id, notice->version, notice->language, notice->hash};
  return made;
}

class RecordedRoom : public testing::Test {
 protected:
  const policy::RuleBook& book(std::size_t which) { return **books.book(archive.rules(which)); }

  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>{0, end - 1}(random);
  }
  template <class T>
  const T& any_of(const std::vector<T>& from) {
    return from[below(from.size())];
  }
  policy::Event any_event(const RecordingRoom& of) {
    const auto who = any_of<std::string>({"a", "b", "c", "d"});
    const auto purpose = any_of<std::string>({"recording", "transcription", "summary"});
    const auto place = below(8) != 0 ? "NL" : any_of<std::string>({"US-NY", "US-CA", "JP", "ZZ"});
    const policy::JurisdictionEvidence hint{static_cast<policy::EvidenceKind>(below(4)), place};
    const auto minor = below(4) != 0 ? policy::Minor::no : static_cast<policy::Minor>(below(4));
    auto statement = granted(of.room.rules(), purpose);
    if (below(3) == 0) statement.expires = of.now + std::chrono::minutes{1 + below(30)};
    if (below(4) == 0) statement.giver = policy::Giver::guardian;
    if (below(4) == 0) statement.evidence = {{"guardian", "g"}, {"verification", "v"}};
    policy::Tightening layer;
    layer.purposes[purpose].least = static_cast<policy::Strength>(below(5));
    layer.deny_sinks = {any_of<std::string>({"archive", "recorder"})};
    switch (below(19)) {
      case 0:
      case 1:
      case 2:
        return policy::ParticipantJoined{who, "s", {hint}, minor, below(2) == 0, below(5) == 0, {}};
      case 3:
        return policy::ParticipantLeft{who};
      case 4:
      case 5:
      case 6:
      case 7:
        return policy::ConsentStated{who, purpose, statement};
      case 8:
        return policy::ConsentStated{who, purpose, {}};
      case 9:
        return policy::ConsentWithdrawn{who, purpose, static_cast<policy::Giver>(below(2))};
      case 10:
        return policy::NoticeGiven{who, purpose, statement.notice};
      case 11:
      case 12: {
        policy::PurposeStarted start{purpose, policy::By::sinks, {}, true};
        for (const auto& [name, sink] : of.room.rules().sinks)
          if (sink.purpose == purpose) start.sinks.push_back(name);
        if (below(4) == 0) start.by = policy::By::server;
        return start;
      }
      case 13:
        return policy::PurposeStopped{purpose};
      case 14:
        return policy::JurisdictionAdded{who, hint};
      case 15:
        return policy::MinorStated{who, minor};
      case 16:
        return below(2) == 0 ? policy::Event{policy::RoomTightened{layer}}
                             : policy::Event{policy::TenantSet{"clinic"}};
      case 17:
        return policy::LegTightened{who, layer};
      default:
        return policy::RulesChanged{&book(below(2))};
    }
  }

  const tests::Seed seed = tests::Seed::from_environment_or(20261125);
  testing::ScopedTrace trace{__FILE__, __LINE__, seed.text()};
  std::mt19937_64 random{seed.value()};
  Archive archive;
  RuleBooks books = archive.books();
};

TEST_F(RecordedRoom, DecidesAtEveryInstantAsTheRoomThatWasRecorded) {
  std::size_t permitted = 0;
  for (int round = 0; round < 60; ++round) {
    RecordingRoom original{book(0)};
    std::vector<std::pair<WallTime, std::vector<policy::Decision>>> seen;
    for (int step = 0; step < 60; ++step) {
      if (below(8) == 0) {
        original.now += std::chrono::minutes{below(20)};
        original.tell(policy::TimePassed{});
      }
      if (original.tell(any_event(original)))
        seen.emplace_back(original.now, original.room.decisions());
    }
    for (const auto& [at, decisions] : seen) {
      auto rebuilt = rebuild_room(original.record(), books, at);
      ASSERT_TRUE(rebuilt) << rebuilt.error().what;
      ASSERT_EQ(rebuilt->decisions(), decisions) << "round " << round;
      for (const auto& decision : decisions)
        permitted += decision.permitted ? 1 : 0;
    }
  }
  EXPECT_GT(permitted, 100U) << "the rooms must be such that there is something to decide";
}

TEST_F(RecordedRoom, HasWhatTimeAloneEndedSinceItsLastEvent) {
  RecordingRoom original{book(0)};
  original.tell(policy::ParticipantJoined{
      "a", "s", {{policy::EvidenceKind::declared, "NL"}}, policy::Minor::no, false, false, {}});
  original.tell(policy::PurposeStarted{"recording", policy::By::sinks, {"recorder"}, true});
  auto statement = granted(book(0), "recording");
  statement.expires = noon + 1h;
  original.tell(policy::ConsentStated{"a", "recording", statement});
  const auto before = rebuild_room(original.record(), books, noon + 59min);
  EXPECT_TRUE(before->decision("a", "recorder").permitted);
  const auto after = rebuild_room(original.record(), books, noon + 1h);
  EXPECT_EQ(after->decision("a", "recorder").reason, policy::Reason::consent_expired);
}

TEST_F(RecordedRoom, IsNotGuessedWhereItsRecordHasAGapOrItsRulesAreGone) {
  RecordingRoom original{book(0)};
  original.tell(policy::PurposeStarted{"recording", policy::By::sinks, {"recorder"}, true});
  original.tell(policy::PurposeStopped{"recording"});
  const auto what = [&](const std::vector<RoomEvent>& record, WallTime at = noon + 1h) {
    const auto rebuilt = rebuild_room(record, books, at);
    return rebuilt ? std::string{"it was rebuilt"} : rebuilt.error().what;
  };
  auto record = original.record();
  EXPECT_EQ(what(record), "it was rebuilt");
  EXPECT_THAT(what(record, noon - 1s), HasSubstr("nothing is recorded"));

  auto gap = record;
  gap.erase(gap.begin() + 1);
  EXPECT_THAT(what(gap), HasSubstr("lacks what came before it, from event 2 on"));
  EXPECT_EQ(what(gap, noon), "it was rebuilt") << "up to the gap it is known";
  gap = record;
  gap.erase(gap.begin());
  EXPECT_THAT(what(gap), HasSubstr("from event 1 on"));

  auto damaged = record;
  damaged[1].json = "{";
  EXPECT_THAT(what(damaged), HasSubstr("event 2"));

  auto foreign = record;
  policy::RuleBook unknown;
  unknown.hash = "sha256:never-accepted";
  foreign[0].json = to_json(policy::Event{policy::RulesChanged{&unknown}});
  EXPECT_THAT(what(foreign), HasSubstr("sha256:never-accepted"));
}

TEST_F(RecordedRoom, DoesNotTrustATextWhoseHashIsAnother) {
  RuleBooks forged{[](const std::string&) { return texts("\n# another one\n"); }};
  const auto read = forged.book(archive.rules(0));
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().what, HasSubstr("is not what it was"));
}

}  // namespace
}  // namespace assent::gateway

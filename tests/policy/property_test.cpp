#include <algorithm>
#include <random>

#include "policy/rules_change.hpp"
#include "tests/policy/rulebook.hpp"
#include "tests/seed.hpp"

namespace assent::policy::test {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t end) {
  return std::uniform_int_distribution<std::size_t>{0, end - 1}(random);
}

template <class T>
const T& any_of(Random& random, const std::vector<T>& from) {
  return from[below(random, from.size())];
}

const std::vector<std::string> places{"NL", "DE", "QA", "QO", "QN", "Q0", "US", "GB"};
const std::vector<std::string> purpose_names{"recording", "transcription", "summary"};

// What a person does in one room, independent of what others do.
struct Person {
  std::vector<Event> events;
};

Statement any_grant(Random& random) {
  Statement statement = granted_by(static_cast<Method>(below(random, methods)));
  if (below(random, 3) == 0) statement.expires = noon + std::chrono::hours{1 + below(random, 5)};
  return statement;
}

Person any_person(Random& random, const std::string& id) {
  Person person;
  ParticipantJoined joined;
  joined.participant = id;
  joined.evidence = {{EvidenceKind::declared, any_of(random, places)}};
  joined.minor = below(random, 5) == 0 ? Minor::yes : Minor::no;
  const bool minor = joined.minor == Minor::yes;
  person.events.emplace_back(joined);
  for (const std::string& purpose : purpose_names) {
    const std::size_t answer = below(random, 6);
    if (answer >= 2) person.events.emplace_back(ConsentStated{id, purpose, any_grant(random)});
    if (answer >= 2 && minor)
      person.events.emplace_back(ConsentStated{id, purpose, guardian_granted()});
    if (answer == 1) person.events.emplace_back(ConsentStated{id, purpose, {}});
  }
  // What else may be said of a person, at any time after the joining. (Regions are left out: a
  // country that counted as all of its regions is not narrowed by evidence that comes later.)
  if (below(random, 4) == 0)
    person.events.emplace_back(JurisdictionAdded{id, {EvidenceKind::ip, any_of(random, places)}});
  if (below(random, 6) == 0) person.events.emplace_back(SaleOptedOut{id});
  if (below(random, 8) == 0) {
    Tightening leg;
    leg.purposes[any_of(random, purpose_names)].least = static_cast<Strength>(below(random, 5));
    leg.deny_sale = true;
    person.events.emplace_back(LegTightened{id, leg});
  }
  if (below(random, 8) == 0) person.events.emplace_back(CiphertextStated{id, true});
  if (below(random, 4) == 0)
    person.events.emplace_back(
        NoticeGiven{id, any_of(random, purpose_names), {"any", "1", "en", "sha256:any"}});
  std::shuffle(person.events.begin() + 1, person.events.end(), random);
  return person;
}

std::vector<Person> any_people(Random& random) {
  std::vector<Person> people;
  const std::size_t count = 1 + below(random, 5);
  for (std::size_t i = 0; i < count; ++i)
    people.push_back(any_person(random, "p" + std::to_string(i)));
  return people;
}

RuleBook any_rules(Random& random) {
  RuleBook rules = rulebook();
  rules.composition.go_on_without_refuser = below(random, 3) == 0;
  for (auto& [name, purpose] : rules.purposes) {
    purpose.least = static_cast<Strength>(1 + below(random, 4));
    purpose.combine = below(random, 2) == 0 ? Combine::all : Combine::any;
    if (below(random, 2) == 0) purpose.bases.push_back(Basis::requested_service);
  }
  if (below(random, 2) == 0) rules.processors["vendor"].instruments = {instrument(Mechanism::dpf)};
  return rules;
}

std::vector<Event> starts() {
  return {PurposeStarted{"recording", By::sinks, {"recorder", "archive"}, true},
          PurposeStarted{"transcription", By::sinks, {"scribe"}, true},
          PurposeStarted{"summary", By::server, {}, true}};
}

// Plays each person's events in their own order, but interleaved at random with everybody's.
void play_interleaved(Play& play, const std::vector<Person>& people, Random& random) {
  std::vector<std::vector<Event>> queues;
  for (const Person& person : people)
    queues.push_back(person.events);
  for (const Event& start : starts())
    queues.push_back({start});
  for (auto& queue : queues)
    std::reverse(queue.begin(), queue.end());
  while (!queues.empty()) {
    const std::size_t i = below(random, queues.size());
    play.tell(queues[i].back());
    queues[i].pop_back();
    if (queues[i].empty()) queues.erase(queues.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

std::vector<Decision> outcome(const Play& play) {
  std::vector<Decision> all = play.room.decisions();
  for (Decision& decision : all)
    decision.epoch = 0;
  return all;
}

std::vector<std::string> open_pairs(const Room& room) {
  std::vector<std::string> pairs;
  for (const Decision& decision : room.decisions())
    if (decision.permitted) pairs.push_back(decision.participant + ">" + decision.sink);
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

class Properties : public testing::Test {
 protected:
  const tests::Seed seed = tests::Seed::from_environment_or(20261124);
  testing::ScopedTrace trace{__FILE__, __LINE__, seed.text()};
  Random random{seed.value()};
};

TEST_F(Properties, TheOrderOfIndependentEventsDoesNotMatterToTheEndState) {
  for (int round = 0; round < 400; ++round) {
    RuleBook rules = any_rules(random);
    rules.tenants["tenant"] = {};
    rules.tenants["tenant"].purposes["recording"].least = static_cast<Strength>(below(random, 5));
    auto people = any_people(random);
    Tightening room;
    room.purposes["summary"].at_least = static_cast<Rule>(below(random, rules_of_law));
    people.push_back({{TenantSet{"tenant"}, RoomTightened{room}}});
    Play first{rules}, second{rules};
    play_interleaved(first, people, random);
    for (Person& person : people)
      if (std::holds_alternative<ParticipantJoined>(person.events.front()))
        std::shuffle(person.events.begin() + 1, person.events.end(), random);
    play_interleaved(second, people, random);
    ASSERT_EQ(outcome(first), outcome(second)) << "round " << round;
  }
}

TEST_F(Properties, ARefusalAMinorAStricterLawOrAnotherPersonNeverOpensAnything) {
  std::size_t opened = 0, closed = 0;
  for (int round = 0; round < 400; ++round) {
    const RuleBook rules = any_rules(random);
    const auto people = any_people(random);
    Play play{rules};
    play_interleaved(play, people, random);
    const std::string who = "p" + std::to_string(below(random, people.size()));
    const std::string purpose = any_of(random, purpose_names);
    Tightening room;
    room.purposes[purpose].at_least = static_cast<Rule>(below(random, rules_of_law));
    room.purposes[purpose].least = static_cast<Strength>(below(random, strengths));
    room.stop_for_all = below(random, 2) == 0;
    const std::vector<Event> restrictions{
        ConsentStated{who, purpose, {}},
        ConsentWithdrawn{who, purpose, Giver::participant},
        ConsentWithdrawn{who, purpose, Giver::guardian},
        ConsentInvalidated{who, purpose, std::nullopt},
        MinorStated{who, Minor::yes},
        MinorStated{who, Minor::unknown},
        JurisdictionAdded{who, {EvidenceKind::ip, any_of(random, places)}},
        JurisdictionAdded{who, {EvidenceKind::ip, "unknown"}},
        SaleOptedOut{who},
        CiphertextStated{who, true},
        RoomTightened{room},
        PurposeStopped{purpose},
        ParticipantJoined{
            "new", "s", {{EvidenceKind::ip, any_of(random, places)}}, Minor::no, false, false, {}},
        TimePassed{}};
    const auto before = open_pairs(play.room);
    const Event& restriction = any_of(random, restrictions);
    if (std::holds_alternative<TimePassed>(restriction)) play.now += std::chrono::hours{6};
    play.tell(restriction);
    const auto after = open_pairs(play.room);
    ASSERT_TRUE(std::includes(before.begin(), before.end(), after.begin(), after.end()))
        << "round " << round << ", restriction " << restriction.index();
    opened += before.size();
    closed += before.size() - after.size();
  }
  EXPECT_GT(opened, 100U) << "the rooms must be such that there is something to lose";
  EXPECT_GT(closed, 20U);
}

TEST_F(Properties, ChangesAreAllThatIsNeededToFollowARoom) {
  for (int round = 0; round < 200; ++round) {
    const RuleBook rules = any_rules(random);
    Play play{rules};
    std::map<std::pair<std::string, std::string>, Decision> followed;
    Epoch last = 0;
    const auto tell = [&](const Event& event) {
      play.tell(event);
      EXPECT_GE(play.out.epoch, last);
      last = play.out.epoch;
      for (const Decision& decision : play.out.changed)
        followed[{decision.participant, decision.sink}] = decision;
    };
    for (const Event& start : starts())
      tell(start);
    for (const Person& person : any_people(random))
      for (const Event& event : person.events)
        tell(event);
    play.now += std::chrono::hours{2};
    tell(TimePassed{});
    tell(ParticipantLeft{"p0"});
    tell(PurposeStopped{"transcription"});
    for (const Decision& now : play.room.decisions()) {
      const Decision& told = followed[{now.participant, now.sink}];
      ASSERT_EQ(told.permitted, now.permitted);
      ASSERT_EQ(told.reason, now.reason);
      ASSERT_EQ(told.deadline, now.deadline);
      ASSERT_EQ(told.epoch, now.epoch);
    }
    for (const auto& [pair, told] : followed)
      if (told.permitted) {
        ASSERT_TRUE(play.room.decision(pair.first, pair.second).permitted);
      }
  }
}

// Rules that differ in what a purpose asks for, to whom it goes, and what is left of it.
RuleBook other_rules(Random& random, const RuleBook& from) {
  RuleBook rules = any_rules(random);
  rules.hash = "sha256:next";
  if (below(random, 3) == 0) rules.sinks.erase("archive");
  if (below(random, 4) == 0) rules.sinks["recorder"].processor = "vendor";
  if (below(random, 4) == 0) rules.purposes.erase("summary");
  if (below(random, 4) == 0) rules.purposes["recording"].biometric = true;
  if (below(random, 4) == 0) rules.purposes = from.purposes;
  return rules;
}

TEST_F(Properties, APreviewIsWhatThenHappensAndChangesNothing) {
  Effect all;
  for (int round = 0; round < 400; ++round) {
    const RuleBook rules = any_rules(random);
    const RuleBook next = other_rules(random, rules);
    Play play{rules};
    play_interleaved(play, any_people(random), random);
    const auto now = play.now + std::chrono::hours{below(random, 4)};
    const auto before = play.room.decisions();
    const Epoch epoch = play.room.epoch();

    Decisions previewed;
    ASSERT_TRUE(std::as_const(play.room).preview(now, RulesChanged{&next}, previewed));
    ASSERT_EQ(play.room.decisions(), before) << "round " << round;
    ASSERT_EQ(play.room.epoch(), epoch);

    play.now = now;
    play.tell(RulesChanged{&next});
    ASSERT_EQ(previewed.changed, play.out.changed) << "round " << round;
    ASSERT_EQ(previewed.consents, play.out.consents);
    ASSERT_EQ(previewed.went_on_without, play.out.went_on_without);
    ASSERT_EQ(previewed.epoch, play.out.epoch);
    all += effect_of(before, previewed);
  }
  EXPECT_GT(all.grants_suspended, 20U) << "the rules must be such that something happens";
  EXPECT_GT(all.sinks["recorder"].closed, 5U);
  EXPECT_GT(all.sinks["recorder"].opened, 5U);
}

TEST_F(Properties, ADeadlineIsNeverLaterThanTheInstantItCloses) {
  for (int round = 0; round < 200; ++round) {
    const RuleBook rules = any_rules(random);
    Play play{rules};
    play_interleaved(play, any_people(random), random);
    for (const Decision& decision : play.room.decisions()) {
      if (!decision.permitted || !decision.deadline) continue;
      ASSERT_GT(*decision.deadline, play.now);
      ASSERT_LE(*play.room.next_timeout(), *decision.deadline);
    }
    for (int step = 0; step < 8; ++step) {
      const auto before = play.room.decisions();
      const auto timeout = play.room.next_timeout();
      if (!timeout) break;
      play.now = *timeout - 1ms;
      play.tell(TimePassed{});
      ASSERT_TRUE(play.out.changed.empty()) << "nothing changes before the timeout";
      play.now = *timeout;
      play.tell(TimePassed{});
      for (const Decision& was : before)
        if (was.permitted && was.deadline && *was.deadline <= play.now) {
          const Decision is = play.room.decision(was.participant, was.sink);
          ASSERT_TRUE(!is.permitted || !is.deadline || *is.deadline > play.now);
        }
    }
  }
}

// Plays the same events in the same order, in two worlds. In the stricter one something may be
// refused that the other takes: then it opens nothing there either.
void play_all(Play& play, const std::vector<Event>& events) {
  for (const Event& event : events)
    (void)play.room.handle(play.now, event, play.out);
}

std::vector<Event> flat(const std::vector<Person>& people) {
  std::vector<Event> events = starts();
  for (const Person& person : people)
    events.insert(events.end(), person.events.begin(), person.events.end());
  return events;
}

Tightening any_tightening(Random& random) {
  Tightening layer;
  for (const std::string& purpose : purpose_names) {
    if (below(random, 2) == 0) continue;
    auto& tight = layer.purposes[purpose];
    tight.prohibit = below(random, 8) == 0;
    tight.least = static_cast<Strength>(below(random, strengths));
    tight.at_least = static_cast<Rule>(below(random, rules_of_law));
    if (below(random, 6) == 0) tight.notice = "special";
  }
  if (below(random, 6) == 0) layer.deny_sinks.insert("recorder");
  if (below(random, 6) == 0) layer.deny_processors.insert("vendor");
  layer.deny_sale = below(random, 3) == 0;
  layer.stop_for_all = below(random, 3) == 0;
  layer.unflagged_as_minor = below(random, 3) == 0;
  layer.deny_contested_transfers = below(random, 3) == 0;
  layer.deny_explicit_consent = below(random, 3) == 0;
  return layer;
}

// Rules with everything that a layer can take back.
RuleBook lax_rules(Random& random) {
  RuleBook rules = any_rules(random);
  rules.sale_permitted = true;
  rules.processors["vendor"].own_use = below(random, 2) == 0;
  rules.processors["vendor"].instruments = {instrument(Mechanism::dpf)};
  rules.composition.rely_on_contested_transfers = true;
  rules.composition.rely_on_explicit_consent = true;
  if (below(random, 2) == 0) rules.transfers[0].status = TransferStatus::contested;
  rules.notices = {{"special", "1", "en", "sha256:special", {}, {}, {}, {}, true}};
  return rules;
}

TEST_F(Properties, ATenantsARoomsOrALegsLayerNeverOpensAnything) {
  std::size_t opened = 0, closed = 0;
  for (int round = 0; round < 600; ++round) {
    RuleBook rules = lax_rules(random);
    const Tightening layer = any_tightening(random);
    rules.tenants["strict"] = layer;
    const auto people = any_people(random);
    Play without{rules}, with{rules};
    play_all(without, flat(people));
    auto events = flat(people);
    const std::size_t where = below(random, 4);
    if (where == 0) events.insert(events.begin(), TenantSet{"strict"});
    if (where == 1) events.insert(events.begin(), RoomTightened{layer});
    for (Event& event : events)
      if (auto* joined = std::get_if<ParticipantJoined>(&event); joined && where == 2)
        joined->leg = layer;
    if (where == 3) {  // in mid-call, in place of any that they asked for before
      std::erase_if(events, [](const Event& e) { return std::holds_alternative<LegTightened>(e); });
      without = Play{rules};
      play_all(without, events);
    }
    play_all(with, events);
    if (where == 3)
      for (const std::string& id : with.room.participants())
        with.tell(LegTightened{id, layer});
    const auto before = open_pairs(without.room), after = open_pairs(with.room);
    ASSERT_TRUE(std::includes(before.begin(), before.end(), after.begin(), after.end()))
        << "round " << round << ", layer " << where;
    opened += before.size();
    closed += before.size() - after.size();
  }
  EXPECT_GT(opened, 300U);
  EXPECT_GT(closed, 100U);
}

// Makes one person's part of a play stricter, from the start.
void make_stricter(Person& person, std::size_t how, Random& random) {
  auto& joined = std::get<ParticipantJoined>(person.events.front());
  if (how == 0) joined.minor = Minor::yes;
  if (how == 1) joined.evidence.push_back({EvidenceKind::ip, any_of(random, places)});
  if (how == 2) joined.evidence.push_back({EvidenceKind::ip, "unknown"});
  if (how == 3) joined.sale_opt_out = true;
  if (how == 4) joined.ciphertext_only = true;
  if (how < 5) return;
  for (Event& event : person.events)  // refuses all that was granted
    if (auto* stated = std::get_if<ConsentStated>(&event);
        stated && stated->statement.giver == Giver::participant)
      stated->statement = {};
}

TEST_F(Properties, WhoIsStricterFromTheStartNeverOpensAnything) {
  std::size_t opened = 0, closed = 0;
  for (int round = 0; round < 600; ++round) {
    const RuleBook rules = lax_rules(random);
    auto people = any_people(random);
    Play before{rules}, after{rules};
    play_all(before, flat(people));
    make_stricter(people[below(random, people.size())], below(random, 6), random);
    play_all(after, flat(people));
    const auto were = open_pairs(before.room), are = open_pairs(after.room);
    ASSERT_TRUE(std::includes(were.begin(), were.end(), are.begin(), are.end()))
        << "round " << round;
    opened += were.size();
    closed += were.size() - are.size();
  }
  EXPECT_GT(opened, 300U);
  EXPECT_GT(closed, 100U);
}

TEST_F(Properties, UnknownNeverPermits) {
  std::size_t opened = 0;
  for (int round = 0; round < 400; ++round) {
    RuleBook rules = any_rules(random);
    const auto people = any_people(random);
    Play play{rules};
    play_interleaved(play, people, random);
    opened += open_pairs(play.room).size();
    for (const Decision& decision : play.room.decisions()) {
      const Consent* own = play.room.consent(decision.participant, decision.purpose);
      ASSERT_TRUE(!decision.permitted || own->state == ConsentState::granted) << "round " << round;
    }
    EXPECT_FALSE(play.room.decision("stranger", "recorder").permitted);
    EXPECT_FALSE(play.room.decision("p0", "nowhere").permitted);

    Play elsewhere{rules};  // one place of which nothing is known: the room stays closed
    play_all(elsewhere, flat(people));
    const std::vector<JurisdictionEvidence> nowhere{{EvidenceKind::ip, "unknown"}};
    elsewhere.tell(JurisdictionsReevaluated{
        "p" + std::to_string(below(random, people.size())),
        below(random, 2) == 0 ? nowhere : std::vector<JurisdictionEvidence>{}});
    ASSERT_TRUE(open_pairs(elsewhere.room).empty()) << "round " << round;

    for (auto& [code, row] : rules.jurisdictions)  // law without source or past its review
      below(random, 2) == 0 ? row.source.clear() : row.review_by.reset();
    Play lawless{rules};
    play_all(lawless, flat(people));
    ASSERT_TRUE(open_pairs(lawless.room).empty()) << "round " << round;
  }
  EXPECT_GT(opened, 200U);
}

}  // namespace
}  // namespace assent::policy::test

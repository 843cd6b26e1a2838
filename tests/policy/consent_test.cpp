#include "policy/consent.hpp"

#include <gmock/gmock.h>

#include <set>

#include "tests/policy/rulebook.hpp"

namespace assent::policy::test {
namespace {

const MethodRule asks_for_the_notice{
    Strength::firm, {"notice.id", "notice.version", "notice.language", "notice.hash"}, {}};

Statement granted_to_a_notice() {
  Statement statement = granted();
  statement.notice = {"recording", "1", "en", "sha256:text"};
  return statement;
}

Consent closed_at(WallTime when) {
  return after_closing(Consent{}, ConsentState::withdrawn, when, 7);
}

TEST(StatementForm, EveryPartOfTheNoticeCanBeAskedFor) {
  EXPECT_TRUE(check_form(granted_to_a_notice(), asks_for_the_notice, noon));
  for (const auto& [part, field] : {std::pair{&NoticeReference::id, "/notice/id"},
                                    {&NoticeReference::version, "/notice/version"},
                                    {&NoticeReference::language, "/notice/language"},
                                    {&NoticeReference::hash, "/notice/hash"}}) {
    Statement statement = granted_to_a_notice();
    (statement.notice.*part).clear();
    const auto form = check_form(statement, asks_for_the_notice, noon);
    ASSERT_FALSE(form);
    EXPECT_EQ(form.error(), (Refusal{RefusalCode::notice_missing, field}));
  }
}

TEST(StatementForm, ARefusalNeedsNone) {
  Statement refused;
  refused.method = Method::online;
  refused.default_state = DefaultState::ticked;
  refused.stated_at = noon + 1h;
  refused.expires = noon - 1h;
  EXPECT_TRUE(check_form(refused, asks_for_the_notice, noon));
}

TEST(StatementForm, ClocksMayDifferByTheSkewAndNoMore) {
  Statement statement = granted_to_a_notice();
  statement.stated_at = noon + clock_skew_max;
  EXPECT_TRUE(check_form(statement, asks_for_the_notice, noon));
  statement.stated_at = noon + clock_skew_max + 1ms;
  EXPECT_EQ(check_form(statement, asks_for_the_notice, noon).error(),
            (Refusal{RefusalCode::stated_in_future, "/stated_at"}));
}

TEST(StatementForm, AGrantThatIsOverWhenItIsMadeIsNone) {
  Statement statement = granted_to_a_notice();
  statement.expires = noon;
  EXPECT_EQ(check_form(statement, asks_for_the_notice, noon).error(),
            (Refusal{RefusalCode::expires_in_past, "/expires"}));
  statement.expires = noon + 1ms;
  EXPECT_TRUE(check_form(statement, asks_for_the_notice, noon));
}

TEST(StatementOrder, ARefusalFollowsOnAnything) {
  Statement refused;
  refused.stated_at = noon - 1h;
  refused.seen_epoch = 0;
  EXPECT_TRUE(check_follows(closed_at(noon), refused, noon));
}

TEST(StatementOrder, AGrantIsNotOlderThanWhatClosedIt) {
  Statement statement = granted();
  EXPECT_TRUE(check_follows(Consent{}, statement, noon));
  EXPECT_TRUE(check_follows(closed_at(noon), statement, noon)) << "undated: it is made now";
  EXPECT_FALSE(check_follows(closed_at(noon + 1ms), statement, noon));
  statement.stated_at = noon;
  EXPECT_FALSE(check_follows(closed_at(noon), statement, noon)) << "of an instant, the refusal";
  EXPECT_TRUE(check_follows(closed_at(noon - 1ms), statement, noon));
  statement.stated_at = noon + 1s;  // within the skew, and then as old as now
  EXPECT_FALSE(check_follows(closed_at(noon), statement, noon));
}

TEST(StatementOrder, AGrantHasSeenTheLatestClosing) {
  Statement statement = granted();
  statement.seen_epoch = 6;
  EXPECT_EQ(check_follows(closed_at(noon), statement, noon).error(),
            (Refusal{RefusalCode::statement_older, "/seen_epoch"}));
  statement.seen_epoch = 7;
  EXPECT_TRUE(check_follows(closed_at(noon), statement, noon));
  statement.seen_epoch = 2;
  const Consent given = after_statement(Consent{}, granted(), Strength::firm, noon, 3);
  EXPECT_TRUE(check_follows(given, statement, noon)) << "nothing was closed";
}

TEST(ConsentStates, OnlyAGrantExpiresAndAtTheVeryInstant) {
  Statement statement = granted();
  statement.expires = noon;
  Consent consent = after_statement(Consent{}, statement, Strength::firm, noon - 1h, 1);
  EXPECT_EQ(consent.state_at(noon - 1ms), ConsentState::granted);
  EXPECT_EQ(consent.state_at(noon), ConsentState::expired);
  consent = after_closing(consent, ConsentState::withdrawn, noon, 2);
  EXPECT_EQ(consent.state_at(noon + 1h), ConsentState::withdrawn);
}

TEST(ConsentStates, AGrantKeepsItsStrengthAndWhatClosesTakesItAway) {
  const Consent given = after_statement(Consent{}, granted(), Strength::firm, noon, 3);
  EXPECT_EQ(given.state, ConsentState::granted);
  EXPECT_EQ(given.strength, Strength::firm);
  EXPECT_EQ(given.epoch, 3U);
  EXPECT_EQ(given.changed_at, noon);
  EXPECT_EQ(given.closed_at, std::nullopt);
  const Consent refused = after_statement(given, Statement{}, Strength::firm, noon + 1s, 4);
  EXPECT_EQ(refused.state, ConsentState::refused);
  EXPECT_EQ(refused.strength, Strength::none);
  EXPECT_EQ(refused.closed_at, noon + 1s);
  const Consent expired = after_closing(given, ConsentState::expired, noon + 2s, 5);
  EXPECT_EQ(expired.strength, Strength::none);
  EXPECT_EQ(expired.changed_at, noon + 2s);
  EXPECT_EQ(expired.epoch, 5U);
  EXPECT_EQ(expired.closed_at, std::nullopt) << "time is no one's word against a later grant";
}

TEST(ConsentStates, TheTimeOfTheLatestClosingNeverGoesBack) {
  const Consent before = closed_at(noon);
  EXPECT_EQ(after_statement(before, Statement{}, Strength::none, noon - 1h, 8).closed_at, noon);
  EXPECT_EQ(after_closing(before, ConsentState::invalidated, noon - 1h, 8).closed_at, noon);
  EXPECT_EQ(after_closing(before, ConsentState::invalidated, noon + 1h, 8).closed_at, noon + 1h);
}

template <class E>
std::size_t different_words(std::size_t count) {
  std::set<std::string_view> words;
  for (std::size_t i = 0; i < count; ++i)
    words.insert(to_string(static_cast<E>(i)));
  return words.size();
}

TEST(Words, EveryValueHasItsOwn) {
  EXPECT_EQ(different_words<ConsentState>(consent_states), consent_states);
  EXPECT_EQ(different_words<Method>(methods), methods);
  EXPECT_EQ(different_words<Strength>(strengths), strengths);
  EXPECT_EQ(different_words<Giver>(2), 2U);
  EXPECT_EQ(different_words<DefaultState>(3), 3U);
  EXPECT_EQ(different_words<Rule>(rules_of_law), rules_of_law);
  EXPECT_EQ(different_words<Contested>(3), 3U);
  EXPECT_EQ(different_words<EvidenceKind>(4), 4U);
  EXPECT_EQ(different_words<Mechanism>(mechanisms), mechanisms);
  EXPECT_EQ(different_words<TransferStatus>(3), 3U);
  EXPECT_EQ(different_words<Axis>(axes), axes);
  EXPECT_EQ(different_words<Basis>(2), 2U);
  EXPECT_EQ(different_words<Role>(4), 4U);
  EXPECT_EQ(different_words<Disposal>(3), 3U);
}

TEST(Words, OfAMechanismIsReadBack) {
  for (std::size_t i = 0; i < mechanisms; ++i)
    EXPECT_EQ(parse_mechanism(to_string(static_cast<Mechanism>(i))), static_cast<Mechanism>(i));
  EXPECT_EQ(parse_mechanism("handshake"), std::nullopt);
}

}  // namespace
}  // namespace assent::policy::test

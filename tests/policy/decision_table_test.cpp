// The rules of policy/decision as decision tables, written down from the design's words: for each
// axis every combination of what it looks at falls under exactly one line.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "policy/decision.hpp"
#include "tests/seed.hpp"

namespace assent::policy {
namespace {

// One thing that an axis looks at, with the words for its values.
struct Column {
  std::vector<std::string> words;
  std::function<void(Facts&, std::size_t)> set;
  std::function<std::size_t(const Facts&)> value;
};

template <class E>
Column words_of(E Facts::*member, std::size_t count) {
  Column column;
  for (std::size_t i = 0; i < count; ++i)
    column.words.emplace_back(to_string(static_cast<E>(i)));
  column.set = [member](Facts& facts, std::size_t i) { facts.*member = static_cast<E>(i); };
  column.value = [member](const Facts& facts) { return static_cast<std::size_t>(facts.*member); };
  return column;
}

Column yes_or_no(bool Facts::*member) {
  return {{"no", "yes"},
          [member](Facts& facts, std::size_t i) { facts.*member = i == 1; },
          [member](const Facts& facts) { return std::size_t{facts.*member}; }};
}

struct Line {
  std::vector<std::vector<bool>> fits;  // by column, by value
  std::string then;                     // a reason, or "same": the reason that was given
  std::string text;
};

// A line names a value for each column, several joined by '|', or '-' for any; then the reason.
struct Table {
  Axis axis{};
  std::vector<Column> columns;
  std::vector<Line> lines;
};

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream{text};
  for (std::string part; std::getline(stream, part, at);)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

std::vector<bool> fitting(const Column& column, const std::string& cell) {
  std::vector<bool> fits(column.words.size(), cell == "-");
  if (cell == "-") return fits;
  for (const std::string& word : split(cell, '|')) {
    const auto found = std::find(column.words.begin(), column.words.end(), word);
    if (found == column.words.end()) throw std::invalid_argument("no value is called " + word);
    fits.at(static_cast<std::size_t>(found - column.words.begin())) = true;
  }
  return fits;
}

Table table(Axis axis, std::vector<Column> columns, const std::vector<std::string>& texts) {
  Table made{axis, std::move(columns), {}};
  for (const std::string& text : texts) {
    const auto cells = split(text, ' ');
    if (cells.size() != made.columns.size() + 1) throw std::invalid_argument(text);
    Line line{{}, cells.back(), text};
    for (std::size_t i = 0; i < made.columns.size(); ++i)
      line.fits.push_back(fitting(made.columns[i], cells[i]));
    made.lines.push_back(std::move(line));
  }
  return made;
}

const auto rule = [] { return words_of(&Facts::rule, rules_of_law); };
const auto flag = yes_or_no;

std::vector<Table> tables() {
  return {
      // Nothing goes anywhere before the purpose was started.
      table(Axis::started, {flag(&Facts::started)}, {"yes permitted", "no purpose_not_started"}),
      // Whether the processor is engaged for it was judged before.
      table(Axis::binding, {words_of(&Facts::binding, reasons)}, {"- same"}),
      // A tenant, room or leg can forbid.
      table(Axis::layers, {flag(&Facts::denied_by_layer)}, {"yes policy_denies", "no permitted"}),
      // What a law prohibits stays prohibited, whatever else is said about it.
      table(
          Axis::composition, {rule(), words_of(&Facts::prohibition, reasons)},
          {"all_party|per_participant|one_party|notice|none - permitted",
           "prohibit permitted prohibited",
           "prohibit undecided|participant_unknown|purpose_not_started|sink_unknown|no_media_path|"
           "purpose_not_bound|category_not_bound|country_not_bound|policy_denies|"
           "jurisdiction_unknown|rule_unsourced|rule_stale|prohibited|ciphertext_only|"
           "consent_unknown|consent_refused|consent_withdrawn|consent_expired|"
           "consent_invalidated|guardian_missing|strength_too_weak|basis_missing|others_missing|"
           "notice_missing|sale_denied|transfer_unknown|transfer_no_mechanism|transfer_expired|"
           "transfer_unsourced|transfer_stale|transfer_contested|requires_missing same"}),
      // Encrypted media is of no use to who needs it plain.
      table(Axis::ciphertext, {flag(&Facts::ciphertext_only), flag(&Facts::needs_plaintext)},
            {"yes yes ciphertext_only", "yes no permitted", "no - permitted"}),
      // Only a grant that stands is one.
      table(Axis::consent, {words_of(&Facts::consent, consent_states)},
            {"granted permitted", "unknown consent_unknown", "refused consent_refused",
             "withdrawn consent_withdrawn", "expired consent_expired",
             "invalidated consent_invalidated"}),
      // A minor's own grant is not enough.
      table(Axis::minors, {flag(&Facts::needs_guardian), flag(&Facts::guardian_granted)},
            {"no - permitted", "yes yes permitted", "yes no guardian_missing"}),
      // A request stands in for a firm grant only where the bases are joined by `any`, it is one of
      // them and was made, and no law asks for each person's own. Where consent is no basis, and no
      // law asks for it, its strength does not matter.
      table(Axis::strength,
            {rule(), flag(&Facts::strong_enough), flag(&Facts::on_consent),
             flag(&Facts::on_request), flag(&Facts::all_bases), flag(&Facts::requested)},
            {"- yes - - - - permitted",
             "prohibit|all_party|per_participant no - - - - strength_too_weak",
             "one_party|notice|none no no - - - permitted",
             "one_party|notice|none no yes yes no yes permitted",
             "one_party|notice|none no yes yes no no strength_too_weak",
             "one_party|notice|none no yes yes yes - strength_too_weak",
             "one_party|notice|none no yes no - - strength_too_weak"}),
      // At least one of the bases holds; with `all`, a request that is asked for was made. (That
      // the consent is there is what the axis `consent` asks.)
      table(Axis::basis,
            {flag(&Facts::on_consent), flag(&Facts::on_request), flag(&Facts::all_bases),
             flag(&Facts::requested)},
            {"no no - - basis_missing", "no yes - no basis_missing", "no yes - yes permitted",
             "yes no - - permitted", "yes yes - yes permitted", "yes yes yes no basis_missing",
             "yes yes no no permitted"}),
      // Everybody, where the law says so; somebody, where it says less. Going on without who did
      // not grant is the operator's choice, and never with nobody at all.
      table(Axis::others,
            {rule(), flag(&Facts::everybody_granted), flag(&Facts::somebody_granted),
             flag(&Facts::go_on_without_refuser)},
            {"all_party yes - no permitted", "all_party no - no others_missing",
             "all_party - yes yes permitted", "all_party - no yes others_missing",
             "prohibit|per_participant|one_party - yes - permitted",
             "prohibit|per_participant|one_party - no - others_missing",
             "notice|none - - - permitted"}),
      // Announced, unless no law asks; who consented firmly was told.
      table(Axis::notice, {rule(), flag(&Facts::notice_given), flag(&Facts::strong_enough)},
            {"none - - permitted",
             "prohibit|all_party|per_participant|one_party|notice yes - permitted",
             "prohibit|all_party|per_participant|one_party|notice no yes permitted",
             "prohibit|all_party|per_participant|one_party|notice no no notice_missing"}),
      // A vendor's own use is sale, and may be opted out of.
      table(Axis::own_use, {flag(&Facts::own_use), flag(&Facts::sale_permitted)},
            {"no - permitted", "yes yes permitted", "yes no sale_denied"}),
      table(Axis::transfer, {words_of(&Facts::transfer, reasons)}, {"- same"}),
      table(Axis::required, {flag(&Facts::requires_permitted)},
            {"yes permitted", "no requires_missing"}),
  };
}

bool fits(const Table& table, const Line& line, const Facts& facts) {
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    if (!line.fits[i][table.columns[i].value(facts)]) return false;
  return true;
}

std::string_view given_reason(Axis axis, const Facts& facts) {
  if (axis == Axis::binding) return to_string(facts.binding);
  if (axis == Axis::transfer) return to_string(facts.transfer);
  return to_string(facts.prohibition);
}

// The reason by the one line that fits; empty where none or several do.
std::string by_table(const Table& table, const Facts& facts) {
  const Line* found = nullptr;
  for (const Line& line : table.lines) {
    if (!fits(table, line, facts)) continue;
    if (found != nullptr) return {};
    found = &line;
  }
  if (found == nullptr) return {};
  return found->then == "same" ? std::string{given_reason(table.axis, facts)} : found->then;
}

// Calls visit for every combination of the table's columns, over what the rest of the facts are.
void for_all(const Table& table, Facts facts, const std::function<void(const Facts&)>& visit,
             std::size_t column = 0) {
  if (column == table.columns.size()) return visit(facts);
  for (std::size_t i = 0; i < table.columns[column].words.size(); ++i) {
    table.columns[column].set(facts, i);
    for_all(table, facts, visit, column + 1);
  }
}

Facts any_facts(std::mt19937_64& random, const std::vector<Table>& all) {
  Facts facts;
  for (const Table& table : all)
    for (const Column& column : table.columns)
      column.set(facts, random() % column.words.size());
  return facts;
}

// Somewhere between: what is asked for last is reached, too.
Facts mostly_content(std::mt19937_64& random, const std::vector<Table>& all) {
  Facts facts = any_facts(random, all);
  for (const Table& table : all) {
    if (random() % 8 == 0) continue;
    for (int tries = 0; tries < 100 && by_table(table, facts) != "permitted"; ++tries)
      for (const Column& column : table.columns)
        column.set(facts,
                   random() % 4 == 0 ? column.words.size() - 1 : random() % column.words.size());
  }
  return facts;
}

// The facts, with whatever no column of the table looks at such that every other axis is content;
// as they are, where that cannot be.
Facts otherwise_content(const Facts& facts, const Table& table) {
  Facts content;
  content.started = true;
  content.binding = Reason::permitted;
  content.denied_by_layer = false;
  content.rule = Rule::per_participant;
  content.ciphertext_only = content.needs_plaintext = false;
  content.consent = ConsentState::granted;
  content.needs_guardian = false;
  content.strong_enough = true;
  content.on_consent = content.on_request = content.requested = true;
  content.all_bases = false;
  content.everybody_granted = content.somebody_granted = content.notice_given = true;
  content.own_use = false;
  content.transfer = Reason::permitted;
  content.requires_permitted = true;
  for (const Column& column : table.columns)
    column.set(content, column.value(facts));
  return content;
}

class DecisionTable : public testing::Test {
 protected:
  const tests::Seed seed = tests::Seed::from_environment_or(14);
  testing::ScopedTrace trace{__FILE__, __LINE__, seed.text()};
  std::mt19937_64 random{seed.value()};
  const std::vector<Table> all = tables();
};

TEST_F(DecisionTable, HasOneTableForEachAxisInTheirOrder) {
  ASSERT_EQ(all.size(), axes);
  for (std::size_t axis = 0; axis < axes; ++axis)
    EXPECT_EQ(all[axis].axis, static_cast<Axis>(axis));
}

TEST_F(DecisionTable, EachAxisSaysWhatItsTableSaysForEverythingItLooksAt) {
  for (const Table& table : all)
    for_all(table, Facts{}, [&](const Facts& facts) {
      ASSERT_NE(by_table(table, facts), "") << to_string(table.axis) << ": no line, or several";
      ASSERT_EQ(to_string(judge(table.axis, facts)), by_table(table, facts))
          << to_string(table.axis);
    });
}

TEST_F(DecisionTable, NoAxisLooksAtAnythingElse) {
  for (const Table& table : all)
    for (int background = 0; background < 20; ++background)
      for_all(table, any_facts(random, all), [&](const Facts& facts) {
        ASSERT_EQ(to_string(judge(table.axis, facts)), by_table(table, facts))
            << to_string(table.axis);
      });
}

// Full condition coverage (MC/DC, unique cause): for each thing that an axis looks at there are two
// cases which differ in nothing else, and the answers differ. And so for the decision.
TEST_F(DecisionTable, EveryThingThatAnAxisLooksAtTurnsTheAnswerByItself) {
  for (const Table& table : all)
    for (const Column& column : table.columns) {
      std::size_t of_axis = 0, of_decision = 0;
      for_all(table, Facts{}, [&](Facts facts) {
        const std::size_t here = column.value(facts);
        for (std::size_t other = 0; other < here; ++other) {
          Facts changed = facts;
          column.set(changed, other);
          const bool turns = judge(table.axis, facts) != judge(table.axis, changed);
          if (!turns) continue;
          ++of_axis;
          if (decide(otherwise_content(facts, table)) != decide(otherwise_content(changed, table)))
            ++of_decision;
        }
      });
      EXPECT_GT(of_axis, 0U) << to_string(table.axis) << ", " << column.words.back();
      EXPECT_GT(of_decision, 0U) << to_string(table.axis) << ", " << column.words.back();
    }
}

TEST_F(DecisionTable, EveryLineIsNeeded) {
  for (const Table& table : all)
    for (const Line& line : table.lines) {
      bool used = false;
      for_all(table, Facts{}, [&](const Facts& facts) { used = used || fits(table, line, facts); });
      EXPECT_TRUE(used) << line.text;
    }
}

TEST_F(DecisionTable, TheDecisionIsThatOfTheFirstTableThatIsNotContent) {
  std::vector<std::size_t> seen(reasons);
  for (int round = 0; round < 60'000; ++round) {
    const Facts facts = round % 4 == 0 ? any_facts(random, all) : mostly_content(random, all);
    std::string expected = "permitted";
    for (auto table = all.rbegin(); table != all.rend(); ++table)
      if (const auto reason = by_table(*table, facts); reason != "permitted") expected = reason;
    const Reason reason = decide(facts);
    ASSERT_EQ(to_string(reason), expected);
    ++seen[static_cast<std::size_t>(reason)];
  }
  for (std::size_t i = 0; i < reasons; ++i)
    EXPECT_GT(seen[i], 0U) << to_string(static_cast<Reason>(i)) << " was never reached";
}

TEST_F(DecisionTable, WhatIsNoAxisAndNoStateDenies) {
  EXPECT_EQ(judge(static_cast<Axis>(axes), Facts{}), Reason::undecided);
  Facts facts;
  facts.consent = static_cast<ConsentState>(consent_states);
  EXPECT_EQ(judge(Axis::consent, facts), Reason::consent_unknown);
}

}  // namespace
}  // namespace assent::policy

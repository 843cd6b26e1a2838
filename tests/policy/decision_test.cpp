#include "policy/decision.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace assent::policy {
namespace {

// Everything as it must be, under a rule.
Facts content(Rule rule = Rule::per_participant) {
  Facts facts;
  facts.started = true;
  facts.binding = Reason::permitted;
  facts.denied_by_layer = false;
  facts.rule = rule;
  facts.ciphertext_only = false;
  facts.consent = ConsentState::granted;
  facts.needs_guardian = false;
  facts.strong_enough = true;
  facts.everybody_granted = true;
  facts.somebody_granted = true;
  facts.own_use = false;
  facts.transfer = Reason::permitted;
  facts.requires_permitted = true;
  return facts;
}

TEST(Decide, TheDefaultDenies) {
  EXPECT_EQ(decide(Facts{}), Reason::purpose_not_started);
}

TEST(Decide, PermitsWhereEveryAxisIsContent) {
  for (const Rule rule :
       {Rule::all_party, Rule::per_participant, Rule::one_party, Rule::notice, Rule::none})
    EXPECT_EQ(decide(content(rule)), Reason::permitted) << to_string(rule);
  EXPECT_EQ(decide(content(Rule::prohibit)), Reason::prohibited);
}

struct Row {
  std::string name;
  std::function<void(Facts&)> change;
  Reason expected;
  Rule rule = Rule::per_participant;
};

std::vector<Row> truth_table() {
  using C = ConsentState;
  const auto weak_on_request = [](Facts& f) {  // `any`, on a request instead of a firm consent
    f.strong_enough = false;
    f.on_request = f.requested = true;
    f.all_bases = false;
    f.notice_given = true;
  };
  const auto with = [](auto first, auto second) {
    return [=](Facts& f) {
      first(f);
      second(f);
    };
  };
  return {
      {"not started", [](Facts& f) { f.started = false; }, Reason::purpose_not_started},
      {"sink unknown", [](Facts& f) { f.binding = Reason::sink_unknown; }, Reason::sink_unknown},
      {"not bound", [](Facts& f) { f.binding = Reason::country_not_bound; },
       Reason::country_not_bound},
      {"layer", [](Facts& f) { f.denied_by_layer = true; }, Reason::policy_denies},
      {"unknown law", [](Facts& f) { f.prohibition = Reason::jurisdiction_unknown; },
       Reason::jurisdiction_unknown, Rule::prohibit},
      {"a prohibition is never permitted", [](Facts& f) { f.prohibition = Reason::permitted; },
       Reason::prohibited, Rule::prohibit},
      {"ciphertext for who needs plain", [](Facts& f) { f.ciphertext_only = true; },
       Reason::ciphertext_only},
      {"ciphertext for who does not",
       [](Facts& f) {
         f.ciphertext_only = true;
         f.needs_plaintext = false;
       },
       Reason::permitted},
      {"no answer", [](Facts& f) { f.consent = C::unknown; }, Reason::consent_unknown},
      {"no answer, no rule", [](Facts& f) { f.consent = C::unknown; }, Reason::consent_unknown,
       Rule::none},
      {"refused", [](Facts& f) { f.consent = C::refused; }, Reason::consent_refused},
      {"withdrawn", [](Facts& f) { f.consent = C::withdrawn; }, Reason::consent_withdrawn},
      {"expired", [](Facts& f) { f.consent = C::expired; }, Reason::consent_expired},
      {"invalidated", [](Facts& f) { f.consent = C::invalidated; }, Reason::consent_invalidated},
      {"minor alone", [](Facts& f) { f.needs_guardian = true; }, Reason::guardian_missing},
      {"minor with guardian",
       [](Facts& f) {
         f.needs_guardian = true;
         f.guardian_granted = true;
       },
       Reason::permitted},
      {"too weak", [](Facts& f) { f.strong_enough = false; }, Reason::strength_too_weak},
      {"too weak for the basis", [](Facts& f) { f.strong_enough = false; },
       Reason::strength_too_weak, Rule::none},
      {"request suffices: any", weak_on_request, Reason::permitted, Rule::one_party},
      {"request suffices: no rule", weak_on_request, Reason::permitted, Rule::none},
      {"a law that asks each", weak_on_request, Reason::strength_too_weak, Rule::per_participant},
      {"a law that asks all", weak_on_request, Reason::strength_too_weak, Rule::all_party},
      {"any, not requested", with(weak_on_request, [](Facts& f) { f.requested = false; }),
       Reason::strength_too_weak, Rule::one_party},
      {"all: request does not replace", with(weak_on_request, [](Facts& f) { f.all_bases = true; }),
       Reason::strength_too_weak, Rule::one_party},
      {"request only, met",
       with(weak_on_request,
            [](Facts& f) {
              f.on_consent = false;
              f.all_bases = true;
            }),
       Reason::permitted, Rule::one_party},
      {"all: not requested", [](Facts& f) { f.on_request = true; }, Reason::basis_missing},
      {"all: both", [](Facts& f) { f.on_request = f.requested = true; }, Reason::permitted},
      {"any: firm consent, not requested",
       [](Facts& f) {
         f.on_request = true;
         f.all_bases = false;
       },
       Reason::permitted},
      {"no basis at all", [](Facts& f) { f.on_consent = false; }, Reason::basis_missing},
      {"any: no basis met",
       [](Facts& f) {
         f.on_consent = f.all_bases = false;
         f.on_request = true;
       },
       Reason::basis_missing},
      {"somebody missing", [](Facts& f) { f.everybody_granted = false; }, Reason::others_missing,
       Rule::all_party},
      {"somebody missing, gone on without",
       [](Facts& f) {
         f.everybody_granted = false;
         f.go_on_without_refuser = true;
       },
       Reason::permitted, Rule::all_party},
      {"somebody missing, each for oneself", [](Facts& f) { f.everybody_granted = false; },
       Reason::permitted},
      {"nobody at all", with(weak_on_request, [](Facts& f) { f.somebody_granted = false; }),
       Reason::others_missing, Rule::one_party},
      {"nobody, notice only", with(weak_on_request, [](Facts& f) { f.somebody_granted = false; }),
       Reason::permitted, Rule::notice},
      {"no notice", with(weak_on_request, [](Facts& f) { f.notice_given = false; }),
       Reason::notice_missing, Rule::notice},
      {"no notice, one party", with(weak_on_request, [](Facts& f) { f.notice_given = false; }),
       Reason::notice_missing, Rule::one_party},
      {"no notice, no rule", with(weak_on_request, [](Facts& f) { f.notice_given = false; }),
       Reason::permitted, Rule::none},
      {"own use, sale denied", [](Facts& f) { f.own_use = true; }, Reason::sale_denied},
      {"own use, sale permitted",
       [](Facts& f) {
         f.own_use = true;
         f.sale_permitted = true;
       },
       Reason::permitted},
      {"no mechanism", [](Facts& f) { f.transfer = Reason::transfer_no_mechanism; },
       Reason::transfer_no_mechanism},
      {"required purpose", [](Facts& f) { f.requires_permitted = false; },
       Reason::requires_missing},
  };
}

TEST(Decide, TruthTable) {
  for (const Row& row : truth_table()) {
    Facts facts = content(row.rule);
    row.change(facts);
    EXPECT_EQ(decide(facts), row.expected) << row.name;
  }
}

// Every combination of what the axes look at, within each reason.
template <class Visit>
void for_all_facts(Visit visit) {
  for (unsigned bits = 0; bits < (1U << 16U); ++bits)
    for (std::size_t rule = 0; rule < rules_of_law; ++rule) {
      const auto bit = [bits](unsigned n) { return (bits >> n & 1U) != 0; };
      Facts facts = content(static_cast<Rule>(rule));
      facts.ciphertext_only = bit(0);
      facts.needs_plaintext = bit(1);
      facts.needs_guardian = bit(2);
      facts.guardian_granted = bit(3);
      facts.strong_enough = bit(4);
      facts.on_consent = bit(5);
      facts.on_request = bit(6);
      facts.all_bases = bit(7);
      facts.requested = bit(8);
      facts.everybody_granted = bit(9);
      facts.somebody_granted = bit(10) || bit(9);
      facts.go_on_without_refuser = bit(11);
      facts.notice_given = bit(12);
      facts.own_use = bit(13);
      facts.sale_permitted = bit(14);
      facts.requires_permitted = bit(15);
      visit(facts);
    }
}

bool permits(const Facts& facts) {
  return decide(facts) == Reason::permitted;
}

TEST(Decide, AStricterLawAMinorOrARefusalNeverOpensAnything) {
  std::size_t opened = 0;
  for_all_facts([&](const Facts& facts) {
    if (permits(facts)) return;
    Facts changed = facts;
    changed.needs_guardian = true;
    opened += permits(changed);
    for (auto member : {&Facts::everybody_granted, &Facts::strong_enough, &Facts::guardian_granted,
                        &Facts::requested, &Facts::notice_given, &Facts::sale_permitted,
                        &Facts::requires_permitted, &Facts::go_on_without_refuser}) {
      changed = facts;
      changed.*member = false;
      opened += permits(changed);
    }
    changed = facts;
    for (auto rule = static_cast<int>(facts.rule); rule-- > 0;) {
      changed.rule = static_cast<Rule>(rule);
      opened += permits(changed);
    }
  });
  EXPECT_EQ(opened, 0U);
}

TEST(Decide, UnknownNeverPermits) {
  std::size_t opened = 0;
  for_all_facts([&](const Facts& facts) {
    Facts changed = facts;
    changed.consent = ConsentState::unknown;
    opened += permits(changed);
    changed = facts;
    changed.transfer = Reason::transfer_unknown;
    opened += permits(changed);
    changed = facts;
    changed.binding = Reason::undecided;
    opened += permits(changed);
    changed = facts;
    changed.rule = Rule::prohibit;
    opened += permits(changed);
  });
  EXPECT_EQ(opened, 0U);
}

TEST(Decide, IsTheFirstAxisThatFails) {
  for_all_facts([](const Facts& facts) {
    Reason first = Reason::permitted;
    for (std::size_t axis = axes; axis-- > 0;) {
      const Reason reason = judge(static_cast<Axis>(axis), facts);
      if (reason != Reason::permitted) first = reason;
    }
    ASSERT_EQ(decide(facts), first);
  });
}

}  // namespace
}  // namespace assent::policy

#include "gateway/policy_changes.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "gateway/apart.hpp"
#include "gateway/policy_of_config.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::string_view from_api = "api";

PolicyTexts amended(PolicyTexts texts, PolicyProposal proposal) {
  const auto amend = [](PolicyText& text, std::optional<std::string>& by, std::string_view name) {
    if (by) text = {std::string(name), std::move(*by), false};
  };
  amend(texts.policy, proposal.policy, "policy");
  amend(texts.jurisdictions, proposal.jurisdictions, "jurisdictions");
  amend(texts.transfers, proposal.transfers, "transfers");
  return texts;
}

bool is_same_act(const AcceptedPolicy& one, const AcceptedPolicy& other) {
  return one.hash == other.hash && one.source == other.source && one.files == other.files &&
         one.server_processor == other.server_processor &&
         one.server_jurisdiction == other.server_jurisdiction;
}

}  // namespace

// --- what holds at start ---

asio::awaitable<StartResult> PolicyChanges::begin() {
  const auto hold = co_await turn_.take();
  const auto newest = co_await around_.storage.newest_policy();
  is_known_ = newest.has_value();
  co_return hold_newest(is_known_ ? *newest : std::nullopt);
}

asio::awaitable<StartResult> PolicyChanges::catch_up() {
  const auto hold = co_await turn_.take();
  if (is_known_) co_return StartResult::started;
  const auto newest = co_await around_.storage.newest_policy();
  if (!newest) co_return StartResult::failed;
  const std::string before = around_.in_force.now().rules.hash;
  const auto held = hold_newest(*newest);
  if (held != StartResult::started) co_return held;
  is_known_ = true;
  if (around_.in_force.now().rules.hash != before)
    co_await around_.conferences.adopt(around_.in_force.rules());
  co_return StartResult::started;
}

// `newest`: what the operator accepted last; nothing is known of it while storage cannot be read.
StartResult PolicyChanges::hold_newest(const std::optional<AcceptedPolicy>& newest) {
  const bool put_since = newest && newest->source == from_api &&
                         newest->files == around_.in_force.now().accepted.files;
  if (put_since && !hold_again(*newest)) return StartResult::misconfigured;
  if (!around_.sinks.learn(around_.in_force.now().rules)) {
    around_.log.error("start.policy_failed", {{"what", OperatorText{"too many purposes"}}});
    return StartResult::misconfigured;
  }
  hold_on(newest);
  const AcceptedPolicy& now = around_.in_force.now().accepted;
  around_.log.info("policy.in_force",
                   {{"policy", OperatorText{now.hash}}, {"source", OperatorText{now.source}}});
  return StartResult::started;
}

void PolicyChanges::hold_on(std::optional<AcceptedPolicy> newest) {
  HeldPolicy held = around_.in_force.now();
  if (newest && is_same_act(held.accepted, *newest)) {
    held.accepted = std::move(*newest);  // in force since then
    around_.in_force.replace(std::move(held));
  } else {
    unrecorded_ = std::move(held.accepted);
  }
}

// A policy that was PUT while the files were what they are now. It was accepted then; now it is
// held against an assent.yaml that may be another.
bool PolicyChanges::hold_again(const AcceptedPolicy& put) {
  Faults faults;
  auto loaded = policy_of_config(around_.config, put.texts, UndeclaredSinks::are_warnings,
                                 read_clocks().wall, faults);
  if (loaded && loaded->rules.hash != put.hash) {
    faults.add({put.hash, 0, 0, "", "the database has other texts under this hash", ""});
  }
  if (!loaded || !faults.empty()) {
    log_faults("start.policy_fault", faults);
    around_.log.error(
        "start.policy_failed",
        {{"what", OperatorText{"the policy that was PUT does not fit assent.yaml any more; mend "
                               "assent.yaml, or change the policy's files, which then hold"}}});
    return false;
  }
  HeldPolicy held = hold_files(std::move(*loaded), read_clocks().wall);
  held.accepted.source = put.source;
  held.accepted.by = put.by;
  held.accepted.files = put.files;
  around_.in_force.replace(std::move(held));
  around_.log.warning(
      "start.policy_was_put",
      {{"policy", OperatorText{put.hash}},
       {"by", OperatorText{put.by}},
       {"what", OperatorText{"this policy was PUT after the files were written, and holds; to "
                             "return to the files, change or PUT them"}}});
  return true;
}

// --- PUT /v1/policy ---

// Whoever reads apart holds the turn, so that what is in force stays what it is meanwhile.
asio::awaitable<Answered<HeldPolicy>> PolicyChanges::checked(PolicyProposal proposal,
                                                             std::string by) {
  const HeldPolicy& now = around_.in_force.now();
  if (proposal.expected && *proposal.expected != now.rules.hash) {
    co_return make_problem(ProblemType::superseded,
                           "The policy in force is " + now.rules.hash + ".", "/expected");
  }
  Faults faults;
  const PolicyTexts texts = amended(now.accepted.texts, std::move(proposal));
  auto loaded = co_await apart(reader_, [&] {
    return policy_of_config(around_.config, texts, UndeclaredSinks::are_warnings,
                            read_clocks().wall, faults);
  });
  if (!loaded) {
    auto problem = make_problem(ProblemType::faulty_policy,
                                "Nothing was changed. Mend all of `faults` and send it again.");
    problem.faults = faults.in_order();
    co_return problem;
  }
  HeldPolicy next = hold_files(std::move(*loaded), read_clocks().wall);
  next.accepted.source = from_api;
  next.accepted.by = std::move(by);
  next.accepted.files = now.accepted.files;
  co_return next;
}

asio::awaitable<PolicyReport> PolicyChanges::report_of(const HeldPolicy& next) {
  const HeldPolicy& now = around_.in_force.now();
  PolicyReport report;
  report.from = now.rules.hash;
  report.to = next.rules.hash;
  report.diff =
      co_await apart(reader_, [&] { return diff_of(now.accepted.texts, next.accepted.texts); });
  report.material = policy::material_change(now.rules, next.rules);
  report.warnings = warnings_of(next, read_clocks().wall);
  co_return report;
}

asio::awaitable<Answered<PolicyReport>> PolicyChanges::preview(PolicyProposal proposal) {
  const auto hold = co_await turn_.take();
  const auto next = co_await checked(std::move(proposal), {});
  if (!next) co_return next.error();
  if (auto exhausted = no_place_for(next->rules)) co_return *exhausted;
  PolicyReport report = co_await report_of(*next);
  report.effect = co_await around_.conferences.preview(next->rules);
  co_return report;
}

asio::awaitable<Answered<PolicyReport>> PolicyChanges::propose(PolicyProposal proposal,
                                                               std::string by) {
  const auto hold = co_await turn_.take();
  auto next = co_await checked(std::move(proposal), std::move(by));
  if (!next) {
    ++around_.totals.policy.refused;
    co_return next.error();
  }
  if (next->rules.hash == around_.in_force.now().rules.hash) co_return co_await report_of(*next);
  auto report = co_await put_in_force(std::move(*next));
  if (report && report->effect.unrecorded != 0) {
    co_return make_problem(
        ProblemType::not_recorded,
        "The policy is in force. In " + std::to_string(report->effect.unrecorded) +
            " rooms it suspended grants, which could not be recorded. See /readyz.");
  }
  co_return report;
}

std::optional<Problem> PolicyChanges::no_place_for(const policy::RuleBook& rules) const {
  if (around_.sinks.can_learn(rules)) return std::nullopt;
  return make_problem(ProblemType::exhausted,
                      "Since it started, the gateway has had as many purposes as it can tell "
                      "apart. Nothing was changed. Write the policy into its files and restart.");
}

asio::awaitable<Answered<PolicyReport>> PolicyChanges::put_in_force(HeldPolicy next) {
  if (auto exhausted = no_place_for(next.rules)) {
    ++around_.totals.policy.refused;
    co_return *exhausted;
  }
  if (!is_known_) {
    co_return make_problem(ProblemType::unavailable,
                           "Storage was not read yet, so it is not known which policy holds. "
                           "Nothing was changed. See /readyz.");
  }
  PolicyReport report = co_await report_of(next);
  const auto stored = co_await around_.storage.append(next.accepted);
  if (!stored) {
    ++around_.totals.policy.refused;
    co_return make_problem(ProblemType::not_recorded,
                           "The policy could not be recorded and is not in force (" +
                               std::string(to_string(stored.error())) +
                               "). See /readyz, mend the storage, and "
                               "repeat the request.");
  }
  const bool learned = around_.sinks.learn(next.rules);
  (void)learned;  // can_learn() said so
  around_.in_force.replace(std::move(next));
  ++around_.totals.policy.changes;
  if (report.from != report.to) {
    report.effect = co_await around_.conferences.adopt(around_.in_force.rules());
  }
  tell(report);
  co_return report;
}

void PolicyChanges::tell(const PolicyReport& report) const {
  const AcceptedPolicy& now = around_.in_force.now().accepted;
  around_.log.info("policy.in_force", {{"policy", OperatorText{now.hash}},
                                       {"before", OperatorText{report.from}},
                                       {"source", OperatorText{now.source}},
                                       {"by", OperatorText{now.by}},
                                       {"rooms", report.effect.rooms},
                                       {"grants_suspended", report.effect.on.grants_suspended},
                                       {"rooms_unrecorded", report.effect.unrecorded}});
  for (const std::string& warning : report.warnings)
    around_.log.warning("policy.warning", {{"what", OperatorText{warning}}});
  around_.publish(
      "policy", "",
      json::serialize(json::object{{"from", report.from},
                                   {"to", report.to},
                                   {"source", now.source},
                                   {"by", now.by},
                                   {"rooms", report.effect.rooms},
                                   {"grants_suspended", report.effect.on.grants_suspended}}));
}

// --- SIGHUP ---

asio::awaitable<void> PolicyChanges::reload() {
  const auto hold = co_await turn_.take();
  Faults faults;
  auto loaded = co_await apart(
      reader_, [&] { return policy_of_config(around_.config, read_clocks().wall, faults); });
  if (!loaded) {
    log_faults("policy.fault", faults);
    refuse_reload("the files have faults");
    co_return;
  }
  HeldPolicy next = hold_files(std::move(*loaded), read_clocks().wall);
  if (next.accepted.files == around_.in_force.now().accepted.files) {
    around_.totals.policy.reload_failed = false;
    around_.log.info("policy.reload_unchanged",
                     {{"policy", OperatorText{around_.in_force.now().rules.hash}},
                      {"what", OperatorText{"the files are what they were when they were last "
                                            "read; what is in force stays"}}});
    co_return;
  }
  const auto report = co_await put_in_force(std::move(next));
  around_.totals.policy.reload_failed = !report;
  if (!report) refuse_reload(report.error().detail);
}

void PolicyChanges::refuse_reload(std::string_view why) {
  around_.totals.policy.reload_failed = true;
  around_.log.error(
      "policy.reload_refused",
      {{"policy", OperatorText{around_.in_force.now().rules.hash}}, {"what", OperatorText{why}}});
}

void PolicyChanges::log_faults(LogWord event, const Faults& faults) const {
  for (const Fault& fault : faults.in_order()) {
    const std::string place =
        fault.file + ':' + std::to_string(fault.line) + ':' + std::to_string(fault.column);
    around_.log.error(event, {{"at", OperatorText{place}},
                              {"path", OperatorText{fault.path}},
                              {"what", OperatorText{fault.what}},
                              {"remedy", OperatorText{fault.remedy}}});
  }
}

asio::awaitable<void> PolicyChanges::settle() {
  const auto hold = co_await turn_.take();
}

}  // namespace assent::gateway

// What becomes known, and what is tightened, while a conference runs.
#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "gateway/conference.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

// Of one participant; far more than one person's country, account, number and addresses come to.
constexpr std::size_t evidence_max = 128;

bool same(const CdrJurisdiction& a, const CdrJurisdiction& b) {
  return a.kind == b.kind && a.code == b.code && a.evidence == b.evidence;
}

// Each once, in the order in which it became known.
std::vector<CdrJurisdiction> union_of(std::vector<CdrJurisdiction> known,
                                      const std::vector<CdrJurisdiction>& more) {
  for (const auto& entry : more) {
    const auto is_it = [&](const CdrJurisdiction& other) { return same(entry, other); };
    if (std::none_of(known.begin(), known.end(), is_it)) known.push_back(entry);
  }
  return known;
}

policy::ParticipantJoined changed(policy::ParticipantJoined who, const ParticipantChange& what,
                                  const policy::Tightening& layer) {
  auto& known = who.evidence;
  if (what.reevaluate) known.clear();
  for (const auto& entry : what.evidence) {
    const policy::JurisdictionEvidence hint{entry.kind, entry.code};
    if (std::find(known.begin(), known.end(), hint) == known.end()) known.push_back(hint);
  }
  who.minor = what.minor.value_or(who.minor);
  who.sale_opt_out = who.sale_opt_out || what.sale_opt_out;
  who.ciphertext_only = what.ciphertext_only.value_or(who.ciphertext_only);
  who.leg = policy::tightened(std::move(who.leg), layer);  // the event replaces it; it only grows
  return who;
}

bool about_places(const ParticipantChange& what) {
  return what.reevaluate || !what.evidence.empty();
}

// Of several, the one that says most.
CauseForClosing cause_of(const policy::ParticipantJoined& before,
                         const policy::ParticipantJoined& after, const ParticipantChange& what) {
  if (about_places(what)) return CauseForClosing::jurisdiction_change;
  return after.leg != before.leg ? CauseForClosing::policy_change
                                 : CauseForClosing::participant_change;
}

// What leads from the one to the other. What is known already is no event.
std::vector<policy::Event> events_between(const policy::ParticipantJoined& before,
                                          const policy::ParticipantJoined& after,
                                          bool reevaluated) {
  const std::string& id = after.participant;
  std::vector<policy::Event> events;
  if (reevaluated) {
    events.emplace_back(policy::JurisdictionsReevaluated{id, after.evidence});
  } else {
    for (std::size_t i = before.evidence.size(); i < after.evidence.size(); ++i)
      events.emplace_back(policy::JurisdictionAdded{id, after.evidence[i]});
  }
  if (after.minor != before.minor) events.emplace_back(policy::MinorStated{id, after.minor});
  if (after.sale_opt_out != before.sale_opt_out) events.emplace_back(policy::SaleOptedOut{id});
  if (after.ciphertext_only != before.ciphertext_only) {
    events.emplace_back(policy::CiphertextStated{id, after.ciphertext_only});
  }
  if (after.leg != before.leg) events.emplace_back(policy::LegTightened{id, after.leg});
  return events;
}

bool may_permit(const policy::ParticipantJoined& before, const policy::ParticipantJoined& after,
                bool reevaluated) {
  return reevaluated || (after.minor != before.minor && after.minor == policy::Minor::no) ||
         (before.ciphertext_only && !after.ciphertext_only);
}

}  // namespace

// Events about somebody who is there: none of them is refused. Of several decisions about one
// pair only the last counts, so that nothing opens for a moment in between.
policy::Decisions Conference::take_together(WallTime now,
                                            const std::vector<policy::Event>& events) {
  policy::Decisions all;
  std::map<std::pair<std::string, std::string>, policy::Decision> latest;
  for (const auto& event : events) {
    auto taken = take(now, event).value();
    all.epoch = taken.epoch;
    std::move(taken.consents.begin(), taken.consents.end(), std::back_inserter(all.consents));
    std::move(taken.went_on_without.begin(), taken.went_on_without.end(),
              std::back_inserter(all.went_on_without));
    for (auto& decision : taken.changed) {
      std::pair pair{decision.participant, decision.sink};
      latest.insert_or_assign(std::move(pair), std::move(decision));
    }
  }
  for (auto& [pair, decision] : latest)
    all.changed.push_back(std::move(decision));
  return all;
}

asio::awaitable<Answered<void>> Conference::store(std::vector<Record> records,
                                                  std::string_view otherwise) {
  const auto stored = co_await store(std::move(records));
  if (!stored) co_return not_recorded(stored.error(), otherwise);
  co_return Answered<void>{};
}

asio::awaitable<Answered<void>> Conference::change(std::string participant,
                                                   ParticipantChange what) {
  const auto hold = co_await turn_.take();
  const auto found = find(participant);
  if (!found) co_return found.error();
  Participant& who = **found;
  Cdr& cdr = who.record.cdr();
  auto known =
      union_of(what.reevaluate ? std::vector<CdrJurisdiction>{} : cdr.jurisdictions, what.evidence);
  if (known.size() > evidence_max) {
    co_return make_problem(ProblemType::conflict,
                           "So much is known of where this participant is that no more can be "
                           "added. Give all of it again, with \"reevaluate\": true.",
                           "/jurisdictions");
  }
  const auto layer =
      judge_layer(what.layer, policy_.rules(), policy::tightened(layers_of_all(), who.who.leg));
  if (!layer) co_return layer.error();
  const auto after = changed(who.who, what, *layer);
  const auto cause = cause_of(who.who, after, what);
  if (about_places(what)) {
    // What passed until now, passed from where the person was known to be.
    std::vector<Participant*> alone(1, &who);
    co_await settle(std::move(alone));
    count_transfers(who);
  }
  // What permits is durable before it is effective.
  const bool durable_first = may_permit(who.who, after, what.reevaluate);
  const auto earlier = std::make_tuple(cdr.jurisdictions, cdr.minor);
  cdr.jurisdictions = std::move(known);
  cdr.minor = after.minor;
  if (durable_first) {
    std::vector<Record> records;
    records.emplace_back(entry_of(who, CdrKind::interim, cause));
    const auto stored =
        co_await store(std::move(records), "The change could not be recorded and is not in effect");
    if (!stored) {
      std::tie(cdr.jurisdictions, cdr.minor) = earlier;
      co_return stored.error();
    }
  }
  auto decisions =
      take_together(read_clocks().wall, events_between(who.who, after, what.reevaluate));
  who.who = after;
  if (about_places(what)) report_unlawful(who, unlawful_ways(who));
  auto records = journal(decisions);
  co_await enforce(std::move(decisions), cause);
  if (durable_first) {
    if (!records.empty()) record_later(std::move(records));
    co_return Answered<void>{};
  }
  records.emplace_back(entry_of(who, CdrKind::interim, cause));
  co_return co_await store(std::move(records),
                           "The change is in effect, but could not be recorded");
}

const policy::Tightening& Conference::tenant_layer() const {
  static const policy::Tightening none;
  const auto found = policy_.rules().tenants.find(identity_.tenant);
  return found == policy_.rules().tenants.end() ? none : found->second;
}

policy::Tightening Conference::layers_of_all() const {
  return policy::tightened(tenant_layer(), room_layer_);
}

asio::awaitable<Answered<void>> Conference::tighten(PolicyLayer layer) {
  const auto hold = co_await turn_.take();
  if (closed_) co_return make_problem(ProblemType::not_found, "The room was closed.");
  const auto judged = judge_layer(layer, policy_.rules(), layers_of_all());
  if (!judged) co_return judged.error();
  // The event replaces the layer; it only ever grows.
  auto grown = policy::tightened(room_layer_, *judged);
  const auto now = read_clocks().wall;
  auto decisions = take(now, policy::RoomTightened{grown});
  if (!decisions) co_return decisions.error();
  room_layer_ = std::move(grown);
  auto records = journal(*decisions);  // grants to a notice that is not specific enough any more
  co_await enforce(std::move(*decisions), CauseForClosing::policy_change);
  records.emplace_back(room_entry(CdrKind::interim, CauseForClosing::policy_change));
  co_return co_await store(std::move(records), "The layer is in effect, but could not be recorded");
}

// The policy's own check, ahead of the event: that one cannot be taken back if storage fails.
Answered<void> Conference::check_notice(const Participant& participant,
                                        const policy::NoticeGiven& notice) const {
  const auto purpose = policy_.rules().purposes.find(notice.purpose);
  if (purpose == policy_.rules().purposes.end()) {
    return make_problem(ProblemType::not_found, "The policy declares no such purpose.");
  }
  const auto layers = policy::tightened(layers_of_all(), participant.who.leg);
  const auto layer = layers.purposes.find(notice.purpose);
  const bool specific = layer != layers.purposes.end() && !layer->second.notice.empty();
  const auto fit = policy::check_notice(
      policy_.rules(), specific ? layer->second.notice : purpose->second.notice, notice.notice);
  if (!fit) return problem_of(fit.error());
  return {};
}

asio::awaitable<Answered<void>> Conference::give_notice(policy::NoticeGiven notice) {
  const auto hold = co_await turn_.take();
  const auto found = find(notice.participant);
  if (!found) co_return found.error();
  const auto fit = check_notice(**found, notice);
  if (!fit) co_return fit.error();
  // It may permit: durable before it is effective.
  std::vector<Record> records;
  records.emplace_back(notice_record(**found, notice));
  const auto stored =
      co_await store(std::move(records), "The notice could not be recorded and is not in effect");
  if (!stored) co_return stored.error();
  auto decisions = take(read_clocks().wall, notice);
  if (!decisions) co_return decisions.error();
  journal_later(*decisions);
  co_await enforce(std::move(*decisions), CauseForClosing::consent_change);
  co_return Answered<void>{};
}

}  // namespace assent::gateway

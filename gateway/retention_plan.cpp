#include "gateway/retention_plan.hpp"

#include <algorithm>

#include "gateway/pseudonym.hpp"
#include "policy/release.hpp"

namespace assent::gateway {
namespace {

const policy::Retention* retention_of(const policy::RuleBook& rules, std::string_view category) {
  const auto found = rules.categories.find(category);
  return found == rules.categories.end() ? nullptr : &found->second.retention;
}

RowsGo way_of(policy::Disposal then) {
  return then == policy::Disposal::destroy ? RowsGo::destroyed : RowsGo::renamed;
}

void add(DueLines& lines, std::string_view category, const std::string& what, policy::Disposal then,
         std::size_t rows, WallTime due) {
  DueLine& line = lines[std::string(category) + ' ' + what];
  line.category = category;
  line.what = what;
  line.then = then;
  line.rows += rows;
  line.oldest_due = std::min(line.oldest_due, due);
  line.newest_due = std::max(line.newest_due, due);
}

// When these rows are due; nothing while they are not, or when there are none.
std::optional<WallTime> due_at(const policy::Retention* retention, const KeptRows& rows,
                               std::optional<WallTime> contract_end, WallTime now) {
  if (retention == nullptr || rows.rows == 0) return std::nullopt;
  const auto until = policy::retained_until(*retention, rows.newest, contract_end);
  return until && *until <= now ? until : std::nullopt;
}

bool is_destroyed(const policy::Retention* retention) {
  return retention != nullptr && retention->then == policy::Disposal::destroy;
}

// What is about nobody in particular waits for no contract.
bool is_past_minimum(const policy::Retention& retention, const KeptRows& rows, WallTime now) {
  return rows.rows != 0 && rows.newest + retention.legal_minimum <= now;
}

class Planner {
 public:
  Planner(const HoldingKept& kept, const policy::RuleBook& rules, const ContractEnds& ends,
          WallTime now, DueLines& lines)
      : kept_{kept}, rules_{rules}, ends_{ends}, now_{now}, lines_{lines} {}

  HoldingDisposal plan() {
    HoldingDisposal disposal;
    disposal.session = kept_.session;
    disposal.room = kept_.room;
    for (const auto& person : kept_.persons)
      if (auto of = of_person(person)) disposal.persons.push_back(*std::move(of));
    for (const auto& recording : kept_.recordings)
      if (is_due(recording)) disposal.recordings.push_back(recording);
    const auto* const consents = retention_of(rules_, consents_category);
    disposal.all_events = named_events_ == 0 && is_destroyed(consents) &&
                          is_past_minimum(*consents, kept_.events, now_);
    // The room's own records go last: by them a holding of which something is kept is found again.
    const bool rest_goes =
        named_events_ == 0 && disposal.recordings.size() == kept_.recordings.size() &&
        (kept_.events.rows == 0 || disposal.all_events || !is_destroyed(consents));
    const auto* const records = retention_of(rules_, policy::call_records_category);
    disposal.all_records = rest_goes && named_records_ == 0 && is_destroyed(records) &&
                           is_past_minimum(*records, kept_.records, now_);
    add_rest(disposal);
    return disposal;
  }

 private:
  std::optional<PersonDisposal> of_person(const PersonKept& person) {
    const auto end = ends_.of(person.subject, kept_.tenant);
    PersonDisposal of{person.participant, person.subject, RowsGo::stay, RowsGo::stay};
    const auto* const records = retention_of(rules_, policy::call_records_category);
    if (const auto due = due_at(records, person.records, end, now_)) {
      of.records = way_of(records->then);
      add(lines_, policy::call_records_category, "call detail records", records->then,
          person.records.rows, *due);
    } else {
      named_records_ += person.records.rows;
    }
    const auto* const consents = retention_of(rules_, consents_category);
    const KeptRows both{person.statements.rows + person.events.rows,
                        std::max(person.statements.newest, person.events.newest)};
    if (const auto due = due_at(consents, both, end, now_)) {
      of.statements = way_of(consents->then);
      add(lines_, consents_category, "consents, receipts and events", consents->then, both.rows,
          *due);
    } else {
      named_events_ += both.rows;
    }
    const bool stays = of.records == RowsGo::stay && of.statements == RowsGo::stay;
    if (stays) return std::nullopt;
    return of;
  }

  // The rows that name nobody, and go with the last that did.
  void add_rest(const HoldingDisposal& disposal) {
    std::size_t records = kept_.records.rows;
    std::size_t events = kept_.events.rows;
    for (const auto& person : kept_.persons) {
      records -= std::min(records, person.records.rows);
      events -= std::min(events, person.events.rows);
    }
    if (disposal.all_records && records != 0)
      add(lines_, policy::call_records_category, "call detail records of rooms",
          policy::Disposal::destroy, records, kept_.records.newest);
    if (disposal.all_events && events != 0)
      add(lines_, consents_category, "events of rooms", policy::Disposal::destroy, events,
          kept_.events.newest);
  }

  bool is_due(const ClosedRecording& recording) {
    const auto purpose = rules_.purposes.find(recording.purpose);
    const std::string category = purpose == rules_.purposes.end()  // the policy forgot it
                                     ? std::string(policy::call_records_category)
                                     : purpose->second.category;
    const auto* const retention = retention_of(rules_, category);
    const auto due =
        due_at(retention, {1, recording.at}, ends_.of(recording.subject, kept_.tenant), now_);
    if (due) add(lines_, category, "recordings (files)", policy::Disposal::destroy, 1, *due);
    return due.has_value();
  }

  const HoldingKept& kept_;
  const policy::RuleBook& rules_;
  const ContractEnds& ends_;
  WallTime now_;
  DueLines& lines_;
  std::size_t named_records_ = 0;  // that stay
  std::size_t named_events_ = 0;
};

}  // namespace

std::optional<WallTime> ContractEnds::of(std::string_view subject, std::string_view tenant) const {
  // Who was erased has no contract that anything could wait for.
  if (subject == erased_subject || is_pseudonym(subject)) return WallTime::min();
  const auto own = subjects.find(subject);
  if (own != subjects.end()) return own->second;
  const auto of_tenant = tenants.find(tenant);
  if (of_tenant != tenants.end()) return of_tenant->second;
  return std::nullopt;
}

HoldingDisposal due_in(const HoldingKept& kept, const policy::RuleBook& rules,
                       const ContractEnds& ends, WallTime now, DueLines& lines) {
  return Planner{kept, rules, ends, now, lines}.plan();
}

}  // namespace assent::gateway

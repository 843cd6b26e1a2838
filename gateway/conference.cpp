#include "gateway/conference.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <utility>

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

// On the worker: makes a pair of legs as agreed; gives their ids.
std::array<media::LegId, 2> apply_change(MediaPath& path, LegChange& change) {
  std::array<media::LegId, 2> ids{change.legs[0].value_or(media::LegId{}),
                                  change.legs[1].value_or(media::LegId{})};
  for (std::size_t side = 0; side < ids.size(); ++side) {
    switch (change.what) {
      case LegChange::What::add:
        ids[side] = path.add_leg(std::move(*change.configs[side]), std::move(*change.ports[side]));
        break;
      case LegChange::What::reconfigure:
        path.relay().reconfigure_leg(ids[side], std::move(*change.configs[side]));
        break;
      case LegChange::What::remove:
        path.remove_leg(ids[side]);
        break;
    }
  }
  if (change.what == LegChange::What::add) path.relay().connect(ids[0], ids[1]);
  return ids;
}

Problem not_recorded(StorageError error, std::string_view effect) {
  return make_problem(ProblemType::not_recorded,
                      std::string(effect) + " (" + std::string(to_string(error)) +
                          "). See /readyz, mend the storage, and repeat the request.");
}

}  // namespace

Problem problem_of(const policy::Refusal& refusal) {
  using enum policy::RefusalCode;
  ProblemType type = ProblemType::refused_by_policy;
  switch (refusal.code) {
    case participant_unknown:
    case purpose_unknown:
    case sink_unknown:
    case purpose_not_started:
      type = ProblemType::not_found;
      break;
    case participant_present:
      type = ProblemType::conflict;
      break;
    case statement_older:
    case statement_replayed:
      type = ProblemType::superseded;
      break;
    case limit_reached:
      type = ProblemType::exhausted;
      break;
    default:
      break;
  }
  return make_problem(type, std::string(sentence(refusal.code)), refusal.field);
}

Conference::Conference(const asio::any_io_executor& executor, ConferenceServices& services,
                       MediaWorker& worker, Identity identity)
    : services_{services},
      worker_{worker},
      identity_{std::move(identity)},
      policy_{identity_.room, services.rules},
      turn_{executor},
      timer_{executor},
      room_record_{Cdr{}} {}

Answered<policy::Decisions> Conference::take(WallTime now, const policy::Event& event) {
  policy::Decisions decisions;
  const auto taken = policy_.handle(now, event, decisions);
  if (!taken) return problem_of(taken.error());
  return decisions;
}

asio::awaitable<Answered<void>> Conference::open() {
  const auto hold = co_await turn_.take();
  const auto clocks = read_clocks();
  if (!identity_.tenant.empty()) {
    const auto taken = take(clocks.wall, policy::TenantSet{identity_.tenant});
    if (!taken) co_return taken.error();
  }
  Cdr& cdr = room_record_.cdr();
  cdr.session = identity_.session;
  cdr.room = identity_.room;
  cdr.tenant = identity_.tenant;
  cdr.opened = clocks.wall;
  cdr.policy_hash = policy_.rules().hash;
  record_later(to_entry(room_record_.next(CdrKind::start, std::nullopt, clocks.wall)));
  next_interim_ = clocks.steady + services_.interim_period;
  asio::co_spawn(
      timer_.get_executor(),
      [self = shared_from_this()]() -> asio::awaitable<void> { co_await self->keep_time(); },
      asio::detached);
  co_return Answered<void>{};
}

asio::awaitable<void> Conference::close(CauseForClosing cause) {
  const auto hold = co_await turn_.take();
  if (closed_) co_return;
  closed_ = true;
  timer_.cancel();
  while (!participants_.empty()) {
    const auto parted = co_await part(*participants_.begin()->second, cause);
    (void)parted;  // what leaves is never refused
  }
  record_later(to_entry(room_record_.next(CdrKind::stop, cause, read_clocks().wall)));
}

asio::awaitable<Answered<void>> Conference::join(JoinRequest request) {
  const auto hold = co_await turn_.take();
  if (closed_) co_return make_problem(ProblemType::not_found, "The room was closed.");
  const auto clocks = read_clocks();
  auto decisions = take(clocks.wall, request.who);
  if (!decisions) co_return decisions.error();

  const auto add = [room = identity_.key](MediaPath& path) {
    return path.relay().add_source(room);
  };
  const media::SourceId source = co_await worker_.run(add);
  const std::string id = request.who.participant;
  CallLegs legs{services_.ports, services_.addresses, services_.toward_server, services_.entropy};
  auto opening = opening_record(request);
  auto& participant = *(participants_[id] = std::make_unique<Participant>(
                            std::move(request.who), source, std::move(legs), std::move(opening)));
  participant.language = std::move(request.language);
  participant.latching = request.latching;

  std::vector<media::SinkId> running;
  for (const auto& [purpose, sinks] : running_) {
    running.insert(running.end(), sinks.begin(), sinks.end());
  }
  std::vector<Participant*> joiner(1, &participant);
  co_await attach_routes(std::move(joiner), std::move(running));
  record_later(entry_of(participant, CdrKind::start, std::nullopt));
  co_await enforce(std::move(*decisions), CauseForClosing::sink_change);
  co_return Answered<void>{};
}

asio::awaitable<Answered<void>> Conference::leave(std::string participant, CauseForClosing cause) {
  const auto hold = co_await turn_.take();
  const auto found = find(participant);
  if (!found) co_return found.error();
  const auto parted = co_await part(**found, cause);
  co_return parted;
}

asio::awaitable<Answered<void>> Conference::part(Participant& participant, CauseForClosing cause) {
  const auto clocks = read_clocks();
  const auto consents = consents_of(participant);  // as they stood
  auto decisions = take(clocks.wall, policy::ParticipantLeft{participant.id});
  if (!decisions) co_return decisions.error();
  co_await enforce(std::move(*decisions), CauseForClosing::sink_change);
  std::vector<Participant*> leaver(1, &participant);
  co_await settle(std::move(leaver));
  auto last = participant.record.next(CdrKind::stop, cause, read_clocks().wall);
  last.consents = consents;
  record_later(to_entry(last));
  const auto remove = [source = participant.source](MediaPath& path) {
    path.remove_source(source);
    return true;
  };
  co_await worker_.run(remove);
  participants_.erase(participants_.find(participant.id));
  co_return Answered<void>{};
}

asio::awaitable<Answered<std::string>> Conference::offer(std::string participant, media::Side from,
                                                         std::string sdp,
                                                         std::optional<media::Profile> toward) {
  const auto hold = co_await turn_.take();
  const auto found = find(participant);
  if (!found) co_return found.error();
  co_return (*found)->legs.offer(from, sdp, toward);
}

asio::awaitable<Answered<void>> Conference::roll_back_offer(std::string participant) {
  const auto hold = co_await turn_.take();
  const auto found = find(participant);
  if (!found) co_return found.error();
  if (!(*found)->legs.roll_back()) {
    co_return make_problem(ProblemType::not_found, "No offer waits for its answer.");
  }
  co_return Answered<void>{};
}

asio::awaitable<Answered<std::string>> Conference::answer(std::string participant,
                                                          std::string sdp) {
  const auto hold = co_await turn_.take();
  const auto found = find(participant);
  if (!found) co_return found.error();
  Participant& who = **found;
  auto written = who.legs.answer(sdp);
  if (!written) co_return written;

  std::vector<Participant*> alone(1, &who);
  co_await settle(std::move(alone));  // before legs go
  for (auto& change : who.legs.changes(who.source, who.latching)) {
    const auto section = change.section;
    const auto what = change.what;
    const auto media = change.media;
    const auto transports = change.transports;
    const auto before = change.legs;
    auto moved = std::make_unique<LegChange>(std::move(change));
    const auto apply = [&moved](MediaPath& path) { return apply_change(path, *moved); };
    const auto pair = co_await worker_.run(apply);
    if (what == LegChange::What::add) {
      who.legs.added(section, pair[0], pair[1]);
      who.record.add_leg(pair[0], media::Side::client, media, transports[0]);
      who.record.add_leg(pair[1], media::Side::server, media, transports[1]);
    } else if (what == LegChange::What::remove) {
      who.record.remove_leg(*before[0]);
      who.record.remove_leg(*before[1]);
      who.legs.removed(section);
    }
  }
  record_later(entry_of(who, CdrKind::interim, CauseForClosing::leg_change));
  co_return written;
}

asio::awaitable<Answered<ConsentOutcome>> Conference::state_consent(
    policy::ConsentStated statement) {
  const auto hold = co_await turn_.take();
  const auto now = read_clocks().wall;
  auto decisions = take(now, statement);
  if (!decisions) co_return decisions.error();
  const auto giver = statement.statement.giver;

  if (statement.statement.answer == policy::Answer::refused) {
    auto records = journal(*decisions);
    auto cut = co_await enforce(std::move(*decisions), CauseForClosing::consent_change);
    const auto stored = co_await services_.storage.append(std::move(records));
    if (!stored) {
      co_return not_recorded(stored.error(), "The refusal is in effect, but could not be recorded");
    }
    auto result = outcome(statement.participant, statement.purpose, giver);
    result.cut = std::move(cut);
    co_return result;
  }

  const auto stored = co_await services_.storage.append(journal(*decisions));
  if (!stored) {
    // Nobody has acted on it yet. It must not stand for the next event to act on.
    auto undone = take(now, policy::ConsentInvalidated{statement.participant, statement.purpose});
    if (undone) co_await enforce(std::move(*undone), CauseForClosing::consent_change);
    co_return not_recorded(stored.error(),
                           "The consent could not be recorded and is not in effect");
  }
  co_await enforce(std::move(*decisions), CauseForClosing::consent_change);
  co_return outcome(statement.participant, statement.purpose, giver);
}

asio::awaitable<Answered<ConsentOutcome>> Conference::withdraw(
    policy::ConsentWithdrawn withdrawal) {
  const auto asked = std::chrono::steady_clock::now();
  const auto hold = co_await turn_.take();
  auto decisions = take(read_clocks().wall, withdrawal);
  if (!decisions) co_return decisions.error();
  auto records = journal(*decisions);
  auto cut = co_await enforce(std::move(*decisions), CauseForClosing::consent_change);
  const auto stored = co_await services_.storage.append(std::move(records));
  if (!stored) {
    co_return not_recorded(stored.error(),
                           "The withdrawal is in effect, but could not be recorded");
  }
  services_.totals.withdrawals.observe(std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - asked));
  auto result = outcome(withdrawal.participant, withdrawal.purpose, withdrawal.giver);
  std::erase_if(cut, [&](const SinkCut& mark) {
    const auto sinks = running_.find(withdrawal.purpose);
    return sinks == running_.end() ||
           std::none_of(sinks->second.begin(), sinks->second.end(), [&](media::SinkId sink) {
             return services_.sinks.name(sink) == mark.sink;
           });
  });
  result.cut = std::move(cut);
  co_return result;
}

asio::awaitable<Answered<void>> Conference::start_purpose(policy::PurposeStarted start) {
  const auto hold = co_await turn_.take();
  if (closed_) co_return make_problem(ProblemType::not_found, "The room was closed.");
  auto places = places_of(start);
  if (!places) co_return places.error();
  const std::string purpose = start.purpose;
  auto decisions = take(read_clocks().wall, std::move(start));
  if (!decisions) co_return decisions.error();

  const auto before = std::exchange(running_[purpose], *places);
  std::vector<media::SinkId> opened;
  std::vector<media::SinkId> gone;
  std::set_difference(places->begin(), places->end(), before.begin(), before.end(),
                      std::back_inserter(opened));
  std::set_difference(before.begin(), before.end(), places->begin(), places->end(),
                      std::back_inserter(gone));
  std::vector<Participant*> everybody;
  for (auto& [id, participant] : participants_)
    everybody.push_back(participant.get());
  co_await attach_routes(everybody, opened);
  co_await enforce(std::move(*decisions), CauseForClosing::sink_change);
  co_await detach_routes(gone);
  co_return Answered<void>{};
}

asio::awaitable<Answered<void>> Conference::stop_purpose(std::string purpose) {
  const auto hold = co_await turn_.take();
  auto decisions = take(read_clocks().wall, policy::PurposeStopped{purpose});
  if (!decisions) co_return decisions.error();
  co_await enforce(std::move(*decisions), CauseForClosing::sink_change);
  auto gone = std::exchange(running_[purpose], {});
  running_.erase(purpose);
  co_await detach_routes(std::move(gone));
  co_return Answered<void>{};
}

Answered<std::vector<media::SinkId>> Conference::places_of(policy::PurposeStarted& start) const {
  std::vector<std::string> names = start.sinks;
  if (start.by == policy::By::server) names = {policy::server_sink(start.purpose)};
  if (start.by == policy::By::sinks && names.empty()) {
    for (const auto& [name, sink] : policy_.rules().sinks) {
      if (sink.purpose == start.purpose && services_.sinks.find(name)) names.push_back(name);
    }
    start.sinks = names;
  }
  std::vector<media::SinkId> places;
  for (const auto& name : names) {
    const auto place = services_.sinks.find(name);
    if (!place) {
      return make_problem(ProblemType::invalid_value,
                          "The sink has no transport: add it under `sinks:` in assent.yaml.",
                          "/sinks");
    }
    places.push_back(*place);
  }
  if (places.empty()) {
    return make_problem(ProblemType::invalid_value,
                        "No sink of this purpose is both declared in the policy and placed under "
                        "`sinks:` in assent.yaml.",
                        "/sinks");
  }
  std::sort(places.begin(), places.end());
  return places;
}

Answered<Conference::Participant*> Conference::find(std::string_view participant) {
  const auto found = participants_.find(participant);
  if (closed_ || found == participants_.end()) {
    return make_problem(ProblemType::not_found, "No such participant in this room.");
  }
  return found->second.get();
}

std::vector<std::string> Conference::participants() const {
  std::vector<std::string> ids;
  for (const auto& [id, participant] : participants_)
    ids.push_back(id);
  return ids;
}

std::string_view Conference::language(std::string_view participant) const {
  const auto found = participants_.find(participant);
  return found == participants_.end() ? std::string_view{} : found->second->language;
}

std::vector<std::string> Conference::purposes() const {
  std::vector<std::string> names;
  for (const auto& [purpose, sinks] : running_)
    names.push_back(purpose);
  return names;
}

ConsentOutcome Conference::outcome(std::string_view participant, std::string_view purpose,
                                   policy::Giver giver) const {
  ConsentOutcome result;
  if (const auto* consent = policy_.consent(participant, purpose, giver)) {
    result.state = consent->state;
    result.epoch = consent->epoch;
    result.at = consent->changed_at;
  }
  result.decisions = policy_.decisions_for_purpose(participant, purpose);
  return result;
}

asio::awaitable<void> Conference::keep_time() {
  while (!closed_) {
    auto next = next_interim_;
    if (const auto timeout = policy_.next_timeout()) {
      next = std::min(next, read_clocks().steady_of(*timeout));
    }
    timer_.expires_at(next);
    boost::system::error_code cancelled;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (!closed_) co_await pass_time();
  }
}

// Housekeeping: what the packet gate has done by its deadlines already is recorded and told.
asio::awaitable<void> Conference::pass_time() {
  const auto hold = co_await turn_.take();
  if (closed_) co_return;
  const auto clocks = read_clocks();
  if (auto decisions = take(clocks.wall, policy::TimePassed{})) {
    auto records = journal(*decisions);
    co_await enforce(std::move(*decisions), CauseForClosing::consent_change);
    if (!records.empty()) record_later(std::move(records));
  }
  if (clocks.steady < next_interim_) co_return;
  next_interim_ = clocks.steady + services_.interim_period;
  std::vector<Participant*> everybody;
  for (auto& [id, participant] : participants_)
    everybody.push_back(participant.get());
  co_await settle(everybody);
  std::vector<Record> records;
  for (Participant* participant : everybody) {
    records.push_back(entry_of(*participant, CdrKind::interim, CauseForClosing::period));
  }
  if (!records.empty()) record_later(std::move(records));
}

}  // namespace assent::gateway

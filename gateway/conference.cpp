#include "gateway/conference.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <iterator>
#include <utility>

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

// On the worker: makes the legs as agreed; gives their ids, by change.
std::vector<media::LegId> apply_changes(MediaPath& path, LegChanges& agreed) {
  std::vector<media::LegId> ids;
  for (auto& change : agreed.changes) {
    media::LegId id = change.leg.value_or(media::LegId{});
    switch (change.what) {
      case LegChange::What::add:
        id = path.add_leg(std::move(*change.config), std::move(change.ports));
        break;
      case LegChange::What::reconfigure:
        path.reconfigure_leg(id, std::move(*change.config));
        path.relay().disconnect(id);
        break;
      case LegChange::What::remove:
        path.remove_leg(std::chrono::steady_clock::now(), id);
        break;
    }
    ids.push_back(id);
  }
  for (const auto& pair : agreed.pairs) {
    media::LegLink ends[2];
    for (const auto side : {media::Side::client, media::Side::server}) {
      const auto at = static_cast<std::size_t>(side);
      ends[at].section = static_cast<media::SectionId>(pair.section);
      if (pair.legs[at]) ends[at].leg = *pair.legs[at];
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto& change = agreed.changes[i];
        const bool is_new = change.what == LegChange::What::add && change.side == side;
        if (is_new && change.carrier == pair.carriers[at]) ends[at].leg = ids[i];
      }
    }
    path.relay().connect(ends[0], ends[1]);
  }
  return ids;
}

// For as long as nothing can be recorded because the ledger is not to be trusted.
policy::Tightening everything_prohibited(const policy::RuleBook& rules) {
  policy::Tightening layer;
  for (const auto& [purpose, unused] : rules.purposes)
    layer.purposes[purpose].prohibit = true;
  return layer;
}

// Moves out what restricts: closings, and consents that are no grant.
policy::Decisions take_restricting(policy::Decisions& decisions) {
  policy::Decisions restricting;
  restricting.epoch = decisions.epoch;
  const auto move_if = [](auto& from, auto& to, auto restricts) {
    const auto rest = std::stable_partition(from.begin(), from.end(),
                                            [&](const auto& entry) { return !restricts(entry); });
    to.assign(std::make_move_iterator(rest), std::make_move_iterator(from.end()));
    from.erase(rest, from.end());
  };
  move_if(decisions.changed, restricting.changed,
          [](const policy::Decision& decision) { return !decision.permitted; });
  move_if(decisions.consents, restricting.consents, [](const policy::ConsentChange& change) {
    return change.state != policy::ConsentState::granted;
  });
  return restricting;
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

Problem not_recorded(StorageError error, std::string_view effect) {
  return make_problem(ProblemType::not_recorded,
                      std::string(effect) + " (" + std::string(to_string(error)) +
                          "). See /readyz, mend the storage, and repeat the request.");
}

Conference::Conference(const asio::any_io_executor& executor, ConferenceServices& services,
                       MediaWorker& worker, Identity identity)
    : services_{services},
      worker_{worker},
      identity_{std::move(identity)},
      rules_{services.policy.rules()},
      paths_{paths_under(*rules_, services.places)},
      policy_{identity_.room, *rules_},
      events_{identity_.session, identity_.room},
      turn_{executor},
      timer_{executor},
      room_record_{Cdr{}} {
  services_.entropy(pseudonym_key_);
}

Answered<policy::Decisions> Conference::take(WallTime now, const policy::Event& event) {
  policy::Decisions decisions;
  const auto taken = policy_.handle(now, event, decisions);
  if (!taken) return problem_of(taken.error());
  const bool only_time = std::holds_alternative<policy::TimePassed>(event);
  if (!only_time || !decisions.changed.empty() || !decisions.consents.empty()) note(now, event);
  return decisions;
}

asio::awaitable<Answered<void>> Conference::open() {
  const auto hold = co_await turn_.take();
  const auto clocks = read_clocks();
  note(clocks.wall, policy::RulesChanged{&policy_.rules()});  // what it begins under
  if (!identity_.tenant.empty()) {
    const auto taken = take(clocks.wall, policy::TenantSet{identity_.tenant});
    if (!taken) {
      closed_ = true;
      co_return taken.error();
    }
  }
  auto layer = identity_.layer;
  if (services_.storage.health().ledger_refused) {
    layer = policy::tightened(layer, everything_prohibited(policy_.rules()));
    distrusted_ = true;
  }
  if (layer != policy::Tightening{}) {
    const auto taken = take(clocks.wall, policy::RoomTightened{layer});
    if (!taken) {
      closed_ = true;
      co_return taken.error();
    }
    room_layer_ = std::move(layer);
  }
  Cdr& cdr = room_record_.cdr();
  cdr.session = identity_.session;
  cdr.room = identity_.room;
  cdr.tenant = identity_.tenant;
  cdr.opened = clocks.wall;
  record_later(room_entry(CdrKind::start, std::nullopt));
  next_interim_ = clocks.steady + services_.interim_period;
  asio::co_spawn(
      timer_.get_executor(),
      [self = shared_from_this()]() -> asio::awaitable<void> { co_await self->keep_time(); },
      asio::detached);
  co_return Answered<void>{};
}

asio::awaitable<void> Conference::close(CauseForClosing cause) {
  const auto hold = co_await turn_.take();
  if (!closed_) co_await close_in_turn(cause);
}

asio::awaitable<void> Conference::close_in_turn(CauseForClosing cause) {
  closed_ = true;
  timer_.cancel();
  while (!participants_.empty()) {
    const auto parted = co_await part(*participants_.begin()->second, cause);
    (void)parted;  // what leaves is never refused
  }
  record_events_later();
  record_later(room_entry(CdrKind::stop, cause));
}

asio::awaitable<Answered<void>> Conference::join(JoinRequest request) {
  const auto hold = co_await turn_.take();
  if (closed_) co_return make_problem(ProblemType::not_found, "The room was closed.");
  const auto may_come = check_not_erased(request.who);
  if (!may_come) co_return may_come.error();
  auto leg = judge_layer(request.layer, policy_.rules(), layers_of_all());
  if (!leg) co_return leg.error();
  request.who.leg = std::move(*leg);
  const auto clocks = read_clocks();
  auto decisions = take(clocks.wall, request.who);
  if (!decisions) co_return decisions.error();
  journal_later(*decisions);

  const auto add = [this](MediaPath& path) {
    const auto added = path.relay().add_source(identity_.key);
    for (const auto& [server_purpose, what] : withheld_audio_)
      path.relay().set_withheld_audio(added, server_purpose, what);
    return added;
  };
  const media::SourceId source = co_await worker_.run(add);
  const std::string id = request.who.participant;
  CallRecord opening{opening_record(request), last_record_of_[id]};
  auto& participant = *(participants_[id] = std::make_unique<Participant>(
                            std::move(request.who), source, std::move(opening)));
  participant.language = std::move(request.language);
  participant.latching = request.latching;

  std::vector<media::SinkId> running;
  for (const auto& [purpose, sinks] : running_) {
    running.insert(running.end(), sinks.begin(), sinks.end());
  }
  report_unlawful(participant, unlawful_ways(participant));
  record_later(entry_of(participant, CdrKind::start, std::nullopt));
  RouteChange routes;
  routes.who.push_back(&participant);
  routes.opened = std::move(running);
  co_await enforce(std::move(*decisions), CauseForClosing::sink_change, std::move(routes));
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
  drop_question(participant, "left");
  auto consents = consents_of(participant);  // as they stood
  auto decisions = take(clocks.wall, policy::ParticipantLeft{participant.id});
  if (!decisions) co_return decisions.error();
  journal_later(*decisions);
  co_await enforce(take_restricting(*decisions), CauseForClosing::sink_change);
  const auto remove = [source = participant.source](MediaPath& path) {
    auto whole = path.relay().settle(source);
    path.remove_source(std::chrono::steady_clock::now(), source);
    return whole;
  };
  const auto whole = co_await worker_.run(remove);
  fold(participant, whole);
  record_later(entry_of(participant, CdrKind::stop, cause, std::move(consents)));
  last_record_of_[participant.id] = participant.record.last_number();
  participants_.erase(participants_.find(participant.id));
  // What the others may have without this person begins when its legs are gone.
  if (!closed_) co_await enforce(std::move(*decisions), CauseForClosing::sink_change);
  co_return Answered<void>{};
}

Answered<Conference::Connection*> Conference::connection_to_offer(Participant& who,
                                                                  const std::string& name) {
  if (who.record.legs() >= legs_max) {
    return make_problem(ProblemType::exhausted,
                        "The participant's record holds no more legs. Let it leave, and join "
                        "again.");
  }
  const auto known = who.connections.find(name);
  if (known != who.connections.end()) return &known->second;
  if (who.connections.size() >= connections_max) {
    return make_problem(ProblemType::exhausted,
                        "The participant has " + std::to_string(connections_max) +
                            " connections, which is the most. DELETE one that is not used.",
                        "/connection");
  }
  const WebRtcDoors doors{worker_.webrtc_candidates(), services_.certificates, services_.may_check};
  Connection made{CallLegs{services_.ports, services_.addresses, doors, services_.toward_server,
                           services_.entropy}};
  return &who.connections.emplace(name, std::move(made)).first->second;
}

asio::awaitable<Answered<std::string>> Conference::offer(ConnectionName of, media::Side from,
                                                         std::string sdp,
                                                         std::optional<media::Profile> toward,
                                                         std::string carrier) {
  const auto arrived = std::chrono::steady_clock::now();
  const auto hold = co_await turn_.take();
  const auto found = find(of.participant);
  if (!found) co_return found.error();
  Participant& who = **found;
  if (from == media::Side::client) co_await heed_client(who, sdp, arrived);
  const auto connection = connection_to_offer(who, of.connection);
  if (!connection) co_return connection.error();
  CallLegs& legs = (*connection)->legs;
  auto written = legs.offer(from, sdp, toward);
  if (written && !carrier.empty())
    (*connection)->carriers.at(static_cast<std::size_t>(from)) = carrier;
  const bool is_used = legs.has_legs() || legs.last_offerer();
  if (!written && !is_used) who.connections.erase(of.connection);
  if (written && from == media::Side::server) *written = tell_client(who, *written);
  co_return written;
}

asio::awaitable<Answered<void>> Conference::roll_back_offer(ConnectionName of) {
  const auto hold = co_await turn_.take();
  const auto found = find(of.participant);
  if (!found) co_return found.error();
  auto& connections = (*found)->connections;
  const auto legs = connections.find(of.connection);
  if (legs == connections.end() || !legs->second.legs.roll_back()) {
    co_return make_problem(ProblemType::not_found, "No offer waits for its answer.");
  }
  if (!legs->second.legs.has_legs()) connections.erase(legs);
  co_return Answered<void>{};
}

asio::awaitable<Answered<std::string>> Conference::answer(ConnectionName of, std::string sdp) {
  const auto arrived = std::chrono::steady_clock::now();
  const auto hold = co_await turn_.take();
  const auto found = find(of.participant);
  if (!found) co_return found.error();
  Participant& who = **found;
  const auto connection = who.connections.find(of.connection);
  if (connection == who.connections.end()) {
    co_return make_problem(ProblemType::conflict, "There is no offer to answer. POST one first.");
  }
  CallLegs& legs = connection->second.legs;
  const auto offerer = legs.last_offerer();
  if (offerer == media::Side::server) co_await heed_client(who, sdp, arrived);
  auto written = legs.answer(sdp);
  if (!written) co_return written;

  co_await change_legs(who, connection->second, legs.changes(who.source, who.latching));
  record_later(entry_of(who, CdrKind::interim, CauseForClosing::leg_change));
  if (offerer == media::Side::client) *written = tell_client(who, *written);
  co_return written;
}

asio::awaitable<Answered<void>> Conference::close_connection(ConnectionName of) {
  const auto hold = co_await turn_.take();
  const auto found = find(of.participant);
  if (!found) co_return found.error();
  Participant& who = **found;
  const auto connection = who.connections.find(of.connection);
  if (connection == who.connections.end()) {
    co_return make_problem(ProblemType::not_found, "The participant has no such connection.");
  }
  co_await change_legs(who, connection->second, connection->second.legs.close());
  who.connections.erase(connection);
  record_later(entry_of(who, CdrKind::interim, CauseForClosing::leg_change));
  co_return Answered<void>{};
}

asio::awaitable<void> Conference::change_legs(Participant& who, Connection& connection,
                                              LegChanges changes) {
  const auto agreed = std::make_unique<LegChanges>(std::move(changes));
  const auto apply = [&agreed, source = who.source](MediaPath& path) {
    auto until_then = path.relay().settle(source);  // before legs go
    return std::pair{std::move(until_then), apply_changes(path, *agreed)};
  };
  const auto [until_then, ids] = co_await worker_.run(apply);
  fold(who, until_then);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto& change = agreed->changes[i];
    if (change.what == LegChange::What::remove) {
      who.record.remove_leg(ids[i]);
      continue;
    }
    if (change.what == LegChange::What::add) {
      connection.legs.added(change.side, change.carrier, ids[i]);
      who.record.add_leg(ids[i], change.side, change.media, change.transport, read_clocks().wall);
    }
    const auto& carrier = connection.carriers.at(static_cast<std::size_t>(change.side));
    who.record.name_carrier(ids[i], carrier);
  }
}

asio::awaitable<Answered<ConsentOutcome>> Conference::state_consent(policy::ConsentStated statement,
                                                                    ReceiptOf receipt_of) {
  const auto hold = co_await turn_.take();
  co_return co_await state_in_turn(std::move(statement), std::move(receipt_of));
}

asio::awaitable<Answered<ConsentOutcome>> Conference::state_in_turn(policy::ConsentStated statement,
                                                                    ReceiptOf receipt_of) {
  if (const auto follows = check_wish(statement); !follows) co_return follows.error();
  if (const auto known = check_not_erased(statement); !known) co_return known.error();
  if (statement.statement.answer == policy::Answer::granted)
    if (auto opening = not_yet()) co_return *std::move(opening);
  auto decisions = take(read_clocks().wall, statement);
  if (!decisions) co_return decisions.error();
  ConsentKey whose{statement.participant, statement.purpose, statement.statement.giver};
  if (statement.statement.answer == policy::Answer::granted) {
    co_return co_await grant_consent(std::move(*decisions), std::move(whose),
                                     std::move(receipt_of));
  }
  co_return co_await restrict_consent(std::move(*decisions), std::move(whose),
                                      std::move(receipt_of));
}

asio::awaitable<Answered<ConsentOutcome>> Conference::withdraw(policy::ConsentWithdrawn withdrawal,
                                                               ReceiptOf receipt_of) {
  const auto asked = std::chrono::steady_clock::now();
  const auto hold = co_await turn_.take();
  co_return co_await withdraw_in_turn(std::move(withdrawal), asked, std::move(receipt_of));
}

asio::awaitable<Answered<ConsentOutcome>> Conference::withdraw_in_turn(
    policy::ConsentWithdrawn withdrawal, media::TimePoint asked, ReceiptOf receipt_of) {
  auto decisions = take(read_clocks().wall, withdrawal);
  if (!decisions) co_return decisions.error();
  ConsentKey whose{withdrawal.participant, withdrawal.purpose, withdrawal.giver};
  auto result =
      co_await restrict_consent(std::move(*decisions), std::move(whose), std::move(receipt_of));
  if (result) {
    services_.totals.withdrawals.observe(std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - asked));
  }
  co_return result;
}

// A refusal or a withdrawal: effective, then durable.
asio::awaitable<Answered<ConsentOutcome>> Conference::restrict_consent(policy::Decisions decisions,
                                                                       ConsentKey whose,
                                                                       ReceiptOf receipt_of) {
  auto records = journal(decisions);
  auto cut = co_await enforce(std::move(decisions), CauseForClosing::consent_change);
  auto result = outcome(whose);
  std::erase_if(cut, [&](const SinkCut& mark) {
    const auto sinks = running_.find(whose.purpose);
    return sinks == running_.end() ||
           std::none_of(sinks->second.begin(), sinks->second.end(), [&](media::SinkId sink) {
             return services_.sinks.name(sink) == mark.sink;
           });
  });
  result.cut = std::move(cut);
  if (receipt_of && !erased_.contains(whose.participant)) records.emplace_back(receipt_of(result));
  const auto stored = co_await store(std::move(records));
  if (!stored) {
    forget_receipt(whose);
    co_return not_recorded(stored.error(),
                           "What was stated is in effect, but could not be recorded");
  }
  co_return result;
}

// A grant: durable, then effective. What else its event brought about, such as consents that had
// expired meanwhile, may restrict, and does so first, whatever becomes of the grant.
asio::awaitable<Answered<ConsentOutcome>> Conference::grant_consent(policy::Decisions decisions,
                                                                    ConsentKey whose,
                                                                    ReceiptOf receipt_of) {
  auto records = journal(decisions);
  auto restricting = take_restricting(decisions);
  auto restrictions = journal(restricting);
  const auto result = outcome(whose);
  if (receipt_of) records.emplace_back(receipt_of(result));
  co_await enforce(std::move(restricting), CauseForClosing::consent_change);
  const auto stored = co_await store(std::move(records));
  if (stored) {
    co_await enforce(std::move(decisions), CauseForClosing::consent_change);
    co_return result;
  }
  forget_receipt(whose);
  // Nobody has acted on it yet. It must not stand for the next event to act on.
  auto undone = take(read_clocks().wall,
                     policy::ConsentInvalidated{whose.participant, whose.purpose, whose.giver});
  if (undone) {
    auto more = journal(*undone);
    restrictions.insert(restrictions.end(), std::make_move_iterator(more.begin()),
                        std::make_move_iterator(more.end()));
    co_await enforce(std::move(*undone), CauseForClosing::consent_change);
  }
  if (!restrictions.empty()) record_later(std::move(restrictions));
  co_return not_recorded(stored.error(), "The consent could not be recorded and is not in effect");
}

std::optional<Problem> Conference::not_yet() const {
  const auto health = services_.storage.health();
  if (health.ledger_refused || (services_.begun && !health.ledger_opening)) return std::nullopt;
  if (!health.ledger_opening || !health.readable) {
    return make_problem(ProblemType::unavailable,
                        "The service is still starting: it is not known yet what holds. Until "
                        "then calls go on and no grant is taken. Nothing was changed; repeat the "
                        "request, and see /readyz.");
  }
  return make_problem(ProblemType::unavailable,
                      "The ledger is not open yet: " + std::to_string(health.verified) + " of " +
                          std::to_string(health.to_verify) +
                          " entries are verified. Until then calls go on, nothing is permitted, "
                          "and no grant is taken. Nothing was changed; repeat the request.");
}

asio::awaitable<void> Conference::heed_ledger() {
  if (distrusted_ || !services_.storage.health().ledger_refused) co_return;
  distrusted_ = true;
  auto layer = policy::tightened(room_layer_, everything_prohibited(policy_.rules()));
  auto decisions = take(read_clocks().wall, policy::RoomTightened{layer});
  if (!decisions) co_return;
  room_layer_ = std::move(layer);
  journal_later(*decisions);
  co_await enforce(std::move(*decisions), CauseForClosing::policy_change);
}

asio::awaitable<Answered<void>> Conference::start_purpose(policy::PurposeStarted start,
                                                          media::WithheldAudio withhold) {
  const auto hold = co_await turn_.take();
  if (closed_) co_return make_problem(ProblemType::not_found, "The room was closed.");
  if (auto opening = not_yet()) co_return *std::move(opening);
  co_await heed_ledger();
  auto places = places_of(start);
  if (!places) co_return places.error();
  const std::string purpose = start.purpose;
  const auto by = start.by;
  auto decisions = take(read_clocks().wall, std::move(start));
  if (!decisions) co_return decisions.error();
  journal_later(*decisions);

  if (by == policy::By::server) co_await withhold_as(places->front(), withhold);
  const auto before = std::exchange(running_[purpose], *places);
  RouteChange routes;
  routes.who = everybody();
  std::set_difference(places->begin(), places->end(), before.begin(), before.end(),
                      std::back_inserter(routes.opened));
  std::set_difference(before.begin(), before.end(), places->begin(), places->end(),
                      std::back_inserter(routes.gone));
  routes.started.push_back(purpose);
  co_await enforce(std::move(*decisions), CauseForClosing::sink_change, std::move(routes));
  co_return Answered<void>{};
}

// Before its gate stands, so that nobody's stream has a gap.
asio::awaitable<void> Conference::withhold_as(media::SinkId server_purpose,
                                              media::WithheldAudio what) {
  withheld_audio_[server_purpose] = what;
  const auto tell = [&](MediaPath& path) {
    for (const auto& [id, participant] : participants_)
      path.relay().set_withheld_audio(participant->source, server_purpose, what);
    return true;
  };
  co_await worker_.run(tell);
}

asio::awaitable<Answered<void>> Conference::stop_purpose(std::string purpose) {
  const auto hold = co_await turn_.take();
  auto decisions = take(read_clocks().wall, policy::PurposeStopped{purpose});
  if (!decisions) co_return decisions.error();
  journal_later(*decisions);
  RouteChange routes;
  routes.who = everybody();
  if (running_.contains(purpose)) routes.gone = running_.at(purpose);
  if (running_.erase(purpose) != 0) routes.stopped.push_back(purpose);
  co_await enforce(std::move(*decisions), CauseForClosing::sink_change, std::move(routes));
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

std::vector<Conference::Participant*> Conference::everybody() {
  std::vector<Participant*> all;
  for (auto& [id, participant] : participants_)
    all.push_back(participant.get());
  return all;
}

Answered<Conference::Participant*> Conference::find(std::string_view participant) {
  const auto found = participants_.find(participant);
  if (closed_ || found == participants_.end()) {
    return make_problem(ProblemType::not_found, "No such participant in this room.");
  }
  return found->second.get();
}

const policy::ParticipantJoined* Conference::known_of(std::string_view participant) const {
  const auto found = participants_.find(participant);
  return found == participants_.end() ? nullptr : &found->second->who;
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

bool Conference::server_performs(const std::string& purpose) const {
  const auto running = running_.find(purpose);
  const auto place = services_.sinks.find(policy::server_sink(purpose));
  return running != running_.end() && place &&
         std::find(running->second.begin(), running->second.end(), *place) != running->second.end();
}

std::string Conference::receipt_id(const ConsentKey& whose) const {
  const auto who = participants_.find(whose.participant);
  if (who == participants_.end()) return {};
  const auto known = who->second->receipts.find({whose.purpose, whose.giver});
  return known == who->second->receipts.end() ? std::string{} : known->second;
}

// Nobody can have one of what was not stored.
void Conference::forget_receipt(const ConsentKey& whose) {
  const auto who = participants_.find(whose.participant);
  if (who != participants_.end()) who->second->receipts.erase({whose.purpose, whose.giver});
}

ConsentOutcome Conference::outcome(const ConsentKey& whose) const {
  ConsentOutcome result;
  result.giver = whose.giver;
  if (const auto* consent = policy_.consent(whose.participant, whose.purpose, whose.giver)) {
    result.state = consent->state;
    result.epoch = consent->epoch;
    result.at = consent->changed_at;
  }
  result.receipt = receipt_id(whose);
  result.decisions = policy_.decisions_for_purpose(whose.participant, whose.purpose);
  return result;
}

asio::awaitable<void> Conference::keep_time() {
  while (!closed_) {
    auto next = next_interim_;
    if (const auto timeout = policy_.next_timeout()) {
      next = std::min(next, read_clocks().steady_of(*timeout));
    }
    if (const auto end = next_question_end()) next = std::min(next, *end);
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
  co_await heed_ledger();
  const auto clocks = read_clocks();
  if (auto decisions = take(clocks.wall, policy::TimePassed{})) {
    journal_later(*decisions);
    co_await enforce(std::move(*decisions), CauseForClosing::consent_change);
  }
  co_await end_questions(clocks.steady);
  if (clocks.steady < next_interim_) co_return;
  record_events_later();  // what storage refused before
  next_interim_ = clocks.steady + services_.interim_period;
  const auto present = everybody();
  co_await settle(present);
  std::vector<Record> records;
  for (Participant* participant : present) {
    records.push_back(entry_of(*participant, CdrKind::interim, CauseForClosing::period));
  }
  if (!records.empty()) record_later(std::move(records));
}

}  // namespace assent::gateway

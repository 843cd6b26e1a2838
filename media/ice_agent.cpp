// What arrives: checks, answers, and what they come to. What is sent is in ice_agent_checks.cpp.
#include "media/ice_agent.hpp"

#include <algorithm>
#include <utility>

namespace assent::media {
namespace {

constexpr IceRole other(IceRole role) {
  return role == IceRole::controlling ? IceRole::controlled : IceRole::controlling;
}

}  // namespace

IceAgent::IceAgent(IceCredentials local, std::string remote_ufrag, FullIce full)
    : entropy_{full.entropy} {
  pairs_.reserve(ice_pairs_max);
  tie_breaker_ = random();
  restart(std::move(local), std::move(remote_ufrag), std::move(full));
}

void IceAgent::restart(IceCredentials local, std::string remote_ufrag, FullIce full) {
  local_ = std::move(local);
  remote_ufrag_ = std::move(remote_ufrag);
  remote_password_ = std::move(full.remote_password);
  remote_is_lite_ = full.remote_is_lite;
  bases_ = std::move(full.bases);
  // RFC 8445 §6.1.1: beside a lite agent the full one controls.
  role_ = remote_is_lite_ ? IceRole::controlling : full.role;
  pairs_.clear();
  triggered_ = 0;
  give_up_at_.reset();
  gave_up_ = false;
  concluded_ = false;
  consents_asked_ = {};
  restarting_ = selected_.has_value();
  for (const auto& candidate : full.candidates)
    add_candidate(candidate);
}

void IceAgent::add_candidate(const IceCandidate& candidate) {
  if (concluded_ || pairs_.size() >= ice_candidates_max || pair_with(candidate.endpoint)) return;
  if (add_pair(candidate.endpoint, candidate.priority) == nullptr || !gave_up_) return;
  gave_up_ = false;
  give_up_at_.reset();
}

bool IceAgent::handle(TimePoint now, const Endpoint& from, std::span<const std::byte> datagram,
                      std::vector<IceDatagram>& out) {
  const auto message = parse_stun(datagram);
  if (!message) return false;
  switch (message->kind) {
    case StunClass::request:
      return answer(now, from, *message, out);
    case StunClass::success:
    case StunClass::error:
      return take_answer(now, from, *message);
    case StunClass::indication:
      break;  // keeps a NAT's binding, and asks for nothing (RFC 8445 §11)
  }
  return false;
}

bool IceAgent::answer(TimePoint now, const Endpoint& from, const StunMessage& check,
                      std::vector<IceDatagram>& out) {
  if (!is_check_for(check, local_.ufrag, remote_ufrag_, local_.password)) return false;
  const auto reply = [&](const IceAnswer& bytes) {
    out.push_back({from, {bytes.view().begin(), bytes.view().end()}});
    return true;
  };
  if (check.unknown_count != 0)
    return reply(refuse_check(check, StunError::unknown_attribute, local_.password));
  if (!agree_on_roles(check))
    return reply(refuse_check(check, StunError::role_conflict, local_.password));
  reply(answer_check(check, from, local_.password));

  Pair* pair = pair_with(from);
  if (pair == nullptr) pair = add_pair(from, check.priority.value_or(1));  // peer-reflexive
  if (pair == nullptr) return true;
  pair->heard = true;
  if (role_ == IceRole::controlled && check.use_candidate) pair->nominated = true;
  if (pair->state != Pair::State::succeeded) {
    trigger(*pair);
  } else if (pair->nominated) {
    accept_nomination(now, *pair);
  } else if (role_ == IceRole::controlling && selected_ != from && is_silent(now)) {
    trigger(*pair);
  }
  return true;
}

// RFC 8445 §7.3.1.1. False: the peer is to change its mind.
bool IceAgent::agree_on_roles(const StunMessage& check) {
  const bool we_stay = role_ == IceRole::controlling;
  const auto& same_role = we_stay ? check.ice_controlling : check.ice_controlled;
  if (!same_role) return true;
  const bool we_win = tie_breaker_ >= *same_role;
  if (role_ == IceRole::controlling && (we_win || remote_is_lite_)) return false;
  if (role_ == IceRole::controlled && !we_win) return false;
  switch_role(other(role_));
  return true;
}

void IceAgent::switch_role(IceRole role) {
  role_ = role;
  for (auto& pair : pairs_) {
    pair.nominated = false;
    pair.to_nominate = false;
    // What was found valid is for us to nominate now: it is asked once more.
    const bool is_open = role == IceRole::controlling && !concluded_;
    if (is_open && pair.state == Pair::State::succeeded) trigger(pair);
  }
}

// RFC 8445 §7.3.1.4
void IceAgent::trigger(Pair& pair) {
  if (pair.lost) return;
  if (pair.triggered == 0) pair.triggered = ++triggered_;
  if (!selected_ && gave_up_) {
    gave_up_ = false;
    give_up_at_.reset();
  }
}

bool IceAgent::take_answer(TimePoint now, const Endpoint& from, const StunMessage& answer) {
  const bool asked_consent =
      std::ranges::find(consents_asked_, answer.transaction) != consents_asked_.end();
  Pair* const pair =
      asked_consent && selected_ ? pair_with(*selected_) : pair_asked(answer.transaction);
  if (pair == nullptr || !is_authentic(answer, remote_password_)) return false;
  if (asked_consent) {
    if (!keeps_consent() || from != *selected_ || answer.kind != StunClass::success) return false;
    pair->answered_at = last_answer_ = now;
    consent_until_ = now + ice_consent;
    return true;
  }
  const Check check =
      pair->check && pair->check->transaction == answer.transaction ? *pair->check : *pair->earlier;
  // RFC 8445 §7.2.5.2.1: an answer from elsewhere than whither the check went.
  if (from != pair->remote) {
    fail(*pair);
  } else if (answer.kind == StunClass::error) {
    take_error(*pair, check, answer);
  } else if (answer.mapped) {
    succeed(now, *pair, check.nominates);
  } else {
    return false;
  }
  return true;
}

// RFC 8445 §7.2.5.1
void IceAgent::take_error(Pair& pair, const Check& check, const StunMessage& error) {
  const bool conflict = error.error_code == static_cast<unsigned>(StunError::role_conflict);
  if (!conflict || remote_is_lite_) return fail(pair);
  if (check.role == role_) {
    switch_role(other(role_));
    tie_breaker_ = random();
  }
  pair.check.reset();
  pair.earlier.reset();
  if (pair.state == Pair::State::in_progress) pair.state = Pair::State::waiting;
  pair.triggered = ++triggered_;
}

void IceAgent::succeed(TimePoint now, Pair& pair, bool nominates) {
  pair.state = Pair::State::succeeded;
  pair.answered_at = now;
  pair.check.reset();
  pair.earlier.reset();
  pair.triggered = 0;
  if (keeps_consent() && selected_ == pair.remote) {
    last_answer_ = now;
    consent_until_ = now + ice_consent;
  }
  if (role_ == IceRole::controlled) {
    if (pair.nominated) accept_nomination(now, pair);
  } else if (nominates) {
    if (selected_ == pair.remote) conclude();
  } else if (!keeps_consent() || (selected_ != pair.remote && is_silent(now))) {
    select(now, pair);
    pair.to_nominate = true;
  } else if (selected_ == pair.remote && !concluded_) {
    pair.to_nominate = true;
  }
}

// RFC 8445 §7.3.1.5. Of several nominations, as older agents make them, the highest pair's holds,
// unless the peer has left that.
void IceAgent::accept_nomination(TimePoint now, Pair& pair) {
  if (keeps_consent() && selected_ == pair.remote) return conclude();
  if (keeps_consent() && !is_silent(now)) {
    const Pair* const at_hand = pair_with(*selected_);
    if (at_hand != nullptr && priority_of(*at_hand) > priority_of(pair)) return;
  }
  if (now - pair.answered_at > ice_silence) {  // that it was once valid says little
    pair.state = Pair::State::waiting;
    return trigger(pair);
  }
  select(now, pair);
  conclude();
}

void IceAgent::select(TimePoint now, Pair& pair) {
  selected_ = pair.remote;
  selected_base_ = pair.base;
  restarting_ = false;
  concluded_ = false;
  gave_up_ = false;
  last_answer_ = pair.answered_at;
  consent_until_ = pair.answered_at + ice_consent;
  consents_asked_ = {};
  consent_due_ = now + consent_interval();
}

// RFC 8445 §8.1.2: nothing else is checked any more, but for what the peer's own checks bring up.
void IceAgent::conclude() {
  if (concluded_) return;
  concluded_ = true;
  for (auto& pair : pairs_) {
    pair.to_nominate = false;
    if (pair.remote == selected_) continue;
    pair.check.reset();
    pair.triggered = 0;
  }
  std::erase_if(pairs_, [this](const Pair& pair) {
    return pair.remote != selected_ && !pair.heard && pair.state != Pair::State::succeeded;
  });
}

// RFC 7675 §5.1: nothing is sent to that address any more, also when it answers later.
void IceAgent::lose_consent() {
  if (Pair* const pair = pair_with(*selected_)) {
    fail(*pair);
    pair->lost = true;
    pair->heard = false;
  }
  selected_.reset();
  concluded_ = false;
  gave_up_ = true;
  for (auto& pair : pairs_) {
    if (pair.state == Pair::State::succeeded) trigger(pair);
  }
}

void IceAgent::fail(Pair& pair) {
  pair.state = Pair::State::failed;
  pair.check.reset();
  pair.earlier.reset();
  pair.triggered = 0;
  pair.to_nominate = false;
}

bool IceAgent::is_valid(const Endpoint& address) const {
  if (selected_ == address) return true;
  return std::ranges::any_of(pairs_, [&address](const Pair& pair) {
    return pair.remote == address && (pair.heard || pair.state == Pair::State::succeeded);
  });
}

}  // namespace assent::media

// What the full agent sends, and when.
#include <algorithm>

#include "media/ice_agent.hpp"

namespace assent::media {
namespace {

// RFC 8489 §6.2.1: sent seven times, and then waited for sixteen times as long.
constexpr unsigned sent_max = 7;
constexpr int last_wait = 16;

}  // namespace

void IceAgent::handle_timeout(TimePoint now, std::vector<IceDatagram>& out) {
  if (keeps_consent() && now >= consent_until_) lose_consent();
  if (!give_up_at_) give_up_at_ = now + ice_patience;
  for (auto& pair : pairs_) {
    if (!pair.check || now < pair.check->due) continue;
    if (pair.check->sent == sent_max) {
      fail(pair);
    } else {
      transmit(now, pair, out);
    }
  }
  if (now >= next_start_) start_next(now, out);
  if (keeps_consent() && now >= consent_due_) ask_for_consent(now, out);
  if (!selected_ && now >= *give_up_at_) gave_up_ = true;
}

std::optional<TimePoint> IceAgent::next_timeout() const {
  if (!give_up_at_) return TimePoint{};
  std::optional<TimePoint> next;
  const auto consider = [&next](TimePoint due) {
    if (!next || due < *next) next = due;
  };
  if (next_to_start() != nullptr) consider(next_start_);
  for (const auto& pair : pairs_) {
    if (pair.check) consider(pair.check->due);
  }
  if (keeps_consent()) consider(std::min(consent_due_, consent_until_));
  if (!selected_ && !gave_up_) consider(*give_up_at_);
  return next;
}

// RFC 8445 §6.1.4.2: first what was triggered, then what waits, the highest first. What is valid
// and is to be nominated goes before all of it.
const IceAgent::Pair* IceAgent::next_to_start() const {
  const Pair* triggered = nullptr;
  const Pair* waiting = nullptr;
  for (const auto& pair : pairs_) {
    if (pair.to_nominate && !pair.check) return &pair;
    if (pair.triggered != 0 && (!triggered || pair.triggered < triggered->triggered))
      triggered = &pair;
    const bool waits = pair.state == Pair::State::waiting && !concluded_ && !gave_up_;
    if (waits && (!waiting || priority_of(pair) > priority_of(*waiting))) waiting = &pair;
  }
  return triggered ? triggered : waiting;
}

void IceAgent::start_next(TimePoint now, std::vector<IceDatagram>& out) {
  const Pair* const next = next_to_start();
  if (next == nullptr) return;
  Pair& pair = pairs_[static_cast<std::size_t>(next - pairs_.data())];
  const bool nominates = pair.to_nominate && !pair.check;
  if (pair.check) pair.earlier = pair.check;
  pair.triggered = 0;
  if (!nominates) pair.state = Pair::State::in_progress;
  pair.check = Check{new_transaction(), role_, nominates, 0, rto(), now};
  transmit(now, pair, out);
  next_start_ = now + ice_pacing;
}

void IceAgent::transmit(TimePoint now, Pair& pair, std::vector<IceDatagram>& out) {
  Check& check = *pair.check;
  out.push_back(request(pair.remote, pair.base, check.transaction, check.role, check.nominates));
  ++check.sent;
  check.due =
      now + (check.sent == sent_max ? check.rto * last_wait : check.rto * (1 << (check.sent - 1)));
}

// RFC 7675 §5.1: a new transaction each time, and never sent twice.
void IceAgent::ask_for_consent(TimePoint now, std::vector<IceDatagram>& out) {
  auto& asked = consents_asked_[consents_++ % consents_asked_max];
  asked = new_transaction();
  out.push_back(request(*selected_, selected_base_, asked, role_, false));
  consent_due_ = now + consent_interval();
}

// 5 s, 0.8 to 1.2 times, so that a room's agents do not all ask at once.
Duration IceAgent::consent_interval() {
  return std::chrono::milliseconds{4'000 + static_cast<int>(random() % 2'001)};
}

// RFC 8445 §7.1
IceDatagram IceAgent::request(const Endpoint& to, std::size_t base,
                              const StunTransaction& transaction, IceRole role,
                              bool nominates) const {
  StunWriter writer{StunClass::request, transaction};
  writer.username(remote_ufrag_ + ":" + local_.ufrag).priority(peer_reflexive_priority(base));
  if (role == IceRole::controlling) {
    writer.ice_controlling(tie_breaker_);
  } else {
    writer.ice_controlled(tie_breaker_);
  }
  if (nominates && role == IceRole::controlling) writer.use_candidate();
  const auto bytes = writer.seal(remote_password_);
  return {to, {bytes.begin(), bytes.end()}};
}

// RFC 8445 §14.3
Duration IceAgent::rto() const {
  const auto active = std::ranges::count_if(pairs_, [](const Pair& pair) {
    return pair.state == Pair::State::waiting || pair.state == Pair::State::in_progress;
  });
  return std::max<Duration>(ice_rto_least, ice_pacing * active);
}

StunTransaction IceAgent::new_transaction() {
  StunTransaction transaction;
  entropy_(transaction);
  return transaction;
}

std::uint64_t IceAgent::random() {
  std::uint64_t number = 0;
  entropy_(std::as_writable_bytes(std::span{&number, 1}));
  return number;
}

IceAgent::Pair* IceAgent::pair_with(const Endpoint& remote) {
  const auto found = std::ranges::find(pairs_, remote, &Pair::remote);
  return found == pairs_.end() ? nullptr : &*found;
}

IceAgent::Pair* IceAgent::pair_asked(const StunTransaction& transaction) {
  const auto asks = [&transaction](const std::optional<Check>& check) {
    return check && check->transaction == transaction;
  };
  const auto found = std::ranges::find_if(
      pairs_, [&asks](const Pair& pair) { return asks(pair.check) || asks(pair.earlier); });
  return found == pairs_.end() ? nullptr : &*found;
}

// Null: we have no address of that family, or there is no room.
IceAgent::Pair* IceAgent::add_pair(const Endpoint& remote, std::uint32_t priority) {
  const auto base = std::ranges::find_if(
      bases_, [&remote](const Endpoint& ours) { return ours.is_v4() == remote.is_v4(); });
  if (base == bases_.end() || !make_room()) return nullptr;
  Pair& pair = pairs_.emplace_back();
  pair.remote = remote;
  pair.remote_priority = priority;
  pair.base = static_cast<std::size_t>(base - bases_.begin());
  return &pair;
}

// RFC 8445 §6.1.2.5: a limit on everything. What has failed makes room, then what only waits.
bool IceAgent::make_room() {
  if (pairs_.size() < ice_pairs_max) return true;
  const auto worth = [this](const Pair& pair) {
    const bool stays = pair.remote == selected_ || pair.check.has_value() || pair.lost;
    return stays ? 3 : pair.state == Pair::State::failed ? 0 : pair.heard ? 2 : 1;
  };
  const auto least = std::ranges::min_element(pairs_, {}, worth);
  if (worth(*least) == 3) return false;
  pairs_.erase(least);
  return true;
}

std::uint64_t IceAgent::priority_of(const Pair& pair) const {
  const auto ours = host_priority(pair.base);
  return role_ == IceRole::controlling ? pair_priority(ours, pair.remote_priority)
                                       : pair_priority(pair.remote_priority, ours);
}

}  // namespace assent::media

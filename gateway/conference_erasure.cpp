// Who is erased while the call goes on: withdrawn from everything, then nobody in particular.
#include <array>
#include <utility>

#include "gateway/conference.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

asio::awaitable<Answered<std::vector<PersonInSession>>> Conference::erase(std::string subject) {
  const auto hold = co_await turn_.take();
  std::vector<PersonInSession> persons;
  for (const auto& [id, participant] : participants_)
    if (participant->who.subject == subject)
      persons.push_back({identity_.session, identity_.room, id});
  for (const auto& person : persons) {
    drop_question(*participants_.at(person.participant), "stopped");
    erased_.insert(person.participant);
    const auto stored = co_await withdraw_all(person.participant);
    if (!stored) {
      co_return not_recorded(stored.error(),
                             "All consents are withdrawn, but that could not be recorded, and "
                             "nothing is erased yet");
    }
  }
  co_return persons;
}

// Effective, then durable.
asio::awaitable<Stored<RecordId>> Conference::withdraw_all(std::string participant) {
  const auto now = read_clocks().wall;
  std::vector<policy::Event> withdrawals;
  constexpr std::array givers{policy::Giver::participant, policy::Giver::guardian};
  for (const auto& [purpose, unused] : policy_.rules().purposes) {
    for (const auto giver : givers) {
      const auto* consent = policy_.consent(participant, purpose, giver);
      if (consent != nullptr && consent->state == policy::ConsentState::granted)
        withdrawals.emplace_back(policy::ConsentWithdrawn{participant, purpose, giver});
    }
  }
  auto decisions = take_together(now, withdrawals);
  auto records = journal(decisions);
  if (records.empty()) co_return RecordId{};
  co_await enforce(std::move(decisions), CauseForClosing::consent_change);
  co_return co_await store(std::move(records));
}

// Under the id that was erased, everything is stored under a pseudonym until the room closes.
Answered<void> Conference::check_not_erased(const policy::ParticipantJoined& who) const {
  if (services_.being_erased.contains(who.subject)) {
    return make_problem(ProblemType::unavailable,
                        "This person's data is being erased. Join when that has been answered.");
  }
  if (!erased_.contains(who.participant) || participants_.contains(who.participant)) return {};
  return make_problem(
      ProblemType::conflict,
      "The data of the participant who had this id was erased during the call. Join "
      "under another participant id.");
}

// A grant needs somebody who gives it: whoever was erased comes in anew, as a new person.
Answered<void> Conference::check_not_erased(const policy::ConsentStated& stated) const {
  if (stated.statement.answer == policy::Answer::refused || !erased_.contains(stated.participant))
    return {};
  return make_problem(
      ProblemType::conflict,
      "This person's data was erased during the call, so nothing shows any more who "
      "would grant. Leave, join under another participant id, then ask anew.");
}

}  // namespace assent::gateway

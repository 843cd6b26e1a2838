// What session descriptions say of recording (RFC 7866): a client's preference is a statement of
// the participant, and a client that understands it is told the truth.
#include <utility>

#include "gateway/conference.hpp"
#include "gateway/consent_receipt_text.hpp"
#include "media/sdp_encryption.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

// The purpose that the attributes are about, wherever the policy declares one of this name.
constexpr std::string_view recording = "recording";

// With what the policy's events leave out: how it was said.
void name_preference(std::vector<Record>& records, std::string_view participant,
                     media::RecordPreference preference, const policy::RuleBook& rules,
                     const std::string& receipt_id) {
  for (auto& record : records) {
    auto* const event = std::get_if<ConsentEvent>(&record);
    if (event == nullptr || event->participant != participant || event->purpose != recording)
      continue;
    if (event->giver != to_string(policy::Giver::participant) || event->statement.empty()) continue;
    event->method = to_string(policy::Method::implied);
    event->evidence = R"({"recordpref":")" + std::string(to_string(preference)) + R"("})";
    event->notice.clear();  // that was the grant's
    event->expires.reset();
    event->receipt = consent_receipt_text(*event, rules, receipt_id);
  }
}

}  // namespace

// Before the description is answered, so that its author may rely on the answer. Descriptions come
// again and again, to refresh a session: what stands already is not stated anew, which would
// outdate a grant that is on its way. A wish that is repeated after a grant withdraws it, as the
// stricter of two that both stand. What a description that cannot be read wishes, nobody knows; it
// is refused as a whole.
asio::awaitable<void> Conference::heed_client(Participant& who, std::string_view sdp,
                                              std::chrono::steady_clock::time_point arrived) {
  const auto description = media::parse_sdp(sdp);
  if (!description) co_return;
  who.indication.hear(*description);
  if (media::is_end_to_end_encrypted(*description) && !who.who.ciphertext_only)
    co_await heed_encryption(who);
  const auto preference = media::read_record_preference(*description);
  const auto* consent = policy_.consent(who.id, recording);
  if (!media::refuses(preference) || consent == nullptr) co_return;
  const auto now = read_clocks().wall;
  const auto state = consent->state_at(now);
  who.not_recorded_wished = now;
  const bool stands =
      state == policy::ConsentState::refused || state == policy::ConsentState::withdrawn;
  if (stands && !who.wish_lost) co_return;
  const bool granted = state == policy::ConsentState::granted;
  const bool stored = co_await refuse_recording(who, preference, granted);
  who.wish_lost = !stored;
  if (stored && granted) {
    services_.totals.withdrawals.observe(std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - arrived));
  }
}

// It restricts: effective, then durable. What needs plain media is denied from here on, whatever
// later descriptions leave out; only who speaks for the participant can state that there is a key.
asio::awaitable<void> Conference::heed_encryption(Participant& who) {
  who.who.ciphertext_only = true;
  auto decisions = take(read_clocks().wall, policy::CiphertextStated{who.id, true});
  if (!decisions) co_return;
  auto records = journal(*decisions);
  co_await enforce(std::move(*decisions), CauseForClosing::participant_change);
  records.emplace_back(entry_of(who, CdrKind::interim, CauseForClosing::participant_change));
  const auto stored = co_await store(std::move(records));
  (void)stored;  // the call goes on, and what is denied stays so
}

// Effective, then durable. The call goes on either way: where storage fails, the recording is
// closed all the same, and the next description states it again. False: it failed.
asio::awaitable<bool> Conference::refuse_recording(const Participant& who,
                                                   media::RecordPreference preference,
                                                   bool granted) {
  policy::Event event;
  if (granted) {
    event = policy::ConsentWithdrawn{who.id, std::string(recording), policy::Giver::participant};
  } else {
    policy::Statement statement;
    statement.evidence["recordpref"] = to_string(preference);
    event = policy::ConsentStated{who.id, std::string(recording), std::move(statement)};
  }
  auto decisions = take(read_clocks().wall, event);
  if (!decisions) co_return false;
  auto records = journal(*decisions);
  const ConsentKey whose{who.id, std::string(recording), policy::Giver::participant};
  name_preference(records, who.id, preference, policy_.rules(), receipt_id(whose));
  co_await enforce(std::move(*decisions), CauseForClosing::consent_change);
  const auto stored = co_await store(std::move(records));
  if (!stored) forget_receipt(whose);
  co_return stored.has_value();
}

// A repeated wish is no statement of its own, and yet nothing dated before it may come after it.
Answered<void> Conference::check_wish(const policy::ConsentStated& stated) const {
  const auto& statement = stated.statement;
  const auto who = participants_.find(stated.participant);
  if (stated.purpose != recording || statement.answer == policy::Answer::refused ||
      statement.giver != policy::Giver::participant || who == participants_.end())
    return {};
  const auto& wished = who->second->not_recorded_wished;
  if (!wished || !statement.stated_at || *statement.stated_at > *wished) return {};
  return problem_of(policy::Refusal{policy::RefusalCode::statement_older, "/stated_at"});
}

media::Recording Conference::recording_of(const Participant& who) const {
  media::Recording told;
  const auto running = running_.find(recording);
  if (running == running_.end()) return told;
  told.state = media::RecordState::paused;
  const auto now = read_clocks().wall;
  for (const auto sink : running->second) {
    const auto standing = who.standing.find(sink);
    const bool flows =
        standing != who.standing.end() && standing->second.decision.permitted &&
        standing->second.hindrance.empty() &&
        (!standing->second.decision.deadline || *standing->second.decision.deadline > now);
    if (flows) told.state = media::RecordState::on;
    if (!flows && services_.sinks.name(sink) == policy::server_sink(recording))
      told.withheld_from_server = true;
  }
  return told;
}

std::string Conference::tell_client(Participant& who, std::string sdp) const {
  if (!policy_.rules().purposes.contains(recording)) return sdp;
  auto description = media::parse_sdp(sdp);
  if (!description) return sdp;  // longer than what is read, once its lines end in CRLF
  return media::write_sdp(who.indication.tell(*std::move(description), recording_of(who)));
}

}  // namespace assent::gateway

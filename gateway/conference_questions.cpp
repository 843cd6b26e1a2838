// What is asked aloud, and what the key that answers it comes to.
#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstring>
#include <utility>

#include "gateway/conference.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr media::Key consent_key = media::Key::one;
constexpr media::Key decline_key = media::Key::two;

// A stream of the gateway's own: nobody can guess it, and its first packets are not lost to a
// receiver that joins within a cycle of sequence numbers (RFC 3711 §3.3.1).
media::Voice new_voice(const media::Entropy& entropy) {
  std::array<std::byte, 12> random{};
  entropy(random);
  std::array<std::uint32_t, 3> numbers{};
  std::memcpy(numbers.data(), random.data(), random.size());
  const auto sequence = static_cast<std::uint16_t>(numbers[1] & 0x7fffU);
  return {media::Ssrc{numbers[0]}, media::SequenceNumber{sequence}, numbers[2], std::nullopt};
}

std::string milliseconds(std::chrono::milliseconds time) {
  return std::to_string(time.count());
}

// What the method `verbal` asks for, and what else there is to say of it.
policy::Evidence evidence_of(const media::KeyPressed& press, const OpenQuestion& question,
                             const std::string& attester) {
  policy::Evidence evidence;
  evidence["attester"] = attester;
  evidence["prompt_hash"] = question.prompt_hash;
  evidence["prompt_language"] = question.language;
  evidence["prompt_heard"] =
      milliseconds(press.prompt_said) + " of " + milliseconds(press.prompt_length) + " ms";
  evidence["span"] = "ssrc=" + std::to_string(static_cast<std::uint32_t>(press.ssrc)) +
                     " sequence=" + std::to_string(press.sequence) +
                     " timestamp=" + std::to_string(press.timestamp);
  evidence["key"] = press.key == consent_key ? "1" : "2";
  evidence["stream"] = press.authenticated ? "srtp" : "rtp";
  return evidence;
}

json::array names_of(const AskedPurposes& purposes) {
  json::array names;
  for (const auto& [purpose, notice] : purposes)
    names.emplace_back(purpose);
  return names;
}

}  // namespace

bool Conference::has_plain_leg(const Participant& who) {
  return std::any_of(who.connections.begin(), who.connections.end(), [](const auto& connection) {
    return connection.second.legs.has_plain_leg(media::Side::client);
  });
}

Answered<void> Conference::check_question(const Participant& who, const QuestionToAsk& what) const {
  for (const auto& [purpose, reference] : what.purposes) {
    if (!policy_.rules().purposes.contains(purpose)) {
      return make_problem(ProblemType::not_found, "The policy declares no such purpose.",
                          "/purposes");
    }
    if (reference.id.empty()) continue;
    const policy::NoticeGiven notice{who.id, purpose, reference};
    if (const auto fit = check_notice(who, notice); !fit) return fit.error();
  }
  if (!services_.keypad.accepts_plain_rtp() && has_plain_leg(who)) {
    return make_problem(ProblemType::conflict,
                        "Nothing but an address would vouch for who presses a key: this "
                        "participant's leg is plain RTP. Offer RTP/SAVP, or set "
                        "keypad.accept_plain_rtp if the network in between is your own.");
  }
  return {};
}

Answered<const SpokenPrompt*> Conference::prompt_for(const Participant& who,
                                                     const QuestionToAsk& what) const {
  std::set<std::string, std::less<>> purposes;
  for (const auto& [purpose, notice] : what.purposes)
    purposes.insert(purpose);
  const auto& language = what.language.empty() ? who.language : what.language;
  if (const auto* prompt = services_.keypad.find(purposes, language)) return prompt;
  return make_problem(ProblemType::conflict,
                      "No prompt asks for exactly these purposes in this participant's language. "
                      "Add one under keypad.prompts in assent.yaml, or give another language.",
                      "/purposes");
}

asio::awaitable<Answered<OpenQuestion>> Conference::ask(QuestionToAsk what) {
  const auto hold = co_await turn_.take();
  if (auto opening = not_yet()) co_return *std::move(opening);
  const auto found = find(what.participant);
  if (!found) co_return found.error();
  Participant& who = **found;
  if (const auto fit = check_question(who, what); !fit) co_return fit.error();
  const auto prompt = prompt_for(who, what);
  if (!prompt) co_return prompt.error();
  const bool unanswered = co_await end_question(who, "replaced");
  if (!unanswered) {
    co_return make_problem(ProblemType::conflict,
                           "The question before was answered just now: read the consents first.");
  }

  const auto clocks = read_clocks();
  const auto time = (*prompt)->length() + what.answer_within;
  OpenQuestion open;
  open.id = media::QuestionId{++questions_ever_};
  open.purposes = std::move(what.purposes);
  open.language = (*prompt)->language;
  open.prompt_hash = (*prompt)->hash;
  open.until = clocks.steady + time;
  open.until_wall = clocks.wall + time;
  media::Question question;
  question.id = open.id;
  question.prompt = (*prompt)->encoded;
  question.answers = media::key_bit(consent_key) | media::key_bit(decline_key);
  question.until = open.until;
  question.voice = new_voice(services_.entropy);
  who.question = open;  // before anybody can answer it
  const auto apply = [&question, source = who.source](MediaPath& path) {
    return path.relay().ask(std::chrono::steady_clock::now(), source, question);
  };
  const bool is_heard = co_await worker_.run(apply);
  if (!is_heard) {
    who.question.reset();
    co_return make_problem(ProblemType::conflict,
                           "No leg of this participant can be spoken to: offer and answer come "
                           "first, it must not be on hold, and both sides must take Opus, PCMA or "
                           "PCMU.");
  }
  publish_question(who.id, open);
  if (open.until < timer_.expiry()) timer_.cancel();
  co_return open;
}

asio::awaitable<Answered<void>> Conference::stop_asking(std::string participant) {
  const auto hold = co_await turn_.take();
  const auto found = find(participant);
  if (!found) co_return found.error();
  Participant& who = **found;
  if (!who.question) {
    co_return make_problem(ProblemType::not_found, "Nothing is asked of this participant.");
  }
  const bool unanswered = co_await end_question(who, "stopped");
  if (!unanswered) {
    co_return make_problem(ProblemType::conflict, "The question was answered just now.");
  }
  co_return Answered<void>{};
}

// Once the worker has stopped, whatever was answered before is known here, and takes its turn.
asio::awaitable<bool> Conference::end_question(Participant& who, std::string cause) {
  if (!who.question) co_return true;
  const auto stop = [source = who.source](MediaPath& path) {
    path.relay().stop_asking(source);
    return true;
  };
  co_await worker_.run(stop);
  if (who.question->answer) co_return false;
  drop_question(who, cause);
  co_return true;
}

void Conference::drop_question(Participant& who, std::string_view cause) {
  if (!who.question) return;
  json::object end;
  end["cause"] = cause;
  publish_question_end(who.id, *std::exchange(who.question, std::nullopt), std::move(end));
}

std::optional<media::TimePoint> Conference::next_question_end() const {
  std::optional<media::TimePoint> next;
  for (const auto& [id, who] : participants_) {
    if (!who->question || who->question->answer) continue;
    if (!next || who->question->until < *next) next = who->question->until;
  }
  return next;
}

// Nobody has answered: that is no.
asio::awaitable<void> Conference::end_questions(media::TimePoint now) {
  for (Participant* who : everybody()) {
    if (!who->question || now < who->question->until) continue;
    const bool unanswered = co_await end_question(*who, "expired");
    (void)unanswered;  // an answer from just before takes its turn next
  }
}

void Conference::on_key(const media::KeyPressed& press) {
  if (!press.authenticated && !services_.keypad.accepts_plain_rtp()) return;
  for (const auto& [id, who] : participants_) {
    const bool is_asked = who->source == press.source && who->question &&
                          who->question->id == press.question && !who->question->answer;
    if (!is_asked) continue;
    who->question->answer = press;
    asio::co_spawn(
        timer_.get_executor(),
        [](std::shared_ptr<Conference> self, std::string participant,
           media::QuestionId question) -> asio::awaitable<void> {
          co_await self->take_answer(std::move(participant), question);
        }(shared_from_this(), id, press.question),
        asio::detached);
    return;
  }
}

asio::awaitable<void> Conference::take_answer(std::string participant, media::QuestionId id) {
  const auto hold = co_await turn_.take();
  const auto found = find(participant);
  if (!found || !(*found)->question || (*found)->question->id != id) co_return;
  const OpenQuestion question = *std::exchange((*found)->question, std::nullopt);
  json::object states;
  json::object problems;
  for (const auto& [purpose, notice] : question.purposes) {
    const auto answered = co_await answer_for(participant, purpose, question);
    if (!answered) problems[purpose] = answered.error().detail;
    const auto* consent = policy_.consent(participant, purpose);
    states[purpose] =
        to_string(consent != nullptr ? consent->state : policy::ConsentState::unknown);
  }
  json::object end;
  end["cause"] = question.answer->key == consent_key ? "consented" : "declined";
  end["states"] = std::move(states);
  if (!problems.empty()) end["problems"] = std::move(problems);
  publish_question_end(participant, question, std::move(end));
}

// The way of every consent: judged by the policy, recorded, enforced.
asio::awaitable<Answered<ConsentOutcome>> Conference::answer_for(std::string participant,
                                                                 std::string purpose,
                                                                 const OpenQuestion& question) {
  const media::KeyPressed& press = *question.answer;
  const auto clocks = read_clocks();
  ReceiptOf no_receipt;
  const auto* standing = policy_.consent(participant, purpose);
  const bool is_granted =
      standing != nullptr && standing->state_at(clocks.wall) == policy::ConsentState::granted;
  if (press.key == decline_key && is_granted) {
    policy::ConsentWithdrawn withdrawal;
    withdrawal.participant = std::move(participant);
    withdrawal.purpose = std::move(purpose);
    co_return co_await withdraw_in_turn(std::move(withdrawal), press.at, std::move(no_receipt));
  }
  policy::ConsentStated stated;
  policy::Statement& statement = stated.statement;
  statement.answer = press.key == consent_key ? policy::Answer::granted : policy::Answer::refused;
  statement.method = policy::Method::verbal;
  statement.evidence = evidence_of(press, question, services_.keypad.attester());
  statement.notice = question.purposes.at(purpose);
  // What was withdrawn or refused since the key was pressed stands.
  statement.stated_at = clocks.wall_of(press.at);
  stated.participant = std::move(participant);
  stated.purpose = std::move(purpose);
  co_return co_await state_in_turn(std::move(stated), std::move(no_receipt));
}

void Conference::publish_question(std::string_view participant, const OpenQuestion& question) {
  json::object object{{"room", identity_.room}, {"participant", participant}};
  object["purposes"] = names_of(question.purposes);
  object["language"] = question.language;
  object["prompt"] = question.prompt_hash;
  tell("question_opened", participant, object);
}

void Conference::publish_question_end(std::string_view participant, const OpenQuestion& question,
                                      json::object end) {
  end["room"] = identity_.room;
  end["participant"] = participant;
  end["purposes"] = names_of(question.purposes);
  tell("question_closed", participant, end);
}

}  // namespace assent::gateway

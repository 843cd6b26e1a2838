// What the gateway says to a participant itself, and the keys that answer it.
#include <algorithm>

#include "media/relay.hpp"

namespace assent::media {

bool Relay::ask(TimePoint now, SourceId id, const Question& question) {
  stop_asking(id);
  for (const LegId leg_id : source(id).legs) {
    Leg& leg = *legs_[index(leg_id)];
    if (leg.config().side != Side::client || !leg.hears()) continue;
    const auto& takes = leg.config().takes;
    for (const auto& prompt : question.prompt) {
      const auto type = std::ranges::find(takes, prompt->codec);
      if (type == takes.end()) continue;
      if (!leg.voice) leg.voice = question.voice;
      // One SSRC of two senders is one keystream of two texts (RFC 3711 §9.1).
      while (is_sent_by_others(leg, leg.voice->ssrc))
        leg.voice->ssrc = Ssrc{static_cast<std::uint32_t>(leg.voice->ssrc) + 1};
      leg.asking = Asking{question.id, question.answers, question.until, prompt->duration()};
      leg.playback.emplace(now, prompt, static_cast<std::uint8_t>(type - takes.begin()),
                           *leg.voice);
      leg.playback_section =
          leg.config().bundle.payload_types[static_cast<std::size_t>(type - takes.begin())];
      speaking_.push_back(leg_id);
      if (!leg.playback->next_timeout()) fall_silent(leg);  // there is nothing in it
      return true;
    }
  }
  return false;
}

bool Relay::is_sent_by_others(const Leg& leg, Ssrc ssrc) const {
  return std::ranges::any_of(leg.links, [&](const std::optional<LegLink>& link) {
    return link && legs_[index(link->leg)]->carries(ssrc);
  });
}

void Relay::stop_asking(SourceId id) {
  for (const LegId leg_id : source(id).legs)
    stop_asking(*legs_[index(leg_id)]);
}

void Relay::stop_asking(Leg& leg) {
  leg.asking.reset();
  fall_silent(leg);
}

// Never begins the voice's sequence anew: it goes on with the next prompt (RFC 3711 §9.1).
void Relay::fall_silent(Leg& leg) {
  if (!leg.playback) return;
  leg.voice = leg.playback->voice();
  leg.playback.reset();
  std::erase(speaking_, leg.id);
}

void Relay::speak(TimePoint now, Outbox& out) {
  for (std::size_t i = 0; i < speaking_.size();) {
    Leg& leg = *legs_[index(speaking_[i])];
    say_due(now, leg, out);
    if (leg.playback->next_timeout()) {
      ++i;
    } else {
      fall_silent(leg);  // and takes it out of the list
    }
  }
}

void Relay::say_due(TimePoint now, Leg& leg, Outbox& out) {
  while (out.has_room_for(1)) {
    const auto room = out.room();
    const auto size =
        leg.playback->write(now, room.first(datagram_bytes_max - srtp_trailer_bytes_max));
    if (size == 0) return;
    const auto sealed = leg.seal_rtp(room, size);
    // Time passes in the stream all the same.
    if (!sealed || !leg.hears() || now >= leg.sends_until()) continue;
    Outgoing outgoing;
    outgoing.lane = {Lane::Kind::leg_rtp, static_cast<std::uint32_t>(leg.id)};
    outgoing.size = static_cast<std::uint16_t>(*sealed);
    outgoing.to = leg.config().remote_rtp;
    outgoing.source = leg.config().source;
    outgoing.came_from = static_cast<std::uint32_t>(leg.id);  // from nowhere else: see give_back
    out.push(outgoing);
  }
}

// Of an authenticated packet. Every press is remembered, so that one from before the question is
// not taken for an answer when it is heard of again.
void Relay::hear_keys(TimePoint now, Leg& leg, IngressStream& stream, const RtpView& packet,
                      std::int64_t sequence) {
  std::uint32_t timestamp = packet.timestamp();
  for (const TelephoneEvent& report : telephone_events(packet.payload())) {
    const bool asked = leg.asking && now < leg.asking->until;
    const auto press = stream.key_presses.record(timestamp, report, asked);
    timestamp += report.duration;  // the next one began when this one ended (RFC 4733 §2.5.1.5)
    if (!press.begins || !press.is_answer || !press.key) continue;
    const Asking asking = *leg.asking;
    if ((asking.answers & key_bit(*press.key)) == 0) continue;
    KeyPressed answer;
    answer.room = room_of(leg);
    answer.source = leg.config().source;
    answer.question = asking.question;
    answer.key = *press.key;
    answer.ssrc = stream.ssrc;
    answer.sequence = sequence;
    answer.timestamp = timestamp - report.duration;
    answer.at = now;
    answer.prompt_length = asking.prompt_length;
    answer.prompt_said = asking.prompt_length -
                         (leg.playback ? leg.playback->remaining() : std::chrono::milliseconds{0});
    answer.authenticated = leg.is_secure();
    events_.push_back(answer);
    stop_asking(leg);  // the call goes on with the very next packet
  }
}

}  // namespace assent::media

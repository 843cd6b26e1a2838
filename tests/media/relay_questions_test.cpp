#include <algorithm>

#include "tests/media/relay_fixture.hpp"

namespace assent::media::tests {
namespace {

constexpr std::uint16_t held_for_long = 8'000;
constexpr Ssrc voice_ssrc{0x5555};
constexpr Ssrc server_ssrc{0x77};

std::shared_ptr<const EncodedPrompt> spoken(Codec codec, std::size_t frames) {
  EncodedPrompt prompt{codec, codec == Codec::opus ? 960U : 160U, {}};
  for (std::size_t i = 0; i < frames; ++i)
    prompt.frames.emplace_back(20 + i, static_cast<std::byte>(i));
  return std::make_shared<const EncodedPrompt>(std::move(prompt));
}

// RFC 4733 §2.3 under an RTP header.
std::vector<std::byte> key_report(std::uint16_t sequence, std::uint32_t timestamp,
                                  std::uint8_t event, std::uint16_t duration = 160,
                                  bool end = false) {
  std::vector<std::byte> packet(12 + 4);
  packet[0] = std::byte{0x80};
  packet[1] = std::byte{dtmf_pt};
  store_be16(packet, 2, sequence);
  store_be32(packet, 4, timestamp);
  store_be32(packet, 8, static_cast<std::uint32_t>(speaker_ssrc));
  packet[12] = std::byte{event};
  packet[13] = end ? std::byte{0x8a} : std::byte{0x0a};
  store_be16(packet, 14, duration);
  return packet;
}

class QuestionTest : public RelayTest {
 protected:
  Question question(std::size_t frames = 5, Codec codec = Codec::opus) const {
    Question question;
    question.id = QuestionId{9};
    question.prompt.push_back(spoken(codec, frames));
    question.answers = key_bit(Key::one) | key_bit(Key::two);
    question.until = now + 30s;
    question.voice = {voice_ssrc, SequenceNumber{700}, 4'000'000'000U, {}};
    return question;
  }
  void press(const Participant& who, std::uint16_t sequence, std::uint32_t timestamp,
             std::uint8_t event) {
    arrive(who.client, who.client_port, key_report(sequence, timestamp, event));
  }
  std::vector<KeyPressed> answers() {
    std::vector<KeyPressed> found;
    for (const auto& event : relay.events()) {
      if (const auto* pressed = std::get_if<KeyPressed>(&event)) found.push_back(*pressed);
    }
    return found;
  }
  // Lets the time pass to the next thing that is to be said, and gives what it was.
  std::vector<std::vector<std::byte>> said_next(const Participant& to) {
    outbox.clear();
    now = relay.next_timeout().value_or(now);
    relay.handle_timeout(now, outbox);
    return sent_to(to.client);
  }
  std::size_t forwarded_to_client(const Participant& who, std::uint16_t sequence) {
    outbox.clear();
    arrive(who.server, who.server_port, rtp(sequence, server_ssrc));
    return sent_to(who.client).size();
  }
};

TEST_F(QuestionTest, AKeyIsOneAnswerHoweverOftenItIsReported) {
  const auto a = join(1000);
  ASSERT_TRUE(relay.ask(now, a.source, question()));
  for (std::uint16_t i = 0; i < 5; ++i) {
    arrive(a.client, a.client_port,
           key_report(static_cast<std::uint16_t>(40 + i), 5'000, 1,
                      static_cast<std::uint16_t>(160 * (i + 1))));
  }
  for (std::uint16_t i = 0; i < 3; ++i)  // the end, three times (RFC 4733 §2.5.1.4)
    arrive(a.client, a.client_port,
           key_report(static_cast<std::uint16_t>(45 + i), 5'000, 1, 960, true));
  arrive(a.client, a.client_port, key_report(47, 5'000, 1, 960, true));  // and once by the network
  ASSERT_EQ(answers().size(), 1U);
  const auto answer = answers()[0];
  EXPECT_EQ(answer.question, QuestionId{9});
  EXPECT_EQ(answer.source, a.source);
  EXPECT_EQ(answer.key, Key::one);
  EXPECT_EQ(answer.ssrc, speaker_ssrc);
  EXPECT_EQ(answer.sequence, 40);
  EXPECT_EQ(answer.timestamp, 5'000U);
}

TEST_F(QuestionTest, AReportOfTheSamePressIsNoAnswerToTheNextQuestion) {
  const auto a = join(1000);
  relay.ask(now, a.source, question());
  press(a, 40, 5'000, 1);
  auto another = question();
  another.id = QuestionId{10};
  relay.ask(now, a.source, another);
  arrive(a.client, a.client_port, key_report(41, 5'000, 1, 960, true));
  EXPECT_EQ(answers().size(), 1U);
  press(a, 42, 9'000, 2);
  ASSERT_EQ(answers().size(), 2U);
  EXPECT_EQ(answers()[1].question, QuestionId{10});
  EXPECT_EQ(answers()[1].key, Key::two);
}

TEST_F(QuestionTest, APressFromBeforeTheQuestionIsNoAnswer) {
  const auto a = join(1000);
  press(a, 40, 5'000, 1);
  relay.ask(now, a.source, question());
  arrive(a.client, a.client_port, key_report(41, 5'000, 1, 320));
  arrive(a.client, a.client_port, key_report(42, 5'000, 1, 480, true));
  EXPECT_TRUE(answers().empty());
}

TEST_F(QuestionTest, EachOfSeveralPressesInOnePacketCounts) {
  const auto a = join(1000);
  relay.ask(now, a.source, question());
  auto packet = key_report(40, 5'000, 7, 1'000, true);  // no answer, and then one
  packet.resize(packet.size() + 4);
  packet[16] = std::byte{2};
  packet[17] = std::byte{0x0a};
  store_be16(packet, 18, 160);
  arrive(a.client, a.client_port, packet);
  ASSERT_EQ(answers().size(), 1U);
  EXPECT_EQ(answers()[0].key, Key::two);
  EXPECT_EQ(answers()[0].timestamp, 6'000U);
}

TEST_F(QuestionTest, KeysThatAnswerNothingAreNothing) {
  const auto a = join(1000);
  press(a, 39, 1'000, 1);  // nobody asks
  relay.ask(now, a.source, question());
  press(a, 40, 5'000, 3);
  press(a, 41, 9'000, 36);  // no key at all
  EXPECT_TRUE(answers().empty());
  EXPECT_TRUE(relay.next_timeout());  // still asking
  relay.stop_asking(a.source);
  press(a, 42, 20'000, 1);
  EXPECT_TRUE(answers().empty());
}

TEST_F(QuestionTest, AKeyAtTheDeadlineIsNoAnswerWithoutAnyTimer) {
  const auto a = join(1000);
  const auto asked = question();
  relay.ask(now, a.source, asked);
  now = asked.until;
  press(a, 40, 5'000, 1);
  EXPECT_TRUE(answers().empty());
}

TEST_F(QuestionTest, AKeyInAPacketThatIsNotAuthenticChangesNothing) {
  const auto a = join(1000, key(1), key(2));
  relay.ask(now, a.source, question());
  const auto sealed = [](SrtpOutbound& by, std::vector<std::byte> packet) {
    const auto size = packet.size();
    packet.resize(size + srtp_trailer_bytes_max);
    packet.resize(*by.protect_rtp(packet, size));
    return packet;
  };
  SrtpOutbound forger{key(5)};
  SrtpOutbound peer{key(1)};
  arrive(a.client, a.client_port, sealed(forger, key_report(40, 5'000, 1)));
  arrive(a.client, a.client_port, key_report(40, 5'000, 1));  // in the clear
  EXPECT_TRUE(answers().empty());
  EXPECT_EQ(said_next(a).size(), 1U);  // the question goes on

  const auto genuine = sealed(peer, key_report(40, 5'000, 1));
  arrive(a.client, a.client_port, genuine);
  ASSERT_EQ(answers().size(), 1U);
  EXPECT_TRUE(answers()[0].authenticated);
  relay.ask(now, a.source, question());
  arrive(a.client, a.client_port, genuine);  // replayed
  EXPECT_EQ(answers().size(), 1U);
}

TEST_F(QuestionTest, APlainKeyFromAnotherAddressChangesNothing) {
  const auto a = join(1000);
  relay.ask(now, a.source, question());
  arrive(a.client, 4321, key_report(40, 5'000, 1));
  EXPECT_TRUE(answers().empty());
  press(a, 40, 5'000, 1);
  ASSERT_EQ(answers().size(), 1U);
  EXPECT_FALSE(answers()[0].authenticated);
}

TEST_F(QuestionTest, KeysReachTheServerAndNeverASink) {
  relay.set_sink(recorder, {});
  const auto a = join(1000);
  relay.open_route(a.source, recorder);
  relay.set_permit(now, a.source, recorder, open_forever);
  press(a, 40, 5'000, 1);
  relay.ask(now, a.source, question());
  press(a, 41, 9'000, 1);
  arrive(a.client, a.client_port, key_report(42, 9'000, 1, held_for_long, true));
  EXPECT_EQ(sent_to(a.server).size(), 3U);
  EXPECT_TRUE(sent_to(recorder).empty());
  EXPECT_EQ(withheld(a.source, Withheld::unfit_format), 3U);
}

TEST_F(QuestionTest, AKeyFromTheServerIsNoAnswer) {
  const auto a = join(1000);
  relay.ask(now, a.source, question());
  arrive(a.server, a.server_port, key_report(40, 5'000, 1));
  EXPECT_TRUE(answers().empty());
}

TEST_F(QuestionTest, ThePromptIsOneStreamWithoutAGap) {
  const auto a = join(1000);
  relay.ask(now, a.source, question(6));
  const auto began = now;
  for (std::uint16_t i = 0; i < 6; ++i) {
    const auto said = said_next(a);
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(now, began + i * 20ms);
    const auto packet = parse_rtp(said[0]);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->ssrc(), voice_ssrc);
    EXPECT_EQ(packet->payload_type(), opus_pt);
    EXPECT_EQ(packet->sequence().wire(), 700 + i);
    EXPECT_EQ(packet->timestamp(), 4'000'000'000U + i * 960U);
    EXPECT_EQ(packet->marker(), i == 0);
    EXPECT_EQ(packet->payload().size(), 20U + i);
  }
  EXPECT_FALSE(relay.next_timeout());
}

TEST_F(QuestionTest, TheNextPromptGoesOnInTheSameStreamAndIsNeverTheSameKeystream) {
  const auto a = join(1000, key(1), key(2));
  SrtpInbound peer{key(2)};
  std::vector<std::uint16_t> sequences;
  const auto hear = [&] {
    for (auto packet : said_next(a)) {
      const auto clear = peer.unprotect_rtp(packet);
      ASSERT_TRUE(clear) << to_string(clear.error());
      sequences.push_back(parse_rtp(*clear)->sequence().wire());
    }
  };
  relay.ask(now, a.source, question(2));
  hear();
  hear();
  now += 5s;
  relay.ask(now, a.source, question(3));
  hear();
  relay.stop_asking(a.source);  // in mid-word
  relay.ask(now, a.source, question(3));
  hear();
  EXPECT_EQ(sequences, (std::vector<std::uint16_t>{700, 701, 702, 703}));
}

TEST_F(QuestionTest, TheVoiceTakesNoSsrcThatTheServerSpeaksWith) {
  const auto a = join(1000, key(1), key(2));
  arrive(a.server, a.server_port, rtp(1, voice_ssrc));
  relay.ask(now, a.source, question());
  SrtpInbound peer{key(2)};
  auto said = said_next(a);
  ASSERT_EQ(said.size(), 1U);
  const auto clear = peer.unprotect_rtp(said[0]);
  ASSERT_TRUE(clear);
  EXPECT_NE(parse_rtp(*clear)->ssrc(), voice_ssrc);
}

TEST_F(QuestionTest, WhileItIsAskedTheCallIsHeldAndThenFlowsOn) {
  const auto a = join(1000);
  const auto b = join(2000);
  EXPECT_EQ(forwarded_to_client(a, 1), 1U);
  relay.ask(now, a.source, question(2));
  EXPECT_EQ(forwarded_to_client(a, 2), 0U);
  EXPECT_EQ(forwarded_to_client(b, 2), 1U);  // to others it is nothing
  said_next(a);
  EXPECT_EQ(forwarded_to_client(a, 3), 0U);
  speak(a, 1);
  EXPECT_EQ(sent_to(a.server).size(), 1U);  // the others hear the participant all the time
  said_next(a);
  EXPECT_EQ(forwarded_to_client(a, 4), 1U);  // all is said; the answer may still come
  press(a, 40, 5'000, 2);
  EXPECT_EQ(answers().size(), 1U);

  const auto& counters = relay.leg(a.server).counters;
  EXPECT_EQ(counters.unforwarded[static_cast<std::size_t>(DropReason::held_for_prompt)], 2U);
  EXPECT_EQ(counters.rtp_packets, counters.forwarded_packets + 2U);
}

TEST_F(QuestionTest, AnAnswerInMidWordLetsTheCallFlowOnAtOnce) {
  const auto a = join(1000);
  relay.ask(now, a.source, question(5));
  said_next(a);
  said_next(a);
  press(a, 40, 5'000, 1);
  EXPECT_FALSE(relay.next_timeout());
  EXPECT_EQ(forwarded_to_client(a, 4), 1U);
  ASSERT_EQ(answers().size(), 1U);
  EXPECT_EQ(answers()[0].prompt_said, 40ms);
  EXPECT_EQ(answers()[0].prompt_length, 100ms);
}

TEST_F(QuestionTest, ThePromptIsInACodecThatThePeerTakesByItsOwnNumber) {
  const auto a = join(1000);
  auto config = relay.leg(a.client).config();
  config.takes = {};
  config.takes[8] = Codec::pcma;
  relay.reconfigure_leg(a.client, config);
  EXPECT_FALSE(relay.ask(now, a.source, question()));  // in Opus only
  EXPECT_EQ(forwarded_to_client(a, 1), 1U);
  auto asked = question();
  asked.prompt.push_back(spoken(Codec::pcma, 4));
  ASSERT_TRUE(relay.ask(now, a.source, asked));
  const auto said = said_next(a);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(parse_rtp(said[0])->payload_type(), 8);
}

TEST_F(QuestionTest, WhoDoesNotListenIsNotAsked) {
  const auto a = join(1000);
  auto config = relay.leg(a.client).config();
  config.peer_listens = false;
  relay.reconfigure_leg(a.client, config);
  EXPECT_FALSE(relay.ask(now, a.source, question()));
  press(a, 40, 5'000, 1);
  EXPECT_TRUE(answers().empty());
}

TEST_F(QuestionTest, AQuestionThatIsCutShortByARenegotiationIsNone) {
  const auto a = join(1000);
  relay.ask(now, a.source, question());
  said_next(a);
  auto config = relay.leg(a.client).config();
  relay.reconfigure_leg(a.client, config);  // changes nothing
  EXPECT_TRUE(relay.next_timeout());
  config.peer_listens = false;
  relay.reconfigure_leg(a.client, config);
  EXPECT_FALSE(relay.next_timeout());
  press(a, 40, 5'000, 1);
  EXPECT_TRUE(answers().empty());
}

TEST_F(QuestionTest, NothingIsSaidToWhoLeft) {
  const auto a = join(1000);
  relay.ask(now, a.source, question());
  relay.remove_source(a.source);
  EXPECT_FALSE(relay.next_timeout());
  relay.handle_timeout(now, outbox);
  EXPECT_TRUE(outbox.outgoing().empty());
}

TEST_F(QuestionTest, WhatTheSystemDidNotTakeOfAPromptIsNoLossOfTheCall) {
  const auto a = join(1000);
  relay.ask(now, a.source, question());
  relay.handle_timeout(now, outbox);
  ASSERT_EQ(outbox.outgoing().size(), 1U);
  const auto& lost = outbox.outgoing()[0];
  relay.give_back(lost, outbox.bytes(lost));
  const auto record = relay.settle(a.source);
  for (const auto& leg : record) {
    EXPECT_EQ(leg.counters.forwarded_packets, 0U);
    EXPECT_EQ(leg.counters.forwarded_bytes, 0U);
    EXPECT_EQ(std::ranges::count(leg.counters.unforwarded, 0U), std::ptrdiff_t{drop_reasons});
  }
}

TEST_F(QuestionTest, WhatFindsNoRoomStaysDue) {
  const auto a = join(1000);
  relay.ask(now, a.source, question(3));
  Outbox full{0};
  relay.handle_timeout(now, full);
  EXPECT_EQ(relay.next_timeout(), now);
  relay.handle_timeout(now, outbox);
  EXPECT_EQ(sent_to(a.client).size(), 1U);
}

}  // namespace
}  // namespace assent::media::tests

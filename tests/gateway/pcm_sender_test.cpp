#include "gateway/pcm_sender.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/detached.hpp>
#include <random>
#include <span>
#include <thread>

#include "gateway/pcm_link.hpp"
#include "media/speech_decoder.hpp"
#include "tests/gateway/coroutine.hpp"
#include "tests/gateway/pcm_receiver.hpp"
#include "tests/gateway/temporary_folder.hpp"
#include "tests/seed.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t frame = media::pcm_frame_samples;  // at 16 kHz
constexpr std::uint32_t ticks = 160;                     // 20 ms at 8 kHz

struct Nothing {};

// Follows what a receiver hears: no sample comes twice, and none is missing that no gap tells of.
struct Timeline {
  void hear(const PcmHeard& one) {
    if (one.is_audio) {
      const auto samples = one.samples();
      audio.insert(audio.end(), samples.begin(), samples.end());
      position += samples.size();
      return;
    }
    const auto json = one.json();
    const auto at = json.contains("position") ? json.at("position").to_number<std::uint64_t>() : 0;
    if (one.type() == "start") {
      // What was on its way when a connection broke counts as shed, though it may have arrived.
      EXPECT_GE(at + frame, position);
      position = at;
    }
    EXPECT_EQ(at, position) << one.bytes;
    if (one.type() != "gap") return;
    position += json.at("samples").to_number<std::uint64_t>();
    (json.at("reason") == "shed" ? shed : missing) += json.at("samples").to_number<std::uint64_t>();
  }
  void hear(const std::vector<PcmHeard>& all) {
    for (const auto& one : all)
      hear(one);
  }

  std::uint64_t position = 0;
  std::uint64_t shed = 0;
  std::uint64_t missing = 0;
  std::vector<std::int16_t> audio;
};

class PcmSenderTest : public testing::Test {
 protected:
  static PcmSenderOptions options(const PcmReceiver& receiver) {
    PcmSenderOptions made;
    made.to = receiver.place();
    made.times.retry_min = 20ms;
    made.times.retry_max = 100ms;
    made.times.connect_within = 500ms;
    made.times.parting = 3s;
    return made;
  }
  static TrackSpec spec() {
    TrackSpec made;
    made.session = "session-1";
    made.room = "standup";
    made.participant = "ann";
    made.sink = "transcriber";
    made.purpose = "transcription";
    made.speaker = "5e";
    made.epoch = 3;
    made.purposes = {{"transcription", {"transcriber"}}};
    return made;
  }
  static TrackId open(PcmSender& sender) { return *run(sender.open(spec())); }

  // Packet n of a stream of G.711, as random as its seed.
  static std::array<std::byte, ticks> payload(std::uint64_t n) {
    std::mt19937 random{static_cast<std::uint32_t>(n) + 1};
    std::array<std::byte, ticks> bytes;
    for (auto& octet : bytes)
      octet = static_cast<std::byte>(random());
    return bytes;
  }
  static bool offer(PcmSender& sender, TrackId track, std::uint64_t n, std::uint32_t ssrc = 77,
                    media::Codec codec = media::Codec::pcmu) {
    return offer_bytes(sender, track, n, payload(n), ssrc, codec);
  }
  static bool offer_bytes(PcmSender& sender, TrackId track, std::uint64_t n,
                          std::span<const std::byte> bytes, std::uint32_t ssrc,
                          media::Codec codec) {
    RecordedPacket packet;
    packet.track = track;
    packet.ssrc = ssrc;
    packet.extended_sequence = 65'000 + n;
    packet.rtp_timestamp = static_cast<std::uint32_t>(4'294'967'000u + n * ticks);
    packet.captured = Clock::now();
    packet.payload = bytes;
    packet.codec = codec;
    return sender.offer(0, packet);
  }
  static void speak(PcmSender& sender, TrackId track, std::uint64_t from, std::uint64_t until) {
    for (auto n = from; n < until; ++n)
      ASSERT_TRUE(offer(sender, track, n));
  }
  static std::vector<std::int16_t> decoded(std::uint64_t from, std::uint64_t until) {
    const auto decoder = media::SpeechDecoder::make(media::Codec::pcmu);
    std::vector<std::int16_t> out;
    for (auto n = from; n < until; ++n)
      decoder->decode(payload(n), out);
    return out;
  }
  static TrackEnd withdrawal(std::uint64_t last) {
    TrackEnd how;
    how.reason = "consent_withdrawn";
    how.withdrawn = true;
    how.cuts.push_back({77, 65'000 + last});
    return how;
  }
  static Clock::duration end(PcmSender& sender, TrackId track, TrackEnd how) {
    const auto ending = [](PcmSender& of, TrackId id,
                           TrackEnd by) -> boost::asio::awaitable<Nothing> {
      co_await of.end(id, std::move(by));
      co_return Nothing{};
    };
    const auto began = Clock::now();
    run(ending(sender, track, std::move(how)));
    return Clock::now() - began;
  }
  static void serve(PcmSender& sender, TrackId track, ServedPurposes purposes) {
    const auto serving = [](PcmSender& of, TrackId id,
                            ServedPurposes to) -> boost::asio::awaitable<Nothing> {
      co_await of.serve(id, std::move(to));
      co_return Nothing{};
    };
    run(serving(sender, track, std::move(purposes)));
  }
  // Until so many samples were heard, gaps included.
  static void hear(PcmHearing& hearing, Timeline& timeline, std::uint64_t samples) {
    while (timeline.position < samples) {
      const auto one = hearing.next();
      ASSERT_TRUE(one) << "after " << timeline.position << " samples";
      timeline.hear(*one);
    }
  }
  // All up to the end, over as many connections as it takes; nothing follows it.
  static std::vector<PcmHeard> rest_of(PcmReceiver& receiver, std::unique_ptr<PcmHearing> hearing,
                                       Timeline timeline = {}) {
    std::vector<PcmHeard> all;
    while (all.empty() || all.back().type() != "end") {
      if (auto one = hearing->next()) {
        timeline.hear(*one);
        all.push_back(*std::move(one));
      } else {
        hearing = receiver.accept();  // torn down, rather than late
      }
    }
    EXPECT_FALSE(hearing->next()) << "something came after the end";
    return all;
  }
  // More than a receiver of little room hears unless it reads.
  static void give_all_to_the_system(PcmSender& sender, TrackId track, std::uint64_t packets) {
    speak(sender, track, 0, packets);
    for (int i = 0; i < 500 && sender.health().samples.sent < packets * frame; ++i)
      std::this_thread::sleep_for(10ms);
    ASSERT_EQ(sender.health().samples.sent, packets * frame);
  }
  // Of all that it still hears.
  static std::size_t audio_bytes_of(PcmHearing& hearing) {
    hearing.listen();
    std::size_t bytes = 0;
    while (const auto one = hearing.next(1s))
      bytes += one->is_audio ? one->bytes.size() : 0;
    return bytes;
  }
  // So much that no buffer takes it, at a pace that the decoder follows. Gives the next number.
  static std::uint64_t flood(PcmSender& sender, TrackId track, std::uint64_t from,
                             std::uint64_t packets) {
    for (auto n = from; n < from + packets; ++n) {
      const auto began = Clock::now();
      EXPECT_TRUE(offer(sender, track, n));
      EXPECT_LT(Clock::now() - began, 100ms) << "it was waited for the receiver";
      if (n % 32 == 31) std::this_thread::sleep_for(25ms);
    }
    return from + packets;
  }
};

class PcmSenderOver : public PcmSenderTest, public testing::WithParamInterface<const char*> {
 protected:
  std::unique_ptr<PcmReceiver> make_receiver() const {
    const std::string way = GetParam();
    if (way == "unix") return std::make_unique<PcmReceiver>(folder_.path() / "a.sock");
    return std::make_unique<PcmReceiver>(way == "websocket" ? PcmTransport::websocket
                                                            : PcmTransport::stream);
  }
  TemporaryFolder folder_;
};

TEST_P(PcmSenderOver, AudioArrivesToTheSampleAsTheDecoderGivesIt) {
  const auto receiver = make_receiver();
  PcmSender sender{options(*receiver)};
  const auto track = open(sender);
  auto hearing = receiver->accept();
  const auto start = hearing->next();
  ASSERT_TRUE(start);
  EXPECT_EQ(start->type(), "start");
  EXPECT_EQ(start->json().at("speaker").as_string(), "5e");

  speak(sender, track, 0, 50);
  Timeline timeline;
  hear(*hearing, timeline, 50 * frame);
  EXPECT_EQ(timeline.audio, decoded(0, 50));
  EXPECT_EQ(timeline.shed + timeline.missing, 0U);
  TrackEnd how;
  how.reason = "purpose_not_started";
  end(sender, track, how);
  const auto rest = rest_of(*receiver, std::move(hearing), timeline);
  EXPECT_EQ(rest.back().json().at("position"), 50 * frame);
}

INSTANTIATE_TEST_SUITE_P(EachWay, PcmSenderOver, testing::Values("websocket", "stream", "unix"),
                         [](const auto& tested) { return std::string{tested.param}; });

TEST_F(PcmSenderTest, WhatIsLostIsToldAsAGapOfItsLength) {
  PcmReceiver receiver;
  PcmSender sender{options(receiver)};
  const auto track = open(sender);
  const auto hearing = receiver.accept();
  speak(sender, track, 0, 10);
  speak(sender, track, 35, 45);
  Timeline timeline;
  hear(*hearing, timeline, 45 * frame);
  EXPECT_EQ(timeline.missing, 25U * frame);
  EXPECT_EQ(timeline.audio.size(), 20U * frame);
}

TEST_F(PcmSenderTest, AnotherSsrcAndAnotherCodecHaveConnectionsOfTheirOwn) {
  PcmReceiver receiver;
  auto made = options(receiver);
  made.streams_max = 3;
  PcmSender sender{std::move(made)};
  const auto track = open(sender);
  ASSERT_TRUE(offer(sender, track, 0));
  ASSERT_TRUE(offer(sender, track, 0, 78));
  ASSERT_TRUE(offer(sender, track, 1, 77, media::Codec::pcma));
  ASSERT_TRUE(offer(sender, track, 1, 79));  // one too many
  std::set<std::int64_t> numbers;
  std::vector<std::unique_ptr<PcmHearing>> hearings;
  for (int i = 0; i < 3; ++i) {
    hearings.push_back(receiver.accept());
    numbers.insert(hearings.back()->next()->json().at("stream").as_int64());
  }
  EXPECT_EQ(numbers, (std::set<std::int64_t>{0, 1, 2}));
  EXPECT_LT(receiver.accept_unheard(100ms), 0);
}

TEST_F(PcmSenderTest, PacketsOfNoOpenTrackAndOfNoKnownCodecGoNowhere) {
  PcmReceiver receiver;
  PcmSender sender{options(receiver)};
  EXPECT_TRUE(offer(sender, TrackId{9}, 0)) << "taken, to be thrown away";
  const auto track = open(sender);
  EXPECT_TRUE(offer(sender, track, 1, 77, media::Codec::red));
  const auto hearing = receiver.accept();
  EXPECT_EQ(hearing->next()->type(), "start");
  EXPECT_FALSE(hearing->next(300ms));
}

TEST_F(PcmSenderTest, NothingOfThePersonLeavesAfterAWithdrawalThoughMoreIsOffered) {
  for (const auto transport : {PcmTransport::websocket, PcmTransport::stream}) {
    PcmReceiver receiver{transport};
    PcmSender sender{options(receiver)};
    for (int round = 0; round < 20; ++round) {
      const auto track = open(sender);
      auto hearing = receiver.accept();
      std::atomic<bool> over = false;
      std::uint64_t n = 0;
      std::thread talker{[&] {
        for (; !over && n < 5'000; ++n) {
          if (!offer(sender, track, n)) break;
          std::this_thread::sleep_for(100us);
        }
      }};
      std::this_thread::sleep_for(std::chrono::milliseconds{5 + 13 * round});
      const std::uint64_t last = 5;
      end(sender, track, withdrawal(last));
      std::this_thread::sleep_for(30ms);
      const auto sent = sender.health().samples.sent;
      std::this_thread::sleep_for(30ms);
      EXPECT_EQ(sender.health().samples.sent, sent);
      over = true;
      talker.join();
      const auto all = rest_of(receiver, std::move(hearing));
      ASSERT_GE(all.size(), 2U);
      EXPECT_EQ(all[all.size() - 2].type(), "withdrawn");
      EXPECT_EQ(all[all.size() - 2].json().at("last_sequence"), 65'000 + last);
    }
  }
}

TEST_F(PcmSenderTest, AStalledReceiverDoesNotDelayAWithdrawalAndGetsNoMoreThanTheSystemHad) {
  for (const auto transport : {PcmTransport::websocket, PcmTransport::stream}) {
    PcmReceiver receiver{transport, 4'096};
    PcmSender sender{options(receiver)};
    const auto track = open(sender);
    const auto stalled = receiver.accept(false);
    const auto n = flood(sender, track, 0, 600);
    EXPECT_GT(sender.health().samples.shed, 100U * frame);
    EXPECT_LT(end(sender, track, withdrawal(n)), 250ms);
    const auto sent = sender.health().samples.sent;
    for (int i = 0; i < 20; ++i)
      (void)offer(sender, track, n + static_cast<std::uint64_t>(i));

    // It is told of the withdrawal on a connection of its own, without any audio.
    const auto anew = receiver.accept();
    const auto all = anew->until("end");
    ASSERT_GE(all.size(), 3U);
    EXPECT_EQ(all[0].type(), "start");
    EXPECT_EQ(all[all.size() - 2].type(), "withdrawn");
    for (const auto& one : all)
      EXPECT_FALSE(one.is_audio);
    EXPECT_EQ(sender.health().samples.sent, sent);
  }
}

TEST_F(PcmSenderTest, WhatTheSystemStillHoldsOfAPersonWhoWithdrewNeverLeaves) {
  for (const auto transport : {PcmTransport::websocket, PcmTransport::stream}) {
    PcmReceiver receiver{transport, 4'096};
    PcmSender sender{options(receiver)};
    const auto track = open(sender);
    const auto hearing = receiver.accept(false);
    give_all_to_the_system(sender, track, 25);
    end(sender, track, withdrawal(25));
    const auto arrived = hearing->arrived();
    EXPECT_LE(audio_bytes_of(*hearing), arrived);
    EXPECT_LT(arrived, 25 * 2 * frame) << "the system held none";

    // It is told of the withdrawal on another connection.
    const auto all = receiver.accept()->until("end");
    EXPECT_EQ(all[all.size() - 2].type(), "withdrawn");
    for (const auto& one : all)
      EXPECT_FALSE(one.is_audio);
  }
}

TEST_F(PcmSenderTest, WhatTheSystemStillHoldsNeverLeavesUnderMorePurposesThanAreLeft) {
  PcmReceiver receiver{PcmTransport::stream, 4'096};
  PcmSender sender{options(receiver)};
  auto wide = spec();
  wide.purposes["summary"] = {"summariser"};
  const auto track = *run(sender.open(wide));
  const auto hearing = receiver.accept(false);
  give_all_to_the_system(sender, track, 25);
  serve(sender, track, spec().purposes);
  const auto arrived = hearing->arrived();
  EXPECT_LE(audio_bytes_of(*hearing), arrived);
  EXPECT_LT(arrived, 25 * 2 * frame) << "the system held none";
  const auto start = receiver.accept()->next();
  ASSERT_TRUE(start);
  EXPECT_FALSE(start->json().at("purposes").as_object().contains("summary"));
}

TEST_F(PcmSenderTest, WhatTheSystemStillHoldsGoesNowhereWhenTheGatewayEnds) {
  for (const auto transport : {PcmTransport::websocket, PcmTransport::stream}) {
    PcmReceiver receiver{transport, 4'096};
    std::unique_ptr<PcmHearing> hearing;
    std::thread accepting{[&] { hearing = receiver.accept(false); }};
    const std::size_t messages = 25;
    {
      boost::asio::io_context loop;
      auto link = PcmLink::make(loop.get_executor(), receiver.place());
      const auto speaking = [&]() -> boost::asio::awaitable<void> {
        bool done = co_await link->open();
        for (std::size_t i = 0; i < messages; ++i) {
          PcmMessage audio{true, std::string(2 * frame, 'a')};
          const bool written = co_await link->write(std::move(audio));
          done = done && written;
        }
        EXPECT_TRUE(done);
        EXPECT_GT(link->unsent(), 0U);
      };
      boost::asio::co_spawn(loop, speaking(), boost::asio::detached);
      loop.run();
    }
    accepting.join();
    const auto arrived = hearing->arrived();
    EXPECT_LE(audio_bytes_of(*hearing), arrived);
  }
}

TEST_F(PcmSenderTest, MorePurposesCostNobodyTheConnection) {
  PcmReceiver receiver{PcmTransport::stream, 4'096};
  PcmSender sender{options(receiver)};
  const auto track = open(sender);
  const auto hearing = receiver.accept(false);
  give_all_to_the_system(sender, track, 25);
  auto wide = spec().purposes;
  serve(sender, track, wide);
  wide["summary"] = {"summariser"};
  serve(sender, track, wide);
  hearing->listen();
  const auto all = hearing->until("purposes");
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const auto& one) { return one.is_audio; }),
            25);
}

TEST_F(PcmSenderTest, ASlowReceiverLosesAudioAndIsToldWhichAndHearsTheRest) {
  PcmReceiver receiver{PcmTransport::stream, 4'096};
  PcmSender sender{options(receiver)};
  const auto track = open(sender);
  const auto hearing = receiver.accept(false);
  const auto n = flood(sender, track, 0, 600);
  hearing->listen();
  Timeline timeline;
  hear(*hearing, timeline, n * frame);
  EXPECT_GT(timeline.shed, 100U * frame);
  EXPECT_EQ(timeline.missing, 0U);
  EXPECT_EQ(timeline.shed + timeline.audio.size(), n * frame);
}

TEST_F(PcmSenderTest, ALostConnectionIsMadeAgainAndSaysWhereItGoesOn) {
  for (const auto transport : {PcmTransport::websocket, PcmTransport::stream}) {
    PcmReceiver receiver{transport};
    std::atomic<int> changes = 0;
    auto made = options(receiver);
    made.on_change = [&](bool) { ++changes; };
    PcmSender sender{std::move(made)};
    const auto track = open(sender);
    Timeline timeline;
    {
      const auto hearing = receiver.accept();
      speak(sender, track, 0, 20);
      hear(*hearing, timeline, 20 * frame);
    }
    const int again = receiver.accept_unheard();
    speak(sender, track, 20, 40);  // before it is heard
    const auto hearing = receiver.hear(again);
    const auto start = hearing->next();
    ASSERT_TRUE(start);
    EXPECT_EQ(start->json().at("connection"), 2);
    timeline.hear(*start);
    hear(*hearing, timeline, 40 * frame);
    EXPECT_EQ(timeline.audio.size() + timeline.shed, 40U * frame);
    EXPECT_EQ(changes, 2) << "lost, and found again";
  }
}

TEST_F(PcmSenderTest, WhoeverIsNoReceiverIsTriedAgainLaterAndHarmsNothing) {
  PcmReceiver receiver;
  PcmSender sender{options(receiver)};
  const auto track = open(sender);
  const std::string switching =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  const std::vector<std::string> answers{
      "",
      "\x16\x03\x01 no HTTP at all",
      "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
      switching + "\r\n",
      switching + "Sec-WebSocket-Accept: c29tZWJvZHkgZWxzZSdz\r\n\r\n",
      switching + std::string(100'000, 'x'),
  };
  for (const auto& answer : answers) {
    const int unheard = receiver.accept_unheard();
    ASSERT_GE(unheard, 0) << answer.substr(0, 40);
    std::array<char, 2'048> request{};
    EXPECT_GT(::recv(unheard, request.data(), request.size(), 0), 0);
    (void)::send(unheard, answer.data(), answer.size(), MSG_NOSIGNAL);
    const int after = receiver.accept_unheard();  // it gave up, and came again
    ASSERT_GE(after, 0) << answer.substr(0, 40);
    ::close(unheard);
    ::close(after);
  }
  speak(sender, track, 0, 10);
  const auto hearing = receiver.accept();
  Timeline timeline;
  hear(*hearing, timeline, 10 * frame);
  EXPECT_EQ(timeline.audio, decoded(0, 10));
}

TEST_F(PcmSenderTest, NoiseFromAReceiverEndsTheConnectionAtTheMost) {
  const auto seed = tests::Seed::from_environment_or(42);
  SCOPED_TRACE(seed.text());
  std::mt19937 random{static_cast<std::uint32_t>(seed.value())};
  PcmReceiver receiver{PcmTransport::websocket};
  PcmSender sender{options(receiver)};
  const auto track = open(sender);
  for (int round = 0; round < 8; ++round) {
    const int descriptor = receiver.accept_unheard();
    ASSERT_GE(descriptor, 0);
    boost::asio::io_context loop;
    boost::beast::websocket::stream<boost::asio::ip::tcp::socket> raw{
        loop, boost::asio::ip::tcp::v4(), descriptor};
    boost::system::error_code error;
    raw.accept(error);
    ASSERT_FALSE(error);
    std::string noise(1 + random() % 4'000, '\0');
    for (char& octet : noise)
      octet = static_cast<char>(random());
    (void)::send(descriptor, noise.data(), noise.size(), MSG_NOSIGNAL);
    speak(sender, track, static_cast<std::uint64_t>(round) * 10,
          static_cast<std::uint64_t>(round) * 10 + 10);
    raw.next_layer().close(error);
  }
  const auto hearing = receiver.accept();
  EXPECT_EQ(hearing->next()->type(), "start");
}

TEST_F(PcmSenderTest, FewerPurposesAreKnownBeforeAnythingThatFollowsTheAnswer) {
  PcmReceiver receiver;
  PcmSender sender{options(receiver)};
  auto wide = spec();
  wide.purposes["summary"] = {"summariser"};
  const auto track = *run(sender.open(std::move(wide)));
  const auto hearing = receiver.accept();
  speak(sender, track, 0, 20);
  Timeline timeline;
  hear(*hearing, timeline, 20 * frame);
  serve(sender, track, {{"transcription", {"transcriber"}}});
  speak(sender, track, 20, 30);
  const auto told = hearing->next();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->type(), "purposes");
  EXPECT_FALSE(told->json().at("purposes").as_object().contains("summary"));
  hear(*hearing, timeline, 30 * frame);
}

TEST_F(PcmSenderTest, MorePurposesAreForNothingThatWasSaidBefore) {
  PcmReceiver receiver;
  PcmSender sender{options(receiver)};
  const auto track = open(sender);
  const auto hearing = receiver.accept();
  speak(sender, track, 0, 5);
  speak(sender, track, 6, 10);  // held back for one that is missing
  auto wide = spec().purposes;
  wide["summary"] = {"summariser"};
  serve(sender, track, wide);
  speak(sender, track, 10, 15);
  Timeline timeline;
  for (;;) {
    const auto one = hearing->next();
    ASSERT_TRUE(one);
    if (one->type() == "purposes") break;
    timeline.hear(*one);
  }
  EXPECT_EQ(timeline.position, 10 * frame);
  hear(*hearing, timeline, 15 * frame);
}

TEST_F(PcmSenderTest, WhatCannotBeDecodedIsCountedAlsoWhereOnlyTheEndBringsItOut) {
  PcmReceiver receiver;
  PcmSender sender{options(receiver)};
  const auto track = open(sender);
  const auto hearing = receiver.accept();
  // RFC 6716 §3.2.3: two frames of one length, so that an odd number of bytes is none.
  const std::array<std::byte, 2> two_frames{std::byte{0x09}, std::byte{0}};
  ASSERT_TRUE(offer_bytes(sender, track, 0, two_frames, 77, media::Codec::opus));
  ASSERT_TRUE(offer_bytes(sender, track, 2, two_frames, 77, media::Codec::opus));
  end(sender, track, {});
  for (int i = 0; i < 500 && sender.health().malformed < 2; ++i)
    std::this_thread::sleep_for(10ms);
  EXPECT_EQ(sender.health().malformed, 2U);
}

TEST_F(PcmSenderTest, ThePermitsLastInstantEndsTheAudioByItself) {
  PcmReceiver receiver;
  PcmSender sender{options(receiver)};
  auto short_lived = spec();
  short_lived.open_until = Clock::now() - 1ms;
  const auto track = *run(sender.open(std::move(short_lived)));
  const auto hearing = receiver.accept();
  speak(sender, track, 0, 20);
  Timeline timeline;
  hear(*hearing, timeline, 20 * frame);
  EXPECT_TRUE(timeline.audio.empty());
  EXPECT_EQ(timeline.shed, 20U * frame);
}

TEST_F(PcmSenderTest, EveryTrackIsToldItsEndWhenTheServiceStops) {
  PcmReceiver receiver;
  PcmSender sender{options(receiver)};
  open(sender);
  open(sender);
  const auto first = receiver.accept();
  const auto second = receiver.accept();
  first->until("start");
  second->until("start");
  sender.stop();  // nobody is speaking, so that no connection is torn down
  EXPECT_EQ(first->until("end").back().json().at("reason").as_string(), "shutdown");
  second->until("end");
  EXPECT_EQ(run(sender.open(spec())).error(), TrackError::closed);
}

TEST_F(PcmSenderTest, StopsAtOnceWhereNobodyListens) {
  const auto began = Clock::now();
  {
    PcmReceiver receiver;
    PcmSender sender{options(receiver)};
    for (int i = 0; i < 50; ++i)
      open(sender);
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_LT(Clock::now() - began, 5s);
}

TEST_F(PcmSenderTest, ThereIsALimitToTracks) {
  PcmReceiver receiver;
  auto made = options(receiver);
  made.tracks_max = 1;
  PcmSender sender{std::move(made)};
  const auto track = open(sender);
  EXPECT_EQ(run(sender.open(spec())).error(), TrackError::too_many);
  end(sender, track, withdrawal(0));
  EXPECT_TRUE(run(sender.open(spec())));
}

}  // namespace
}  // namespace assent::gateway::test

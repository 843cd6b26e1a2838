#include "gateway/ogg_recorder.hpp"

#include <gtest/gtest.h>
#include <opus/opus.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <cstring>
#include <memory>
#include <numbers>
#include <random>
#include <thread>

#include "gateway/recording_manifest.hpp"
#include "tests/gateway/comes_true.hpp"
#include "tests/gateway/coroutine.hpp"
#include "tests/gateway/file_size_limit.hpp"
#include "tests/gateway/ogg_pages.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t frame = 960;  // 20 ms

unsigned long seed() {
  const char* const given = std::getenv("ASSENT_SEED");
  return given != nullptr ? std::strtoul(given, nullptr, 10) : 42;
}

// A packet that says its own sequence: fullband CELT, 20 ms, mono, code 0.
std::string opus_packet(std::uint64_t sequence, std::size_t extra = 20) {
  std::string packet(1 + sizeof sequence + extra, static_cast<char>(sequence));
  packet[0] = static_cast<char>(31 << 3);
  std::memcpy(packet.data() + 1, &sequence, sizeof sequence);
  return packet;
}

std::uint64_t sequence_in(const std::string& packet) {
  std::uint64_t sequence = 0;
  std::memcpy(&sequence, packet.data() + 1, sizeof sequence);
  return sequence;
}

class OggRecorderTest : public testing::Test {
 protected:
  OggRecorderOptions options() const {
    OggRecorderOptions made;
    made.directory = folder_.path() / "recordings";
    made.ring_bytes = 1u << 20;
    made.reorder_wait = 30ms;
    made.retry = 20ms;
    return made;
  }
  static TrackSpec spec(std::string participant = "p", std::uint64_t epoch = 3) {
    TrackSpec made;
    made.session = "session-1";
    made.room = "room";
    made.participant = std::move(participant);
    made.sink = "recorder";
    made.purpose = "recording";
    made.epoch = epoch;
    return made;
  }
  // Packet n of a stream that began at `start_`, in real time if all had been offered then.
  RecordedPacket packet(TrackId track, std::uint64_t n, const std::string& payload) const {
    return {track,
            77,
            65'000 + n,
            static_cast<std::uint32_t>(4'294'000'000u + n * frame),
            n == 0,
            start_ + n * 20ms,
            std::as_bytes(std::span{payload})};
  }
  void offer(OggRecorder& recorder, TrackId track, std::uint64_t n) const {
    const std::string payload = opus_packet(65'000 + n);
    ASSERT_TRUE(recorder.offer(0, packet(track, n, payload)));
  }
  // Of a track with one stream.
  static TrackResult<TrackSummary> only(TrackResult<std::vector<TrackSummary>> streams) {
    if (!streams) return streams.error();
    EXPECT_EQ(streams->size(), 1u);
    return std::move(streams->front());
  }
  static TrackResult<TrackSummary> close(OggRecorder& recorder, TrackId track) {
    return only(run(recorder.close(track)));
  }
  static TrackResult<TrackSummary> cut(OggRecorder& recorder, TrackId track, std::uint64_t last,
                                       std::uint32_t ssrc = 77) {
    std::vector<StreamCut> cuts{{ssrc, last}};
    return only(run(recorder.cut(track, std::move(cuts))));
  }
  std::vector<OggPage> pages_of(const TrackSummary& summary) const {
    return read_pages(read_bytes(options().directory / summary.file));
  }
  std::vector<std::uint64_t> sequences_of(const TrackSummary& summary) const {
    std::vector<std::uint64_t> found;
    for (const auto& sound : sound_packets(pages_of(summary)))
      found.push_back(sequence_in(sound));
    return found;
  }
  boost::json::array manifest() const {
    const auto text = read_bytes(options().directory / "session-1" / "manifest.json");
    return boost::json::parse(text).at("tracks").as_array();
  }

  TemporaryFolder folder_;
  media::TimePoint start_ = std::chrono::steady_clock::now();
};

TEST_F(OggRecorderTest, RecordsEveryPacketUnchangedInOrder) {
  OggRecorder recorder{options()};
  const TrackId track = *run(recorder.open(spec()));
  std::vector<std::uint64_t> order(500);
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  SCOPED_TRACE("ASSENT_SEED=" + std::to_string(seed()));
  std::mt19937_64 random{seed()};
  for (std::size_t i = 0; i < order.size(); i += 8) {  // late by up to seven places
    const auto from = order.begin() + static_cast<std::ptrdiff_t>(i);
    std::shuffle(from, from + std::min<std::ptrdiff_t>(8, order.end() - from), random);
  }
  std::vector<std::string> sent(order.size());
  for (const auto n : order) {
    sent[n] = opus_packet(65'000 + n, random() % 1'200);
    ASSERT_TRUE(recorder.offer(0, packet(track, n, sent[n])));
    ASSERT_TRUE(n % 10 != 0 || recorder.offer(0, packet(track, n, sent[n])));
  }
  const auto summary = close(recorder, track);
  ASSERT_TRUE(summary);
  EXPECT_EQ(sound_packets(pages_of(*summary)), sent);
  EXPECT_EQ(summary->packets, 500u);
  EXPECT_EQ(summary->duplicates, 50u);
  EXPECT_EQ(summary->late, 0u);
  EXPECT_EQ(summary->concealed, 0u);
  EXPECT_EQ(summary->first_sequence, 65'000u);
  EXPECT_EQ(summary->last_sequence, 65'499u);
  EXPECT_EQ(summary->last - summary->first, 499 * 20ms);
}

TEST_F(OggRecorderTest, WritesWhatRfc7845Asks) {
  OggRecorder recorder{options()};
  const TrackId track = *run(recorder.open(spec()));
  for (std::uint64_t n = 0; n < 333; ++n)
    offer(recorder, track, n);
  const auto pages = pages_of(*close(recorder, track));
  ASSERT_GE(pages.size(), 3u);
  EXPECT_EQ(pages[0].flags, 2);
  ASSERT_EQ(pages[0].packets.size(), 1u);
  EXPECT_EQ(pages[0].packets[0].substr(0, 10), std::string("OpusHead\1\1", 10));
  EXPECT_EQ(little_endian(pages[0].packets[0], 12, 4), 48'000u);
  ASSERT_EQ(pages[1].packets.size(), 1u);
  EXPECT_EQ(pages[1].packets[0].substr(0, 8), "OpusTags");
  EXPECT_NE(pages[1].packets[0].find("ASSENT_EPOCH=3"), std::string::npos);
  EXPECT_NE(pages[1].packets[0].find("ASSENT_START=20"), std::string::npos);
  EXPECT_EQ(pages[1].packets[0].find("room"), std::string::npos);  // only pseudonyms
  std::int64_t before = 0;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    EXPECT_EQ(pages[i].number, i);
    EXPECT_EQ(pages[i].serial, pages[0].serial);
    EXPECT_EQ(pages[i].flags & 4, i + 1 == pages.size() ? 4 : 0);
    if (i < 2) continue;
    EXPECT_EQ(pages[i].granule - before,
              static_cast<std::int64_t>(pages[i].packets.size() * frame));
    EXPECT_LE(pages[i].granule - before, 48'000);
    before = pages[i].granule;
  }
  EXPECT_EQ(before, 333 * 960);
}

TEST_F(OggRecorderTest, LossesAndPausesKeepTimeAndTheFileDecodes) {
  struct Destroy {
    void operator()(OpusEncoder* of) const { opus_encoder_destroy(of); }
    void operator()(OpusDecoder* of) const { opus_decoder_destroy(of); }
  };
  int error = 0;
  const std::unique_ptr<OpusEncoder, Destroy> encoder{
      opus_encoder_create(48'000, 1, OPUS_APPLICATION_VOIP, &error)};
  OggRecorder recorder{options()};
  const TrackId track = *run(recorder.open(spec()));
  std::vector<std::string> sent;
  for (std::uint64_t n = 0; n < 400; ++n) {
    std::vector<std::int16_t> tone(frame);
    for (std::size_t i = 0; i < tone.size(); ++i) {
      const double phase = static_cast<double>(n * frame + i) * 440 / 48'000;
      tone[i] = static_cast<std::int16_t>(8'000 * std::sin(2 * std::numbers::pi * phase));
    }
    std::string coded(1'275, '\0');
    coded.resize(static_cast<std::size_t>(opus_encode(
        encoder.get(), tone.data(), frame, reinterpret_cast<unsigned char*>(coded.data()), 1'275)));
    const bool lost = n % 17 == 5 || (n > 100 && n < 250);  // three seconds of pause
    if (lost) continue;
    ASSERT_TRUE(recorder.offer(0, packet(track, n, coded)));
    sent.push_back(std::move(coded));
  }
  const auto summary = close(recorder, track);
  ASSERT_TRUE(summary);
  EXPECT_GT(summary->concealed, 0u);
  const auto pages = pages_of(*summary);
  EXPECT_EQ(sound_packets(pages), sent);
  EXPECT_EQ(pages.back().granule, 400 * 960);
  const std::unique_ptr<OpusDecoder, Destroy> decoder{opus_decoder_create(48'000, 1, &error)};
  std::int64_t samples = 0;
  for (std::size_t i = 2; i < pages.size(); ++i) {
    for (const auto& coded : pages[i].packets) {
      std::vector<std::int16_t> out(5'760);
      const int decoded =
          opus_decode(decoder.get(), reinterpret_cast<const unsigned char*>(coded.data()),
                      static_cast<opus_int32>(coded.size()), out.data(), 5'760, 0);
      ASSERT_GT(decoded, 0);
      samples += decoded;
    }
    EXPECT_EQ(samples, pages[i].granule);
  }
}

TEST_F(OggRecorderTest, TimestampsThatLeapAreNotBelieved) {
  OggRecorder recorder{options()};
  const TrackId track = *run(recorder.open(spec()));
  for (std::uint64_t n = 0; n < 100; ++n) {
    const std::string payload = opus_packet(n);
    auto leaping = packet(track, n, payload);
    leaping.rtp_timestamp +=
        n < 50 ? 0u : 0x7000'0000u + static_cast<std::uint32_t>(n) * 1'000'000u;
    ASSERT_TRUE(recorder.offer(0, leaping));
  }
  const auto summary = close(recorder, track);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->packets, 100u);
  EXPECT_EQ(pages_of(*summary).back().granule, 100 * 960);
}

TEST_F(OggRecorderTest, AtAnyInstantTheFilePlaysToItsLastPage) {
  OggRecorder recorder{options()};
  const TrackId track = *run(recorder.open(spec()));
  for (std::uint64_t n = 0; n < 1'000; ++n)
    offer(recorder, track, n);
  ASSERT_TRUE(comes_true([&] { return recorder.health().packets == 1'000; }, 5s));
  const auto session = options().directory / "session-1";
  std::string bytes;
  for (const auto& file : std::filesystem::directory_iterator{session}) {
    if (file.path().extension() == ".opus") bytes = read_bytes(file.path());
  }
  const auto pages = read_pages(bytes);
  ASSERT_GE(pages.size(), 20u);  // all but the last second is there
  EXPECT_EQ(pages.back().end, bytes.size());
  EXPECT_EQ(pages.back().flags & 4, 0);
  for (std::size_t size = 0; size < bytes.size(); size += 97) {
    const auto torn = read_pages(bytes.substr(0, size));
    std::uint64_t expected = 65'000;
    for (const auto& sound : sound_packets(torn))
      EXPECT_EQ(sequence_in(sound), expected++);
    EXPECT_LE(torn.size(), pages.size());
    EXPECT_TRUE(torn.size() == pages.size() || pages[torn.size()].end > size);
  }
  ASSERT_TRUE(close(recorder, track));
}

TEST_F(OggRecorderTest, AStreamThatFallsSilentIsOnDiskWithinASecondOrSo) {
  OggRecorder recorder{options()};
  const TrackId track = *run(recorder.open(spec()));
  for (std::uint64_t n = 0; n < 10; ++n)
    offer(recorder, track, n);
  const auto written = [&] {
    for (const auto& file :
         std::filesystem::directory_iterator{options().directory / "session-1"}) {
      if (file.path().extension() != ".opus") continue;
      return sound_packets(read_pages(read_bytes(file.path()))).size() == 10;
    }
    return false;
  };
  EXPECT_TRUE(comes_true(written, 5s));
  const auto summary = close(recorder, track);
  EXPECT_EQ(pages_of(*summary).back().flags & 4, 4);  // the end mark, though all was out already
  EXPECT_EQ(summary->packets, 10u);
}

TEST_F(OggRecorderTest, ATrackThatIsNotOpenIsDenied) {
  OggRecorder recorder{options()};
  const std::string payload = opus_packet(1);
  ASSERT_TRUE(recorder.offer(0, packet(TrackId{0}, 1, payload)));
  ASSERT_TRUE(recorder.offer(0, packet(TrackId{12}, 1, payload)));
  ASSERT_TRUE(comes_true([&] { return recorder.health().not_open == 2; }, 5s));
  EXPECT_EQ(cut(recorder, TrackId{12}, 1).error(), TrackError::unknown_track);
  EXPECT_FALSE(std::filesystem::exists(options().directory / "session-1"));
}

TEST_F(OggRecorderTest, WhatIsNoOpusIsNotRecorded) {
  OggRecorder recorder{options()};
  const TrackId track = *run(recorder.open(spec()));
  offer(recorder, track, 0);
  const std::string malformed = "\x03";  // code 3 without its count
  auto foreign = packet(track, 1, malformed);
  foreign.ssrc = 78;
  ASSERT_TRUE(recorder.offer(0, foreign));
  ASSERT_TRUE(recorder.offer(0, packet(track, 2, malformed)));
  ASSERT_TRUE(recorder.offer(0, packet(track, 3, std::string{})));
  const auto summary = close(recorder, track);
  EXPECT_EQ(summary->packets, 1u);
  EXPECT_EQ(summary->malformed, 3u);
  EXPECT_EQ(summary->ssrc, 77u);
}

TEST_F(OggRecorderTest, EachSsrcOfATrackHasAFileAndACutOfItsOwn) {
  OggRecorder recorder{options()};
  const TrackId track = *run(recorder.open(spec()));
  for (std::uint64_t n = 0; n < 40; ++n) {
    offer(recorder, track, n);
    const std::string payload = opus_packet(n);
    auto other = packet(track, n, payload);
    other.ssrc = 78;
    other.extended_sequence = n;
    ASSERT_TRUE(recorder.offer(0, other));
  }
  std::vector<StreamCut> cuts{{77, 65'029}, {78, 9}};
  const auto streams = run(recorder.cut(track, std::move(cuts)));
  ASSERT_TRUE(streams);
  ASSERT_EQ(streams->size(), 2u);
  std::uint64_t accounted = 0;
  for (const auto& stream : *streams)
    accounted += stream.packets + stream.beyond_cut;
  EXPECT_EQ(accounted, 80u);
  EXPECT_EQ((*streams)[0].ssrc, 77u);
  EXPECT_EQ(sequences_of((*streams)[0]).back(), 65'029u);
  EXPECT_EQ((*streams)[1].ssrc, 78u);
  EXPECT_EQ(sequences_of((*streams)[1]).back(), 9u);
  recorder.stop();
  const auto entries = manifest();
  ASSERT_EQ(entries.size(), 2u);
  for (const auto& entry : entries)
    EXPECT_EQ(entry.at("state").as_string(), "cut");
  EXPECT_EQ(entries[1].at("cut").to_number<int>(), 9);
}

TEST_F(OggRecorderTest, WhatFindsNoFileOfItsOwnIsCountedAsUnwritten) {
  auto made = options();
  made.streams_max = 2;
  OggRecorder recorder{made};
  const TrackId track = *run(recorder.open(spec()));
  for (std::uint32_t ssrc = 1; ssrc <= 5; ++ssrc) {
    const std::string payload = opus_packet(65'000);
    auto one = packet(track, 0, payload);
    one.ssrc = ssrc;
    ASSERT_TRUE(recorder.offer(0, one));
  }
  const auto streams = run(recorder.close(track));
  ASSERT_EQ(streams->size(), 2u);
  EXPECT_EQ((*streams)[0].packets + (*streams)[0].unwritten, 4u);
  EXPECT_EQ((*streams)[1].packets, 1u);
  EXPECT_EQ(recorder.health().failing_tracks, 0u);
}

TEST_F(OggRecorderTest, ACutTakesBackWhatWasWrittenBeyondIt) {
  OggRecorder recorder{options()};
  for (const std::uint64_t keep : {0u, 1u, 49u, 50u, 99u, 130u, 299u}) {
    const TrackId track = *run(recorder.open(spec("p", keep)));
    for (std::uint64_t n = 0; n < 300; ++n) {
      if (n != 120) offer(recorder, track, n);  // its concealment belongs to the packet behind it
    }
    ASSERT_TRUE(comes_true([&] { return recorder.health().packets % 299 == 0; }, 5s));
    const auto summary = cut(recorder, track, 65'000 + keep);
    ASSERT_TRUE(summary);
    const auto sequences = sequences_of(*summary);
    ASSERT_EQ(sequences.size(), keep + 1 - (keep > 120 ? 1 : 0));
    EXPECT_EQ(sequences.back(), 65'000 + keep);
    EXPECT_EQ(summary->last_sequence, 65'000 + keep);
    EXPECT_EQ(summary->packets + summary->beyond_cut, 299u);
    const auto pages = pages_of(*summary);
    EXPECT_EQ(pages.back().granule, static_cast<std::int64_t>((keep + 1) * frame));
    EXPECT_EQ(pages.back().flags & 4, 4);
    EXPECT_EQ(pages.back().end, read_bytes(options().directory / summary->file).size());
  }
}

TEST_F(OggRecorderTest, ACutBeyondReachLeavesNothing) {
  OggRecorder recorder{options()};
  const TrackId track = *run(recorder.open(spec()));
  for (std::uint64_t n = 0; n < 1'000; ++n)
    offer(recorder, track, n);
  const auto summary = cut(recorder, track, 65'010);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->packets, 0u);
  EXPECT_EQ(summary->beyond_cut, 1'000u);
  EXPECT_EQ(summary->file, "");
  for (const auto& file : std::filesystem::directory_iterator{options().directory / "session-1"}) {
    EXPECT_NE(file.path().extension(), ".opus");
  }
}

TEST_F(OggRecorderTest, AfterTheCutNothingIsWrittenWhateverIsOffered) {
  OggRecorder recorder{options()};
  const TrackId track = *run(recorder.open(spec()));
  for (std::uint64_t n = 0; n < 10; ++n)
    offer(recorder, track, n);
  for (std::uint64_t n = 15; n < 20; ++n)
    offer(recorder, track, n);  // held back for order
  const auto summary = cut(recorder, track, 65'009);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->packets, 10u);
  EXPECT_EQ(summary->beyond_cut, 5u);
  const auto file = options().directory / summary->file;
  const auto before = read_bytes(file);
  for (std::uint64_t n = 0; n < 100; ++n)
    offer(recorder, track, n);
  ASSERT_TRUE(comes_true([&] { return recorder.health().after_close == 100; }, 5s));
  EXPECT_EQ(read_bytes(file), before);
  EXPECT_EQ(cut(recorder, track, 65'009).error(), TrackError::unknown_track);
}

TEST_F(OggRecorderTest, UnderThousandsOfCutsNoFileHoldsAPacketBeyondItsCut) {
  auto made = options();
  made.ring_bytes = 1u << 22;
  OggRecorder recorder{made};
  constexpr int cuts = 2'000;
  std::atomic<std::uint32_t> current{0};
  std::atomic<std::uint64_t> progress{0};  // the track, and above 32 bits how many were taken
  std::jthread producer{[&](std::stop_token stop) {
    std::uint32_t track = 0;
    std::uint64_t sequence = 0;
    while (!stop.stop_requested()) {
      const std::uint32_t now = current;
      if (now != track) {
        track = now;
        sequence = 0;
      }
      if (track == 0) continue;
      const std::string payload = opus_packet(sequence);
      const RecordedPacket one{TrackId{track},
                               5,
                               sequence,
                               static_cast<std::uint32_t>(sequence * frame),
                               false,
                               start_ + sequence * 20ms,
                               std::as_bytes(std::span{payload})};
      if (recorder.offer(0, one)) {
        ++sequence;
        progress = (sequence << 32) | track;
        if (sequence > 100) std::this_thread::sleep_for(20us);  // else every cut is out of reach
      } else {
        std::this_thread::yield();
      }
    }
  }};
  SCOPED_TRACE("ASSENT_SEED=" + std::to_string(seed()));
  std::mt19937_64 random{seed()};
  std::uint64_t beyond = 0;
  int files = 0;
  for (int i = 0; i < cuts; ++i) {
    auto one = spec();
    one.session = "s" + std::to_string(i / 20);
    const TrackId track = *run(recorder.open(one));
    current = static_cast<std::uint32_t>(track);
    const auto offered = [&]() -> std::uint64_t {
      const std::uint64_t now = progress;
      return static_cast<std::uint32_t>(now) == current ? now >> 32 : 0;
    };
    const auto goal = 1 + random() % 100;
    while (offered() < goal)
      std::this_thread::yield();
    // The producer runs on: what it offers from here on races with the cut.
    const std::uint64_t last = random() % offered();
    const auto summary = cut(recorder, track, last, 5);
    ASSERT_TRUE(summary);
    beyond += summary->beyond_cut;
    if (summary->packets == 0) continue;  // out of reach: everything was taken back
    ++files;
    const auto sequences = sequences_of(*summary);
    ASSERT_EQ(sequences.size(), last + 1) << "of track " << i;
    for (std::uint64_t n = 0; n <= last; ++n)
      ASSERT_EQ(sequences[n], n);
  }
  producer.request_stop();
  producer.join();
  EXPECT_GT(files, cuts / 2);
  EXPECT_GT(beyond, 0u);
  EXPECT_GT(recorder.health().after_close, 0u);
}

TEST_F(OggRecorderTest, AFullRingRefusesWithoutHarm) {
  auto small = options();
  small.ring_bytes = 4'096;
  OggRecorder recorder{small};
  const TrackId track = *run(recorder.open(spec()));
  std::uint64_t taken = 0;
  for (std::uint64_t n = 0; n < 5'000; ++n) {
    const std::string payload = opus_packet(65'000 + n, 1'000);
    taken += recorder.offer(0, packet(track, n, payload)) ? 1 : 0;
  }
  EXPECT_LT(taken, 5'000u);
  const auto summary = close(recorder, track);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->packets, taken);
}

TEST_F(OggRecorderTest, AFullDiskIsReportedAndTheTrackGoesOnWhenThereIsRoom) {
  OggRecorder recorder{options()};
  const TrackId track = *run(recorder.open(spec()));
  std::uint64_t n = 0;
  for (; n < 100; ++n)
    offer(recorder, track, n);
  ASSERT_TRUE(comes_true([&] { return recorder.health().packets == 100; }, 5s));
  {
    const FileSizeLimit full{4'096};
    for (; n < 300; ++n)
      offer(recorder, track, n);
    ASSERT_TRUE(comes_true([&] { return recorder.health().unwritten > 0; }, 5s));
    EXPECT_FALSE(recorder.health().writable);
    EXPECT_EQ(recorder.health().failing_tracks, 1u);
    EXPECT_NE(recorder.health().problem, "");
  }
  ASSERT_TRUE(comes_true([&] { return recorder.health().writable; }, 5s));
  for (; n < 400; ++n)
    offer(recorder, track, n);
  const auto summary = close(recorder, track);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->packets + summary->unwritten, 400u);
  EXPECT_GT(summary->unwritten, 0u);
  const auto pages = pages_of(*summary);
  EXPECT_EQ(pages.back().granule, 400 * 960);  // the gap keeps its time
  EXPECT_EQ(pages.back().end, read_bytes(options().directory / summary->file).size());
  const auto sequences = sequences_of(*summary);
  EXPECT_EQ(sequences.size(), summary->packets);
  EXPECT_TRUE(std::is_sorted(sequences.begin(), sequences.end()));
}

TEST_F(OggRecorderTest, ACutOnAFullDiskStillTakesBackAndSaysThatItFailed) {
  OggRecorder recorder{options()};
  const TrackId track = *run(recorder.open(spec()));
  for (std::uint64_t n = 0; n < 100; ++n)
    offer(recorder, track, n);
  ASSERT_TRUE(comes_true([&] { return recorder.health().packets == 100; }, 5s));
  const FileSizeLimit full{2'000};
  EXPECT_EQ(cut(recorder, track, 65'070).error(), TrackError::disk);
  for (const auto& file : std::filesystem::directory_iterator{options().directory / "session-1"}) {
    if (file.path().extension() != ".opus") continue;
    for (const auto& sound : sound_packets(read_pages(read_bytes(file.path())))) {
      EXPECT_LE(sequence_in(sound), 65'070u);
    }
  }
  EXPECT_FALSE(cut(recorder, track, 65'070));
}

TEST_F(OggRecorderTest, TheManifestTellsWhoseEachFileIsAndItsHash) {
  OggRecorder recorder{options()};
  const TrackId closed = *run(recorder.open(spec("alpha", 1)));
  const TrackId withdrawn = *run(recorder.open(spec("beta", 2)));
  const TrackId empty = *run(recorder.open(spec("gamma", 4)));
  for (std::uint64_t n = 0; n < 100; ++n) {
    offer(recorder, closed, n);
    offer(recorder, withdrawn, n);
  }
  const auto whole = close(recorder, closed);
  ASSERT_TRUE(cut(recorder, withdrawn, 65'049));
  ASSERT_TRUE(close(recorder, empty));
  recorder.stop();
  const auto tracks = manifest();
  ASSERT_EQ(tracks.size(), 3u);
  EXPECT_EQ(tracks[0].at("participant").as_string(), "alpha");
  EXPECT_EQ(tracks[0].at("state").as_string(), "closed");
  EXPECT_EQ(tracks[0].at("packets").to_number<int>(), 100);
  EXPECT_EQ(tracks[0].at("sha256").as_string(), sha256_of(options().directory / whole->file));
  EXPECT_EQ(tracks[0].at("sha256").as_string().size(), 64u);
  EXPECT_EQ(tracks[1].at("state").as_string(), "cut");
  EXPECT_EQ(tracks[1].at("cut").to_number<int>(), 65'049);
  EXPECT_EQ(tracks[1].at("last_sequence").to_number<int>(), 65'049);
  EXPECT_EQ(tracks[1].at("beyond_cut").to_number<int>(), 50);
  EXPECT_TRUE(tracks[2].at("file").is_null());
  struct stat status {};
  ASSERT_EQ(::stat((options().directory / whole->file).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((options().directory / "session-1").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(OggRecorderTest, ASessionIsNeverAPathOfItsOwn) {
  OggRecorder recorder{options()};
  for (const char* session : {"", ".", "..", ".hidden", "a/b", "../x", "a b", "a\nb"}) {
    auto one = spec();
    one.session = session;
    EXPECT_EQ(run(recorder.open(one)).error(), TrackError::bad_name) << session;
  }
}

TEST_F(OggRecorderTest, StopClosesEverythingAndRefusesWhatComesLater) {
  OggRecorder recorder{options()};
  const TrackId track = *run(recorder.open(spec()));
  for (std::uint64_t n = 0; n < 100; ++n)
    offer(recorder, track, n);
  recorder.stop();
  EXPECT_EQ(run(recorder.open(spec())).error(), TrackError::closed);
  EXPECT_EQ(close(recorder, track).error(), TrackError::closed);
  const auto tracks = manifest();
  ASSERT_EQ(tracks.size(), 1u);
  EXPECT_EQ(tracks[0].at("packets").to_number<int>(), 100);
}

TEST_F(OggRecorderTest, AfterAKillEveryFileIsWholeAndTheManifestSaysInterrupted) {
  const pid_t child = ::fork();
  if (child == 0) {
    OggRecorder recorder{options()};
    const TrackId track = *run(recorder.open(spec()));
    for (std::uint64_t n = 0;; ++n) {
      const std::string payload = opus_packet(65'000 + n);
      while (!recorder.offer(0, packet(track, n, payload)))
        std::this_thread::sleep_for(1ms);
    }
  }
  std::this_thread::sleep_for(300ms);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  {
    OggRecorder recorder{options()};
    ASSERT_TRUE(
        comes_true([&] { return manifest().at(0).at("state").as_string() == "interrupted"; }, 5s));
  }
  const auto entry = manifest().at(0);
  const auto path = options().directory / "session-1" / entry.at("file").as_string().c_str();
  const auto bytes = read_bytes(path);
  const auto pages = read_pages(bytes);
  ASSERT_GT(pages.size(), 2u);
  EXPECT_EQ(pages.back().end, bytes.size());
  std::uint64_t expected = 65'000;
  for (const auto& sound : sound_packets(pages))
    EXPECT_EQ(sequence_in(sound), expected++);
  EXPECT_EQ(entry.at("sha256").as_string(), sha256_of(path));
}

}  // namespace
}  // namespace assent::gateway

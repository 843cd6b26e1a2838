#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/ogg_opus_file.hpp"
#include "gateway/ogg_recorder.hpp"

namespace assent::gateway {

// One stream of a track. From RTP packets, in any order, to the file: put in order, doubles
// dropped, what is missing concealed so that time stays right. Owned by the recorder's thread; time
// is given.
class OggTrack {
 public:
  struct Place {
    TrackId id{};
    std::string name;              // pseudonymous and random
    std::filesystem::path folder;  // of the session; exists
    std::string relative;          // the file, relative to the sink's folder
    std::uint32_t serial = 0;
    media::TimePoint opened{};
    WallTime opened_wall{};
  };

  OggTrack(Place place, TrackSpec spec, const OggRecorderOptions& options, FileHandle file);

  [[nodiscard]] static bool is_opus(const RecordedPacket& packet);
  // It is this stream's, or the first of it.
  [[nodiscard]] bool takes(std::uint32_t ssrc) const { return ssrc_.value_or(ssrc) == ssrc; }
  void offer(media::TimePoint now, const RecordedPacket& packet);  // that it takes
  // Of another stream, for which there is no file.
  void count_malformed() { ++counts_.malformed; }
  void count_unwritten() { ++counts_.unwritten; }
  // Writes what has waited long enough, and tries a failing file again.
  void pass_time(media::TimePoint now);

  // With a cut: without anything beyond it. The file is finished and synced, or removed if it holds
  // nothing. After this the track is of no more use.
  [[nodiscard]] std::error_code finish(media::TimePoint now,
                                       std::optional<std::uint64_t> last_sequence);

  [[nodiscard]] TrackSummary summary() const;
  [[nodiscard]] std::optional<std::uint32_t> ssrc() const { return ssrc_; }
  [[nodiscard]] const TrackSpec& spec() const { return spec_; }
  [[nodiscard]] const Place& place() const { return place_; }
  [[nodiscard]] std::error_code failure() const { return failure_; }
  [[nodiscard]] std::uint64_t unwritten() const { return counts_.unwritten; }
  [[nodiscard]] WallTime wall(media::TimePoint time) const;

 private:
  struct Held {
    std::uint32_t timestamp;
    std::uint32_t samples;
    media::TimePoint captured;
    media::TimePoint arrived;
    std::vector<std::byte> payload;
  };

  void release(media::TimePoint now, bool all);
  void write(media::TimePoint now, std::int64_t sequence, Held packet);
  [[nodiscard]] std::uint64_t place_in_time(const Held& packet);
  void conceal(std::uint64_t samples, std::int64_t sequence, media::TimePoint captured);
  void add(OggOpusPacket packet);
  void fail(media::TimePoint now, std::error_code error);
  OggOpusFile& file();

  Place place_;
  TrackSpec spec_;
  const OggRecorderOptions& options_;
  FileHandle handle_;  // until the first packet tells the start
  std::optional<OggOpusFile> file_;
  std::map<std::int64_t, Held> held_;  // by extended sequence

  std::optional<std::uint32_t> ssrc_;
  std::optional<std::int64_t> written_last_;
  std::uint64_t written_recently_ = 0;  // bit n: written_last_ - n was written
  std::uint32_t timestamp_last_ = 0;
  std::uint64_t target_last_ = 0;  // where in time that packet belongs, in samples
  media::TimePoint captured_last_{};
  std::byte toc_last_{};
  media::TimePoint first_captured_{};
  std::int64_t first_sequence_ = 0;

  TrackSummary counts_;  // only the counters that the file does not keep
  std::error_code failure_;
  media::TimePoint retry_at_{};
  std::error_code pending_error_;  // of add(), until write() looks
};

}  // namespace assent::gateway

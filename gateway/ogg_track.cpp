#include "gateway/ogg_track.hpp"

#include <opus/opus.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "gateway/rfc3339.hpp"

namespace assent::gateway {
namespace {

constexpr std::int64_t samples_per_second = 48'000;
// How much faster than the clock a stream's timestamps may run before they are not believed.
constexpr std::int64_t timestamp_slack = 5 * samples_per_second;
constexpr std::uint32_t concealable = 120;            // 2.5 ms, the shortest frame
constexpr std::uint32_t opus_packet_samples = 5'760;  // 120 ms, the longest packet
constexpr std::chrono::seconds page_wait{1};
constexpr std::uint64_t recent_sequences = 64;

std::int64_t in_samples(media::Duration time) {
  using Samples = std::chrono::duration<std::int64_t, std::ratio<1, samples_per_second>>;
  return std::chrono::duration_cast<Samples>(time).count();
}

std::uint32_t opus_samples(std::span<const std::byte> payload) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(payload.data());
  const int samples =
      payload.empty() ? 0
                      : opus_packet_get_nb_samples(bytes, static_cast<opus_int32>(payload.size()),
                                                   static_cast<opus_int32>(samples_per_second));
  return samples > 0 ? static_cast<std::uint32_t>(samples) : 0;
}

std::uint32_t frame_samples(std::byte toc) {
  const auto octet = std::to_integer<unsigned char>(toc);
  return static_cast<std::uint32_t>(
      opus_packet_get_samples_per_frame(&octet, static_cast<opus_int32>(samples_per_second)));
}

// `frames` frames of no bytes: asks the decoder for its loss concealment (RFC 7845 §4.1). Code 3,
// constant size (RFC 6716 §3.2.5).
std::vector<std::byte> no_frames(std::byte toc, std::uint32_t frames) {
  return {toc | std::byte{3}, static_cast<std::byte>(frames)};
}

// Fullband CELT of 2.5 ms, for what is shorter than a frame of the stream's own kind.
std::byte shortest_toc(std::byte like) {
  constexpr std::byte stereo{0x04};
  constexpr unsigned configuration = 28;
  return static_cast<std::byte>(configuration << 3) | (like & stereo);
}

}  // namespace

OggTrack::OggTrack(Place place, TrackSpec spec, const OggRecorderOptions& options, FileHandle file)
    : place_{std::move(place)},
      spec_{std::move(spec)},
      options_{options},
      handle_{std::move(file)} {}

WallTime OggTrack::wall(media::TimePoint time) const {
  return place_.opened_wall + std::chrono::floor<std::chrono::milliseconds>(time - place_.opened);
}

OggOpusFile& OggTrack::file() {
  if (!file_) {
    OggOpusFile::Head head;
    head.channels = spec_.channels;
    head.comments = {"ASSENT_TRACK=" + place_.name, "ASSENT_EPOCH=" + std::to_string(spec_.epoch),
                     "ASSENT_START=" + to_rfc3339(wall(first_captured_))};
    file_.emplace(std::move(handle_), place_.serial, std::move(head));
  }
  return *file_;
}

bool OggTrack::is_opus(const RecordedPacket& packet) {
  return opus_samples(packet.payload) != 0;
}

void OggTrack::offer(media::TimePoint now, const RecordedPacket& packet) {
  const auto sequence = static_cast<std::int64_t>(packet.extended_sequence);
  const std::uint32_t samples = opus_samples(packet.payload);
  if (samples == 0) {
    ++counts_.malformed;
    return;
  }
  ssrc_ = packet.ssrc;
  if (failure_) {
    ++counts_.unwritten;
    return pass_time(now);
  }
  if (written_last_ && sequence <= *written_last_) {
    const auto back = static_cast<std::uint64_t>(*written_last_ - sequence);
    const bool written = back < recent_sequences && ((written_recently_ >> back) & 1) != 0;
    ++(written ? counts_.duplicates : counts_.late);
    return;
  }
  const auto [at, fresh] = held_.try_emplace(sequence);
  if (!fresh) {
    ++counts_.duplicates;
    return;
  }
  at->second = {packet.rtp_timestamp,
                samples,
                packet.captured,
                now,
                {packet.payload.begin(), packet.payload.end()}};
  release(now, false);
}

void OggTrack::release(media::TimePoint now, bool all) {
  while (!held_.empty() && !failure_) {
    const auto first = held_.begin();
    const bool next = written_last_ && first->first == *written_last_ + 1;
    const bool waited = now - first->second.arrived >= options_.reorder_wait;
    if (!all && !next && !waited && held_.size() <= options_.reorder_packets) return;
    auto taken = held_.extract(first);
    write(now, taken.key(), std::move(taken.mapped()));
  }
  if (failure_) {
    counts_.unwritten += held_.size();
    held_.clear();
  }
}

// Where the packet belongs, in samples from the start: by its timestamp as long as that agrees with
// the clock, else by the clock (a sender that starts anew may begin with any timestamp).
std::uint64_t OggTrack::place_in_time(const Held& packet) {
  if (!written_last_) return 0;
  const auto step =
      static_cast<std::int64_t>(static_cast<std::int32_t>(packet.timestamp - timestamp_last_));
  const std::int64_t elapsed =
      std::max<std::int64_t>(0, in_samples(packet.captured - captured_last_));
  const bool believed = step >= 0 && step <= elapsed + timestamp_slack;
  return target_last_ + static_cast<std::uint64_t>(believed ? step : elapsed);
}

void OggTrack::write(media::TimePoint now, std::int64_t sequence, Held packet) {
  if (!written_last_) {
    first_captured_ = packet.captured;
    first_sequence_ = sequence;
  }
  const std::uint64_t target = place_in_time(packet);
  if (target >= file().position() + concealable) {
    conceal(target - file().position(), sequence, packet.captured);
  }
  const auto ahead = static_cast<std::uint64_t>(sequence - written_last_.value_or(sequence - 1));
  written_recently_ = ahead < recent_sequences ? (written_recently_ << ahead) | 1 : 1;
  written_last_ = sequence;
  timestamp_last_ = packet.timestamp;
  target_last_ = target;
  captured_last_ = packet.captured;
  toc_last_ = packet.payload.front() & std::byte{0xFC};
  add({sequence, packet.samples, false, packet.captured, std::move(packet.payload)});
  if (const auto error = std::exchange(pending_error_, {})) fail(now, error);
}

void OggTrack::conceal(std::uint64_t samples, std::int64_t sequence, media::TimePoint captured) {
  const auto fill = [&](std::byte toc) {
    const std::uint32_t frame = frame_samples(toc);
    const std::uint32_t frames_max = opus_packet_samples / frame;
    while (samples >= frame && !pending_error_) {
      const auto frames =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(frames_max, samples / frame));
      add({sequence, frames * frame, true, captured, no_frames(toc, frames)});
      samples -= frames * frame;
    }
  };
  fill(toc_last_);
  fill(shortest_toc(toc_last_));
}

void OggTrack::add(OggOpusPacket packet) {
  if (const auto error = file().add(std::move(packet))) pending_error_ = error;
}

void OggTrack::fail(media::TimePoint now, std::error_code error) {
  failure_ = error;
  retry_at_ = now + options_.retry;
}

void OggTrack::pass_time(media::TimePoint now) {
  if (failure_) {
    if (now < retry_at_) return;
    failure_ = file().flush();
    if (failure_) retry_at_ = now + options_.retry;
    return;
  }
  release(now, false);
  if (!file_ || failure_) return;
  const auto oldest = file_->oldest_unwritten();
  if (oldest && now - *oldest >= page_wait) {
    if (const auto error = file_->flush()) fail(now, error);
  }
}

std::error_code OggTrack::finish(media::TimePoint now, std::optional<std::uint64_t> last_sequence) {
  std::error_code cut_error;
  if (last_sequence) {
    const auto last = static_cast<std::int64_t>(*last_sequence);
    const auto beyond = held_.upper_bound(last);
    counts_.beyond_cut += static_cast<std::uint64_t>(std::distance(beyond, held_.end()));
    held_.erase(beyond, held_.end());
    if (file_) {
      const std::uint64_t before = file_->content().packets;
      cut_error = file_->take_back_after(last);
      counts_.beyond_cut += before - file_->content().packets;
    }
  }
  failure_.clear();  // one more try
  release(now, true);
  const std::error_code error = failure_ ? failure_ : file_ ? file_->finish() : std::error_code{};
  if (error) {
    // What never reached the disk will not be written any more.
    counts_.unwritten += file_->drop_unwritten();
  }
  if (!file_ || file_->content().packets == 0) {
    const auto path = place_.folder / std::filesystem::path{place_.relative}.filename();
    if (::unlink(path.c_str()) != 0) return {errno, std::generic_category()};
    return sync_folder(place_.folder);
  }
  return cut_error ? cut_error : error;
}

TrackSummary OggTrack::summary() const {
  TrackSummary summary = counts_;
  summary.track = place_.id;
  summary.ssrc = ssrc_.value_or(0);
  if (!file_ || file_->content().packets == 0) return summary;
  const auto& content = file_->content();
  summary.file = place_.relative;
  summary.packets = content.packets;
  summary.bytes = content.bytes;
  summary.concealed = content.concealed;
  summary.first_sequence = static_cast<std::uint64_t>(first_sequence_);
  summary.last_sequence = static_cast<std::uint64_t>(content.last_sequence);
  summary.first = wall(first_captured_);
  summary.last = wall(content.last_captured);
  return summary;
}

}  // namespace assent::gateway

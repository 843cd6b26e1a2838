#include "media/pcm_track.hpp"

#include <algorithm>

namespace assent::media {
namespace {

std::chrono::nanoseconds duration_of(std::uint64_t samples) {
  return std::chrono::nanoseconds{samples * (1'000'000'000 / pcm_rate_hz)};
}

// How much of the difference between the sender's clock and ours is followed at each packet that
// is later than foretold: a jitter of 100 ms is forgotten slowly, a drift of a second a day is not.
constexpr int drift_divisor = 512;

}  // namespace

void PcmTrack::handle_packet(const PcmPacket& packet, std::vector<PcmEvent>& out) {
  if (ended_) return;
  if ((decoded_ && packet.sequence <= *decoded_) || held_.contains(packet.sequence)) {
    ++counters_.late;
    return;
  }
  if (!decoder_->samples_of(packet.payload)) {
    ++counters_.malformed;
    return;
  }
  held_.emplace(
      packet.sequence,
      Held{packet.timestamp, packet.arrived, {packet.payload.begin(), packet.payload.end()}});
  while (held_.size() > pcm_limits.packets)
    decode_first(out);
  release(out);
}

std::optional<TimePoint> PcmTrack::next_timeout() const {
  if (held_.empty()) return std::nullopt;
  auto earliest = held_.begin()->second.arrived;
  for (const auto& [sequence, held] : held_)
    earliest = std::min(earliest, held.arrived);
  return earliest + pcm_limits.wait;
}

void PcmTrack::handle_timeout(TimePoint now, std::vector<PcmEvent>& out) {
  for (auto due = next_timeout(); due && now >= *due; due = next_timeout()) {
    decode_first(out);
    release(out);
  }
}

void PcmTrack::end(std::optional<std::int64_t> last_sequence, std::vector<PcmEvent>& out) {
  if (last_sequence) held_.erase(held_.upper_bound(*last_sequence), held_.end());
  flush(out);
  ended_ = true;
}

void PcmTrack::flush(std::vector<PcmEvent>& out) {
  while (!held_.empty())
    decode_first(out);
  emit_rest(out);
}

void PcmTrack::release(std::vector<PcmEvent>& out) {
  while (!held_.empty() && decoded_ && held_.begin()->first == *decoded_ + 1)
    decode_first(out);
}

void PcmTrack::decode_first(std::vector<PcmEvent>& out) {
  const auto first = held_.extract(held_.begin());
  const Held& packet = first.mapped();
  if (decoded_) {
    bridge(packet, out);
  } else {
    began_ = packet.arrived;
  }
  follow_clock(packet);
  const std::size_t before = pending_.size();
  if (decoder_->decode(packet.payload, pending_)) {
    ++counters_.packets;
  } else {
    ++counters_.malformed;
    conceal(decoder_->samples_of(packet.payload).value_or(0), {});
  }
  decoded_ = first.key();
  const auto ticks = (pending_.size() - before) * decoder_->clock_hz() / pcm_rate_hz;
  expected_timestamp_ = packet.timestamp + static_cast<std::uint32_t>(ticks);
  emit_whole(out);
}

void PcmTrack::conceal(std::size_t samples, std::span<const std::byte> next) {
  concealed_from_ = position_ + pending_.size();
  concealed_until_ = concealed_from_ + samples;
  decoder_->conceal(samples, next, pending_);
  counters_.concealed_samples += samples;
}

void PcmTrack::bridge(const Held& next, std::vector<PcmEvent>& out) {
  const auto ahead = static_cast<std::int32_t>(next.timestamp - expected_timestamp_);
  if (ahead <= 0) return;  // an overlap, or a clock that was set back: what was heard goes on here
  const auto ticks = static_cast<std::uint64_t>(ahead);
  const std::uint64_t samples = ticks * pcm_rate_hz / decoder_->clock_hz();
  if (duration_of(samples) > pcm_limits.paused) return;  // another clock altogether
  if (duration_of(samples) <= pcm_limits.concealed) {
    conceal(samples, next.payload);
    emit_whole(out);
    return;
  }
  emit_rest(out);
  out.push_back(PcmGap{position_, samples});
  counters_.gap_samples += samples;
  position_ += samples;
}

// The least delayed packet tells when the track began, as the sender's clock runs beside ours.
void PcmTrack::follow_clock(const Held& packet) {
  const auto foretold = began_ + duration_of(position_ + pending_.size());
  const auto late = packet.arrived - foretold;
  began_ += late < Duration::zero() ? late : late / drift_divisor;
}

void PcmTrack::emit_whole(std::vector<PcmEvent>& out) {
  std::size_t done = 0;
  while (pending_.size() - done >= pcm_frame_samples) {
    emit(done, pcm_frame_samples, out);
    done += pcm_frame_samples;
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(done));
}

void PcmTrack::emit_rest(std::vector<PcmEvent>& out) {
  if (!pending_.empty()) emit(0, pending_.size(), out);
  pending_.clear();
}

void PcmTrack::emit(std::size_t from, std::size_t count, std::vector<PcmEvent>& out) {
  PcmFrame frame;
  std::copy_n(pending_.begin() + static_cast<std::ptrdiff_t>(from), count, frame.samples.begin());
  frame.count = count;
  frame.position = position_;
  frame.captured = began_ + std::chrono::duration_cast<Duration>(duration_of(position_));
  frame.concealed = concealed_from_ < position_ + count && position_ < concealed_until_;
  position_ += count;
  out.emplace_back(frame);
}

}  // namespace assent::media

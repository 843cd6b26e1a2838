#include "gateway/transcribe/hearing.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <variant>

namespace assent::transcribe {
namespace {

// What ends so close to a cut may be the beginning of another word; and so exactly an engine tells
// where a word is.
constexpr std::uint64_t half_word_samples = 100 * samples_per_millisecond;
// A shorter gap is silence to the ear, so that a pause of a sender that sends no silence breaks
// nothing in two.
constexpr std::uint64_t silence_samples_max = sample_rate_hz;
constexpr std::size_t runs_max = 4'096;
constexpr std::size_t served_max = 64;
constexpr std::size_t retractions_max = 64;
constexpr std::size_t word_bytes_max = 4'096;

// What both allow.
ServedPurposes both(const ServedPurposes& one, const ServedPurposes& other) {
  ServedPurposes out;
  for (const auto& [purpose, sinks] : one) {
    const auto also = other.find(purpose);
    if (also == other.end()) continue;
    for (const auto& sink : sinks)
      if (std::ranges::find(also->second, sink) != also->second.end()) out[purpose].push_back(sink);
  }
  return out;
}

std::chrono::milliseconds time_of(std::uint64_t samples) {
  return std::chrono::milliseconds{samples / samples_per_millisecond};
}

bool is_printable(const std::string& text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (text.empty() || text.size() > word_bytes_max || std::ranges::any_of(text, is_control))
    return false;
  boost::system::error_code error;  // JSON is UTF-8
  (void)boost::json::parse(boost::json::serialize(boost::json::string{text}), error);
  return !error;
}

}  // namespace

Hearing::Hearing(Start start, Ear& ear)
    : start_{std::move(start)},
      ear_{ear},
      position_{start_.position},
      out_until_{start_.position},
      served_{{start_.position, start_.purposes}} {}

bool Hearing::take_audio(std::string_view bytes) {
  if (ended_ || !clock_ || bytes.empty() || bytes.size() % 2 != 0) return false;
  std::vector<std::int16_t> samples(bytes.size() / 2);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto low = static_cast<unsigned char>(bytes[2 * i]);
    const auto high = static_cast<unsigned char>(bytes[2 * i + 1]);
    samples[i] = static_cast<std::int16_t>(static_cast<std::uint16_t>(low | high << 8));
  }
  if (position_ + samples.size() > position_max) return false;
  give(samples);
  position_ += samples.size();
  return true;
}

void Hearing::give(std::span<const std::int16_t> samples) {
  if (!ear_.hear(samples)) {
    shed_ += samples.size();
    return break_off();
  }
  if (std::exchange(begins_, false)) {
    if (runs_.size() == runs_max) runs_.erase(runs_.begin());
    runs_.push_back({heard_, position_, clock_->time + time_of(position_ - clock_->position)});
  }
  heard_ += samples.size();
}

void Hearing::break_off() {
  if (!std::exchange(begins_, true)) ear_.pause();
}

bool Hearing::take_message(const Message& message, std::vector<Retraction>& out) {
  if (ended_) return std::holds_alternative<End>(message);
  return std::visit([&](const auto& one) { return take(one, out); }, message);
}

bool Hearing::take(const Time& time, std::vector<Retraction>&) {
  if (time.position < position_) return false;
  if (time.position > position_) break_off();
  position_ = time.position;
  clock_ = time;
  return true;
}

bool Hearing::take(const Gap& gap, std::vector<Retraction>&) {
  if (gap.position < position_ || gap.samples > position_max - gap.position) return false;
  const bool is_silence =
      gap.position == position_ && gap.samples <= silence_samples_max && !begins_;
  if (is_silence) {
    give(std::vector<std::int16_t>(gap.samples));
  } else {
    break_off();
  }
  position_ = gap.position + gap.samples;
  return true;
}

bool Hearing::take(const Purposes& purposes, std::vector<Retraction>& out) {
  if (purposes.position < served_.back().first) return false;
  take_back_from(purposes.position, out);
  if (purposes.position == served_.back().first) {
    served_.back().second = purposes.purposes;
    return true;
  }
  if (served_.size() == served_max) {  // of the oldest two, what held all along
    served_[1] = {served_[0].first, both(served_[0].second, served_[1].second)};
    served_.erase(served_.begin());
  }
  served_.emplace_back(purposes.position, purposes.purposes);
  return true;
}

bool Hearing::take(const Withdrawn& withdrawn, std::vector<Retraction>& out) {
  cut_ = withdrawn.position;
  take_back_from(cut_, out);
  if (withdrawn.forget_since) {
    out.push_back(retraction(*withdrawn.forget_since));
    retract(out.back());
    // And what is of other streams, but not what is said under a permission that came later.
    out.push_back({start_.call, start_.speaker, {}, *withdrawn.forget_since, withdrawn.epoch});
  }
  ended_ = true;
  ear_.finish(heard_at(cut_));
  return true;
}

bool Hearing::take(const End&, std::vector<Retraction>&) {
  end();
  return true;
}

void Hearing::end() {
  if (!std::exchange(ended_, true)) ear_.finish(heard_);
}

void Hearing::lose() {
  if (!ended_) cut_ = position_;
  end();
}

void Hearing::distrust() {
  cut_ = 0;
  ended_ = true;
  ear_.finish(0);
}

// It should not be that any were out; if the other end says so nevertheless, they go.
void Hearing::take_back_from(std::uint64_t position, std::vector<Retraction>& out) {
  if (position < out_until_) out.push_back(retraction(time_at(position)));
}

Retraction Hearing::retraction(UtcTime since) const {
  return {start_.call, start_.speaker, StreamName{start_.epoch, start_.stream}, since};
}

void Hearing::retract(const Retraction& retraction) {
  if (!retraction.concerns(start_.call, start_.speaker, {start_.epoch, start_.stream})) return;
  if (retractions_.size() < retractions_max) return retractions_.push_back(retraction);
  Retraction& widest = retractions_.back();
  widest.since = std::min(widest.since, retraction.since);
  widest.last_epoch = std::max(widest.last_epoch, retraction.last_epoch);
}

std::vector<Segment> Hearing::take_words(const Utterance& utterance) {
  std::vector<Segment> segments;
  for (const HeardWord& heard : utterance) {
    const auto span = place_of(heard);
    if (!span || !is_printable(heard.text)) continue;
    ServedPurposes purposes = served(*span);
    SpokenWord word{heard.text, time_at(span->first),
                    time_at(span->end - 1) + std::chrono::milliseconds{1}};
    if (!is_permitted(word, *span, purposes)) continue;
    out_until_ = std::max(out_until_, span->end);
    if (segments.empty() || segments.back().purposes != purposes)
      segments.push_back(segment_at(span->first, std::move(purposes)));
    segments.back().words.push_back(std::move(word));
  }
  std::ranges::for_each(segments, describe_by_words);
  return segments;
}

bool Hearing::is_permitted(const SpokenWord& word, Span span,
                           const ServedPurposes& purposes) const {
  const bool is_cut = cut_ <= position_max && span.end + half_word_samples > cut_;
  const auto own = purposes.find(start_.purpose);
  const auto covers = [&](const Retraction& retraction) { return retraction.covers(word); };
  return !is_cut && own != purposes.end() &&
         std::ranges::find(own->second, start_.sink) != own->second.end() &&
         std::ranges::none_of(retractions_, covers);
}

Segment Hearing::segment_at(std::uint64_t position, ServedPurposes purposes) const {
  Segment segment;
  segment.call = start_.call;
  segment.speaker = start_.speaker;
  segment.sink = start_.sink;
  segment.purpose = start_.purpose;
  segment.epoch = start_.epoch;
  segment.stream = start_.stream;
  segment.position = position;
  segment.purposes = std::move(purposes);
  return segment;
}

std::optional<Hearing::Span> Hearing::place_of(const HeardWord& word) const {
  if (word.from >= word.to || word.to > heard_) return std::nullopt;
  const auto position_of = [this](std::uint64_t heard) -> std::optional<std::uint64_t> {
    const auto after = std::ranges::upper_bound(runs_, heard, {}, &Run::heard);
    if (after == runs_.begin()) return std::nullopt;
    const Run& run = *std::prev(after);
    return run.position + (heard - run.heard);
  };
  const auto first = position_of(word.from);
  const auto last = position_of(word.to - 1);
  if (!first || !last) return std::nullopt;
  return Span{*first, *last + 1};
}

UtcTime Hearing::time_at(std::uint64_t position) const {
  const auto after = std::ranges::upper_bound(runs_, position, {}, &Run::position);
  if (after == runs_.begin()) return UtcTime{};  // before all that was heard
  const Run& run = *std::prev(after);
  return run.time + time_of(position - run.position);
}

std::uint64_t Hearing::heard_at(std::uint64_t position) const {
  const auto after = std::ranges::upper_bound(runs_, position, {}, &Run::position);
  const std::uint64_t until = after == runs_.end() ? heard_ : after->heard;
  if (after == runs_.begin()) return 0;
  const Run& run = *std::prev(after);
  return std::min(until, run.heard + (position - run.position));
}

ServedPurposes Hearing::served(Span span) const {
  span.first -= std::min(span.first, half_word_samples);
  span.end += half_word_samples;
  std::optional<ServedPurposes> all_along;
  for (std::size_t i = 0; i < served_.size(); ++i) {
    const bool is_over = i + 1 < served_.size() && served_[i + 1].first <= span.first;
    if (is_over || served_[i].first >= span.end) continue;
    all_along = all_along ? both(*all_along, served_[i].second) : served_[i].second;
  }
  return all_along.value_or(ServedPurposes{});
}

}  // namespace assent::transcribe

#include "gateway/pcm_stream.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "gateway/rfc3339.hpp"
#include "media/byte_order.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

constexpr std::uint64_t samples_per_millisecond = media::pcm_rate_hz / 1'000;

std::string little_endian(const media::PcmFrame& frame) {
  std::string bytes;
  bytes.reserve(2 * frame.count);
  for (std::size_t i = 0; i < frame.count; ++i) {
    const auto sample = static_cast<std::uint16_t>(frame.samples.at(i));
    bytes += static_cast<char>(sample & 0xff);
    bytes += static_cast<char>(sample >> 8);
  }
  return bytes;
}

json::object purposes_json(const ServedPurposes& served) {
  json::object object;
  for (const auto& [purpose, sinks] : served) {
    json::array names;
    for (const auto& sink : sinks)
      names.push_back(json::string(sink));
    object[purpose] = std::move(names);
  }
  return object;
}

}  // namespace

ServedPurposes narrowed(const ServedPurposes& before, const ServedPurposes& after) {
  ServedPurposes both;
  for (const auto& [purpose, sinks] : before) {
    const auto still = after.find(purpose);
    if (still == after.end()) continue;
    for (const auto& sink : sinks)
      if (std::find(still->second.begin(), still->second.end(), sink) != still->second.end())
        both[purpose].push_back(sink);
  }
  return both;
}

std::string framed(const PcmMessage& message) {
  constexpr std::size_t length_bytes = 4;
  std::string bytes(length_bytes, '\0');
  const auto length = static_cast<std::uint32_t>(message.bytes.size() + 1);
  media::store_be32(std::as_writable_bytes(std::span{bytes}), 0, length);
  bytes += message.is_audio ? 'A' : 'J';
  bytes += message.bytes;
  return bytes;
}

PcmStream::PcmStream(Options options, PcmCounts& counts)
    : options_{std::move(options)}, counts_{counts}, told_{options_.spec.purposes} {}

WallTime PcmStream::wall(media::TimePoint time) const {
  return options_.opened + std::chrono::floor<std::chrono::milliseconds>(time - options_.opened_at);
}

void PcmStream::take(const media::PcmEvent& event) {
  if (finished_) return;
  if (const auto* gap = std::get_if<media::PcmGap>(&event)) {
    counts_.missing += gap->samples;
    end_ = gap->position + gap->samples;
    items_.emplace_back(Gap{gap->position, gap->samples, false});
    if (items_.size() > 1) join_gaps(items_.size() - 2);
    return;
  }
  const auto& frame = std::get<media::PcmFrame>(event);
  end_ = frame.position + frame.count;
  waiting_ += frame.count;
  items_.emplace_back(Audio{frame.position, frame.count, frame.captured, little_endian(frame)});
  while (waiting_ > options_.samples_max)
    shed_oldest();
}

bool PcmStream::serve(ServedPurposes purposes) {
  if (finished_) return false;
  std::erase_if(items_, [](const Item& item) { return std::holds_alternative<Purposes>(item); });
  for (std::size_t at = 0; at + 1 < items_.size(); ++at)
    join_gaps(at);  // that those had kept apart
  auto both = narrowed(told_, purposes);
  const bool fewer = both != told_;
  told_ = std::move(both);
  purposes_due_ = purposes_due_ || fewer;
  if (purposes != told_) items_.emplace_back(Purposes{std::move(purposes)});
  return fewer;
}

void PcmStream::finish(media::TimePoint now, const TrackEnd& how,
                       std::optional<std::uint64_t> last_sequence) {
  if (std::exchange(finished_, true)) return;
  shed_all();
  if (how.withdrawn) {
    json::object object{{"type", "withdrawn"},
                        {"reason", how.reason},
                        {"position", end_},
                        {"epoch", options_.spec.epoch},
                        {"time", to_rfc3339(wall(now))}};
    if (last_sequence) object["last_sequence"] = *last_sequence;
    if (how.forget_since) object["forget_since"] = to_rfc3339(*how.forget_since);
    items_.emplace_back(Text{json::serialize(object)});
  }
  const json::object last{{"type", "end"}, {"reason", how.reason}, {"position", end_}};
  items_.emplace_back(Text{json::serialize(last)});
}

void PcmStream::begin() {
  ++connection_;
  stands_ = start_due_ = time_due_ = true;
}

std::optional<PcmMessage> PcmStream::next(media::TimePoint now) {
  if (!stands_ || sending_) return std::nullopt;
  // Nobody need tell: the permit has an end.
  if (now >= options_.spec.open_until) shed_all();
  if (std::exchange(start_due_, false)) {
    purposes_due_ = false;
    sending_ = Text{};
    return PcmMessage{false, start_text()};
  }
  if (std::exchange(purposes_due_, false)) {
    sending_ = Text{};
    return PcmMessage{false, purposes_text()};
  }
  if (items_.empty()) return std::nullopt;
  const auto* audio = std::get_if<Audio>(&items_.front());
  if (audio != nullptr && std::exchange(time_due_, false)) {
    sending_ = Text{};
    return PcmMessage{false, time_text(*audio)};
  }
  if (audio != nullptr) waiting_ -= audio->samples;
  sending_ = std::move(items_.front());
  items_.pop_front();
  return message_of(*sending_);
}

PcmMessage PcmStream::message_of(const Item& item) {
  if (const auto* audio = std::get_if<Audio>(&item)) return {true, audio->bytes};
  if (const auto* text = std::get_if<Text>(&item)) return {false, text->json};
  if (const auto* purposes = std::get_if<Purposes>(&item)) {
    told_ = purposes->served;
    return {false, purposes_text()};
  }
  const auto& gap = std::get<Gap>(item);
  time_due_ = true;
  const json::object object{{"type", "gap"},
                            {"reason", gap.shed ? "shed" : "missing"},
                            {"position", gap.position},
                            {"samples", gap.samples},
                            {"milliseconds", gap.samples / samples_per_millisecond}};
  return {false, json::serialize(object)};
}

void PcmStream::sent() {
  if (is_sending_audio()) counts_.sent += std::get<Audio>(*sending_).samples;
  sending_.reset();
}

void PcmStream::break_off() {
  stands_ = start_due_ = false;
  auto lost = std::exchange(sending_, std::nullopt);
  if (!lost) return;
  if (const auto* audio = std::get_if<Audio>(&*lost)) return put_gap_in_front(shed(*audio));
  if (const auto* gap = std::get_if<Gap>(&*lost)) return put_gap_in_front(*gap);
  const auto* text = std::get_if<Text>(&*lost);
  if (text != nullptr && !text->json.empty()) items_.emplace_front(std::move(*lost));
}

bool PcmStream::is_sending_audio() const {
  return sending_ && std::holds_alternative<Audio>(*sending_);
}

bool PcmStream::is_over() const {
  return finished_ && items_.empty() && !sending_;
}

PcmStream::Gap PcmStream::shed(const Audio& audio) {
  counts_.shed += audio.samples;
  return {audio.position, audio.samples, true};
}

void PcmStream::shed_oldest() {
  const auto is_audio = [](const Item& item) { return std::holds_alternative<Audio>(item); };
  const auto oldest = std::find_if(items_.begin(), items_.end(), is_audio);
  const auto at = static_cast<std::size_t>(oldest - items_.begin());
  waiting_ -= std::get<Audio>(*oldest).samples;
  *oldest = shed(std::get<Audio>(*oldest));
  join_gaps(at);
  if (at > 0) join_gaps(at - 1);
}

void PcmStream::shed_all() {
  while (waiting_ > 0)
    shed_oldest();
}

void PcmStream::put_gap_in_front(Gap gap) {
  items_.emplace_front(gap);
  join_gaps(0);
}

void PcmStream::join_gaps(std::size_t at) {
  if (at + 1 >= items_.size()) return;
  auto* const gap = std::get_if<Gap>(&items_[at]);
  const auto* const after = std::get_if<Gap>(&items_[at + 1]);
  if (gap == nullptr || after == nullptr) return;
  gap->samples += after->samples;
  gap->shed = gap->shed || after->shed;
  items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(at) + 1);
}

std::uint64_t PcmStream::position_of_next() const {
  for (const auto& item : items_) {
    if (const auto* audio = std::get_if<Audio>(&item)) return audio->position;
    if (const auto* gap = std::get_if<Gap>(&item)) return gap->position;
  }
  return end_;
}

std::string PcmStream::start_text() {
  const auto& spec = options_.spec;
  const json::object object{{"type", "start"},
                            {"protocol", pcm_protocol},
                            {"call", spec.call},
                            {"speaker", spec.speaker},
                            {"sink", spec.sink},
                            {"purpose", spec.purpose},
                            {"epoch", spec.epoch},
                            {"purposes", purposes_json(told_)},
                            {"stream", options_.number},
                            {"encoding", "s16le"},
                            {"sample_rate", media::pcm_rate_hz},
                            {"channels", 1},
                            {"connection", connection_},
                            {"position", position_of_next()}};
  return json::serialize(object);
}

std::string PcmStream::purposes_text() const {
  const json::object object{
      {"type", "purposes"}, {"position", position_of_next()}, {"purposes", purposes_json(told_)}};
  return json::serialize(object);
}

std::string PcmStream::time_text(const Audio& audio) const {
  const json::object object{
      {"type", "time"}, {"position", audio.position}, {"time", to_rfc3339(wall(audio.captured))}};
  return json::serialize(object);
}

}  // namespace assent::gateway

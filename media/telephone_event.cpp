#include "media/telephone_event.hpp"

#include "media/byte_order.hpp"

namespace assent::media {

std::optional<TelephoneEvent> take_telephone_event(std::span<const std::byte>& rest) {
  if (rest.size() < telephone_event_bytes) return std::nullopt;
  const auto flags = std::to_integer<unsigned>(rest[1]);
  TelephoneEvent report;
  report.event = std::to_integer<std::uint8_t>(rest[0]);
  report.end = (flags & 0x80) != 0;
  report.volume = static_cast<std::uint8_t>(flags & 0x3f);  // the bit between is ignored: R
  report.duration = load_be16(rest, 2);
  rest = rest.subspan(telephone_event_bytes);
  return report;
}

TelephoneEvents telephone_events(std::span<const std::byte> payload) {
  const bool whole = payload.size() % telephone_event_bytes == 0;
  return TelephoneEvents{whole ? payload : std::span<const std::byte>{}};
}

KeyPresses::Press KeyPresses::record(std::uint32_t timestamp, const TelephoneEvent& report,
                                     bool asked) {
  Remembered* known = find(timestamp);
  const bool begins = known == nullptr && !goes_on(timestamp, report.event);
  if (known == nullptr) {
    const bool is_answer = begins ? asked : remembered_[latest_].is_answer;
    latest_ = count_ == 0 ? 0 : static_cast<std::uint8_t>((latest_ + 1) % remembered_max);
    if (count_ < remembered_max) ++count_;
    known = &remembered_[latest_];
    *known = {timestamp, report.event, is_answer, false};
  }
  known->ended = known->ended || report.end;
  return {report.key(), begins, known->is_answer};
}

KeyPresses::Remembered* KeyPresses::find(std::uint32_t timestamp) {
  for (std::size_t i = 0; i < count_; ++i) {
    if (remembered_[i].timestamp == timestamp) return &remembered_[i];
  }
  return nullptr;
}

// RFC 4733 §2.5.1.3: a key that is held for longer than the duration can say is reported in
// segments of 65535 ticks, each with a timestamp of its own. Whole segments may be lost.
bool KeyPresses::goes_on(std::uint32_t timestamp, std::uint8_t event) const {
  constexpr std::uint32_t segment = 0xffff;
  constexpr std::uint32_t segments_lost_max = 4;
  if (count_ == 0) return false;
  const Remembered& latest = remembered_[latest_];
  const std::uint32_t since = timestamp - latest.timestamp;
  return event == latest.event && !latest.ended && since % segment == 0 &&
         since / segment <= 1 + segments_lost_max;
}

}  // namespace assent::media

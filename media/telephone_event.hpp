#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "media/element_range.hpp"

// Keys pressed during a call (RFC 4733), in the stream of the one who presses them.
namespace assent::media {

// The sixteen keys are events 0..15: digits, *, #, A to D (RFC 4733 §3.2).
enum class Key : std::uint8_t { zero, one, two, nine = 9, star, pound, a, b, c, d };
inline constexpr std::size_t keys = 16;

struct TelephoneEvent {  // RFC 4733 §2.3
  std::uint8_t event = 0;
  bool end = false;
  std::uint8_t volume = 0;     // -dBm0, without the sign
  std::uint16_t duration = 0;  // so far, in ticks of the stream's clock

  [[nodiscard]] std::optional<Key> key() const {
    return event < keys ? std::optional{Key{event}} : std::nullopt;
  }
};

inline constexpr std::size_t telephone_event_bytes = 4;

[[nodiscard]] std::optional<TelephoneEvent> take_telephone_event(std::span<const std::byte>& rest);
using TelephoneEvents = ElementRange<TelephoneEvent, take_telephone_event>;

// The reports of one payload: one, or several that follow each other without a gap
// (RFC 4733 §2.5.1.5). A payload of any other size has none.
[[nodiscard]] TelephoneEvents telephone_events(std::span<const std::byte> payload);

// Tells presses from reports of them, for one stream. A press has one RTP timestamp, its beginning,
// and any number of packets: updates, and the last one three times (RFC 4733 §2.5.1). Any of them
// may be lost, and each may come late or twice; the first to arrive is the press.
class KeyPresses {
 public:
  struct Press {
    std::optional<Key> key;  // nullopt: another event than a key
    bool begins = false;     // first heard of now
    bool is_answer = false;  // began while a question was asked; stays so to its last packet
  };
  // `timestamp`: of the report's own beginning. `asked`: a question is being asked now.
  Press record(std::uint32_t timestamp, const TelephoneEvent& report, bool asked);

 private:
  // More presses than anybody makes within the time that a packet is late.
  static constexpr std::size_t remembered_max = 8;
  struct Remembered {
    std::uint32_t timestamp = 0;
    std::uint8_t event = 0;
    bool is_answer = false;
    bool ended = false;
  };

  [[nodiscard]] Remembered* find(std::uint32_t timestamp);
  [[nodiscard]] bool goes_on(std::uint32_t timestamp, std::uint8_t event) const;

  std::array<Remembered, remembered_max> remembered_{};  // a ring
  std::uint8_t count_ = 0;
  std::uint8_t latest_ = 0;
};

}  // namespace assent::media

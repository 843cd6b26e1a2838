#pragma once

#include <cstdint>

namespace assent::media {

// The 16-bit sequence number of RTP. Arithmetic only where RFC 1982 §3.2 defines it.
class SequenceNumber {
 public:
  explicit constexpr SequenceNumber(std::uint16_t wire) : wire_{wire} {}

  [[nodiscard]] constexpr std::uint16_t wire() const { return wire_; }

  // Signed steps from `other` to this, the shorter way round: -32768..32767.
  [[nodiscard]] constexpr std::int16_t distance_from(SequenceNumber other) const {
    return static_cast<std::int16_t>(static_cast<std::uint16_t>(wire_ - other.wire_));
  }
  // 0 follows 65535. At exactly half the circle neither is after the other (RFC 1982 §3.2).
  [[nodiscard]] constexpr bool is_after(SequenceNumber other) const {
    return distance_from(other) > 0;
  }
  [[nodiscard]] constexpr SequenceNumber next() const {
    return SequenceNumber{static_cast<std::uint16_t>(wire_ + 1)};
  }

  constexpr bool operator==(const SequenceNumber&) const = default;

 private:
  std::uint16_t wire_;
};

// Makes 16-bit sequence numbers of one stream comparable for ever: cycles * 65536 + sequence
// (RFC 3550 A.1). The first packet's cycle is 0; a late packet from before the first one across
// a wrap is negative. Feed it authenticated packets only.
class ExtendedSequence {
 public:
  // What `sequence` stands for, nothing recorded.
  [[nodiscard]] constexpr std::int64_t extend(SequenceNumber sequence) const {
    if (!started_) return sequence.wire();
    return highest_ + sequence.distance_from(wire_of(highest_));
  }

  // The same, recorded. A sender that starts over elsewhere (two packets in a row far behind,
  // RFC 3550 A.1) goes on in the next cycle, so that what was counted is never counted again.
  constexpr std::int64_t record(SequenceNumber sequence) {
    std::int64_t extended = extend(sequence);
    const bool far_behind = started_ && extended < highest_ - misorder_max;
    if (far_behind && restart_expected_ && sequence == restart_) {
      extended += 65536;
      restart_expected_ = false;
    } else if (far_behind) {
      restart_ = sequence.next();
      restart_expected_ = true;
    } else {
      restart_expected_ = false;
    }
    if (!started_ || extended > highest_) highest_ = extended;
    started_ = true;
    return extended;
  }

  [[nodiscard]] constexpr bool started() const { return started_; }
  // Of the latest packet; 0 before the first.
  [[nodiscard]] constexpr std::int64_t highest() const { return highest_; }

 private:
  // How far a packet may be late and not be taken for a restart: the SRTP replay window.
  static constexpr std::int64_t misorder_max = 1024;

  static constexpr SequenceNumber wire_of(std::int64_t extended) {
    return SequenceNumber{static_cast<std::uint16_t>(extended & 0xffff)};
  }

  std::int64_t highest_ = 0;
  SequenceNumber restart_{0};
  bool restart_expected_ = false;
  bool started_ = false;
};

}  // namespace assent::media

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "media/endpoint.hpp"
#include "media/permit_table.hpp"

namespace assent::media {

inline constexpr std::size_t datagram_bytes_max = 2048;

// Which of the shell's doors a datagram leaves by. `index` is a LegId or a SinkId.
struct Lane {
  enum class Kind : std::uint8_t { leg_rtp, leg_rtcp, sink_rtp, sink_rtcp };
  Kind kind = Kind::leg_rtp;
  std::uint32_t index = 0;

  bool operator==(const Lane&) const = default;
};

// One datagram on its way out: whose it is and where it stands in its stream, so that the shell
// can give it back if the system or the sink does not take it.
struct Outgoing {
  Lane lane;
  std::uint16_t size = 0;
  std::uint32_t offset = 0;
  Endpoint to;  // legs only; a sink's address is the shell's business
  SourceId source{};
  std::uint32_t came_from = 0;  // the LegId that it arrived on
  std::uint64_t epoch = 0;
  std::int64_t extended_sequence = 0;
};

// The egress of one batch: the relay writes, the shell sends and clears. Fixed size, no
// allocation after construction. Nothing stays in it between batches, so a permit that is closed
// between batches is closed for everything.
class Outbox {
 public:
  explicit Outbox(std::size_t datagrams)
      : bytes_{std::make_unique_for_overwrite<std::byte[]>(datagrams * datagram_bytes_max)},
        capacity_{datagrams} {
    outgoing_.reserve(datagrams);
  }

  [[nodiscard]] bool has_room_for(std::size_t datagrams) const {
    return outgoing_.size() + datagrams <= capacity_;
  }

  // Room for one datagram; becomes part of the outbox with push(). Requires has_room_for(1).
  [[nodiscard]] std::span<std::byte> room() { return {bytes_.get() + used_, datagram_bytes_max}; }
  void push(Outgoing outgoing) {
    outgoing.offset = static_cast<std::uint32_t>(used_);
    used_ += (outgoing.size + 63U) & ~std::size_t{63};
    outgoing_.push_back(outgoing);
  }

  [[nodiscard]] std::span<const Outgoing> outgoing() const { return outgoing_; }
  [[nodiscard]] std::span<const std::byte> bytes(const Outgoing& outgoing) const {
    return {bytes_.get() + outgoing.offset, outgoing.size};
  }
  void clear() {
    outgoing_.clear();
    used_ = 0;
  }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t capacity_;
  std::size_t used_ = 0;
  std::vector<Outgoing> outgoing_;
};

}  // namespace assent::media

#include "media/data_gate.hpp"

#include <algorithm>

namespace assent::media {
namespace {

constexpr std::size_t cumulative_ack_offset = 4;  // RFC 9260 §3.3.4
constexpr std::size_t initial_tsn_offset = 16;    // RFC 9260 §3.3.2
constexpr std::size_t forward_tsn_header_bytes = 8;

std::size_t append(std::span<std::byte> room, std::size_t at, std::span<const std::byte> bytes) {
  std::ranges::copy(bytes, room.begin() + static_cast<std::ptrdiff_t>(at));
  at += bytes.size();
  for (; at % 4 != 0 && at < room.size(); ++at)
    room[at] = std::byte{0};
  return at;
}

}  // namespace

void DataGate::hear_server(const SctpView& packet) {
  for (const auto& chunk : packet.chunks()) {
    if (chunk.type == SctpChunkType::sack)
      acknowledge(Tsn{load_be32(chunk.bytes, cumulative_ack_offset)});
  }
}

void DataGate::acknowledge(Tsn tsn) {
  if (acknowledged_ && !tsn.is_after(*acknowledged_)) return;
  acknowledged_ = tsn;
  if (abandoned_ && abandoned_->is_after(tsn)) return;
  abandoned_.reset();
  skipped_count_ = 0;
}

void DataGate::hear_client(const SctpView& packet) {
  for (const auto& chunk : packet.chunks()) {
    if (chunk.type == SctpChunkType::init || chunk.type == SctpChunkType::init_ack)
      first_ = Tsn{load_be32(chunk.bytes, initial_tsn_offset)};
  }
  if (!packet.carries_data() || tag_ == packet.verification_tag()) return;
  const auto first = first_;
  *this = DataGate{};
  first_ = first;
  tag_ = packet.verification_tag();
  if (first) acknowledged_ = first->previous();
}

bool DataGate::admits(const SctpData& data, bool permitted) {
  if (!permitted) {
    if (!withheld_ || data.tsn.is_after(*withheld_)) withheld_ = data.tsn;
    is_within_ = true;
    return false;
  }
  if (!withheld_) return true;
  if (!data.tsn.is_after(*withheld_)) return false;
  if (!is_within_) return true;
  if (data.interleaved) return data.begins && data.ends;
  // The parts of a message follow each other without a gap (RFC 9260 §6.9): all that precedes a
  // beginning belongs to earlier ones.
  is_within_ = !data.begins;
  withheld_ = data.begins ? data.tsn.previous() : data.tsn;
  return data.begins;
}

void DataGate::abandon(const SctpData& data) {
  interleaved_ = data.interleaved;
  const auto last = abandoned_ ? abandoned_ : acknowledged_;
  if (last && data.tsn == last->next() && skip(data)) abandoned_ = data.tsn;
}

// False: too many streams at once; what comes again is abandoned when it does.
bool DataGate::skip(const SctpData& data) {
  if (data.unordered && !data.interleaved) return true;  // has no place in its stream
  const auto known = std::span{skipped_}.first(skipped_count_);
  const auto same = std::ranges::find_if(known, [&data](const Skipped& one) {
    return one.stream == data.stream && one.unordered == data.unordered;
  });
  if (same != known.end()) {
    same->message = data.message;
    return true;
  }
  if (skipped_count_ == skipped_max) return false;
  skipped_[skipped_count_++] = {data.stream, data.unordered, data.message};
  return true;
}

std::size_t DataGate::forward_tsn_bytes() const {
  return forward_tsn_header_bytes + skipped_count_ * (interleaved_ ? 8 : 4);
}

std::size_t DataGate::write_forward_tsn(std::span<std::byte> room) const {
  const auto size = forward_tsn_bytes();
  const auto type = interleaved_ ? SctpChunkType::i_forward_tsn : SctpChunkType::forward_tsn;
  room[0] = static_cast<std::byte>(type);
  room[1] = std::byte{0};
  store_be16(room, 2, static_cast<std::uint16_t>(size));
  store_be32(room, 4, abandoned_.value_or(*acknowledged_).wire());
  std::size_t at = forward_tsn_header_bytes;
  for (const auto& one : std::span{skipped_}.first(skipped_count_)) {
    store_be16(room, at, one.stream);
    if (interleaved_) {
      store_be16(room, at + 2, one.unordered ? 1 : 0);
      store_be32(room, at + 4, one.message);
    } else {
      store_be16(room, at + 2, static_cast<std::uint16_t>(one.message));
    }
    at += interleaved_ ? 8 : 4;
  }
  return size;
}

std::optional<std::size_t> DataGate::withhold(const SctpView& packet, bool permitted,
                                              std::span<std::byte> room) {
  hear_client(packet);
  bool passes = true;
  for (const auto& chunk : packet.chunks()) {
    if (!chunk.carries_data()) continue;
    const auto data = data_of(chunk);
    if (admits(data, permitted)) continue;
    passes = false;
    abandon(data);
  }
  if (passes) return std::nullopt;

  auto size = append(room, 0, packet.bytes().first(sctp_header_bytes));
  for (const auto& chunk : packet.chunks()) {
    if (!chunk.carries_data()) size = append(room, size, chunk.bytes);
  }
  // As often as the client sends, for this may be lost, too. One that is out of date has the server
  // say again what it has got (RFC 3758 §3.6).
  if (acknowledged_ && size + forward_tsn_bytes() <= room.size())
    size += write_forward_tsn(room.subspan(size));
  if (size == sctp_header_bytes) return 0;
  seal_sctp(room.first(size));
  return size;
}

}  // namespace assent::media

#include <algorithm>

#include "media/rtcp.hpp"

namespace assent::media {
namespace {

// What a compound says of one source.
struct Gathered {
  std::optional<SenderReport> report;
  bool goodbye = false;
};

Gathered gather(const RtcpCompound& compound, Ssrc source) {
  Gathered gathered;
  for (const auto& packet : compound) {
    if (packet.type() == RtcpType::sender_report) {
      const auto report = parse_sender_report(packet);
      if (report && report->sender == source) gathered.report.emplace(*report);
    } else if (packet.type() == RtcpType::goodbye) {
      const auto goodbye = parse_goodbye(packet);
      if (!goodbye) continue;
      for (const Ssrc leaving : goodbye->sources)
        gathered.goodbye |= leaving == source;
    }
  }
  return gathered;
}

// Writes packets one behind another; the room was checked.
class Writer {
 public:
  explicit Writer(std::span<std::byte> out) : out_{out} {}

  // `bytes` is of the whole packet, a multiple of four.
  void header(RtcpType type, unsigned count, std::size_t bytes) {
    out_[at_] = static_cast<std::byte>(0x80 | count);
    out_[at_ + 1] = static_cast<std::byte>(type);
    store_be16(out_, at_ + 2, static_cast<std::uint16_t>(bytes / 4 - 1));
    at_ += rtcp_header_bytes;
  }
  void word(std::uint32_t value) {
    store_be32(out_, at_, value);
    at_ += 4;
  }
  void cname(std::string_view text, std::size_t room) {
    const auto item = out_.subspan(at_, room);
    std::ranges::fill(item, std::byte{0});
    item[0] = std::byte{sdes_cname};
    item[1] = static_cast<std::byte>(text.size());
    std::ranges::copy(std::as_bytes(std::span{text}), item.begin() + 2);
    at_ += room;
  }

 private:
  std::span<std::byte> out_;
  std::size_t at_ = 0;
};

void write_sender_report(Writer& writer, const SenderReport& report, std::size_t bytes) {
  writer.header(RtcpType::sender_report, 0, bytes);
  writer.word(static_cast<std::uint32_t>(report.sender));
  writer.word(static_cast<std::uint32_t>(report.ntp_time >> 32));
  writer.word(static_cast<std::uint32_t>(report.ntp_time & 0xffff'ffff));
  writer.word(report.rtp_time);
  writer.word(report.packets);
  writer.word(report.octets);
}

}  // namespace

std::size_t sink_report(const RtcpCompound& compound, Ssrc source, std::string_view cname,
                        std::span<std::byte> out) {
  const auto gathered = gather(compound, source);
  if (!gathered.report && !gathered.goodbye) return 0;
  if (cname.empty() || cname.size() > sdes_text_bytes_max) return 0;

  const std::size_t report_bytes = gathered.report ? 28 : 8;
  const std::size_t item_bytes = (2 + cname.size() + 4) / 4 * 4;  // with its null or nulls
  const std::size_t description_bytes = rtcp_header_bytes + 4 + item_bytes;
  const std::size_t goodbye_bytes = gathered.goodbye ? 8 : 0;
  const std::size_t size = report_bytes + description_bytes + goodbye_bytes;
  if (out.size() < size) return 0;

  Writer writer{out};
  const auto ssrc = static_cast<std::uint32_t>(source);
  if (gathered.report) {
    write_sender_report(writer, *gathered.report, report_bytes);
  } else {
    writer.header(RtcpType::receiver_report, 0, report_bytes);
    writer.word(ssrc);
  }
  writer.header(RtcpType::source_description, 1, description_bytes);
  writer.word(ssrc);
  writer.cname(cname, item_bytes);
  if (gathered.goodbye) {
    writer.header(RtcpType::goodbye, 1, goodbye_bytes);
    writer.word(ssrc);
  }
  return size;
}

}  // namespace assent::media

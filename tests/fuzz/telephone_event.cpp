#include "media/telephone_event.hpp"

#include <cstdint>
#include <cstdlib>

#include "media/byte_order.hpp"

using namespace assent::media;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// Packets of four bytes of timestamp and a payload of up to two reports: a press begins at most
// once for a timestamp, as long as it is remembered, and stays what it was: an answer, or none.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span{data, size});
  std::size_t found = 0;
  for (const auto& report : telephone_events(bytes)) {
    require(report.volume < 64);
    require(report.key().has_value() == (report.event < keys));
    ++found;
  }
  require(found == (size % telephone_event_bytes == 0 ? size / telephone_event_bytes : 0));

  KeyPresses presses;
  for (std::size_t at = 0; at + 13 <= size; at += 13) {
    const bool asked = (data[at] & 1) != 0;
    auto timestamp = load_be32(bytes, at + 1);
    for (const auto& report : telephone_events(bytes.subspan(at + 5, 8))) {
      const auto press = presses.record(timestamp, report, asked);
      const auto again = presses.record(timestamp, report, !asked);
      require(!again.begins && again.is_answer == press.is_answer);
      require(!press.begins || press.is_answer == asked);
      timestamp += report.duration;
    }
  }
  return 0;
}

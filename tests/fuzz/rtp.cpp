#include "media/rtp.hpp"

#include <cstdint>
#include <cstdlib>
#include <vector>

using namespace assent::media;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::size_t sum(std::span<const std::byte> bytes) {
  std::size_t total = 0;
  for (const std::byte b : bytes)
    total += std::to_integer<std::size_t>(b);
  return total;
}

void walk(const RtpView& view) {
  std::size_t seen = sum(view.payload()) + sum(view.extension_body());
  for (std::size_t i = 0; i < view.csrc_count(); ++i) {
    seen += static_cast<std::uint32_t>(view.csrc(i));
  }
  for (const auto& element : view.extension_elements())
    seen += element.id + sum(element.data);
  volatile std::size_t kept = seen;
  (void)kept;
}

}  // namespace

// What parses can be walked to its ends, and its bare form says the same of the same payload.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span{data, size});
  require(peek_rtp_ssrc(bytes).has_value() == (size >= rtp_header_bytes_min));
  const auto view = parse_rtp(bytes);
  if (!view) return 0;
  walk(*view);

  std::vector<std::byte> out(rtp_header_bytes_min + view->payload().size());
  require(write_bare_rtp(*view, out) == out.size());
  const auto bare = parse_rtp(out);
  require(bare.has_value());
  require(bare->ssrc() == view->ssrc() && bare->sequence() == view->sequence());
  require(bare->timestamp() == view->timestamp() && bare->marker() == view->marker());
  require(bare->payload_type() == view->payload_type());
  require(bare->csrc_count() == 0 && !bare->has_extension() && bare->padding_bytes() == 0);
  require(sum(bare->payload()) == sum(view->payload()));
  return 0;
}

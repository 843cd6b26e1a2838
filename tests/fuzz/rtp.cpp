#include "media/rtp.hpp"

#include <algorithm>
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

// A sink that names some: what comes of it is no longer than the packet, and has nothing else.
void require_kept(const RtpView& view) {
  ExtensionIds kept{};
  for (std::size_t i = 0; i < kept.size(); i += 2)
    kept[i] = static_cast<std::uint8_t>(i + 1);
  std::vector<std::byte> out(view.bytes().size());
  const auto size = write_bare_rtp(view, kept, out);
  require(size >= rtp_header_bytes_min + view.payload().size());
  const auto copy = parse_rtp(std::span{out}.first(size));
  require(copy.has_value() && copy->csrc_count() == 0 && copy->padding_bytes() == 0);
  require(std::ranges::equal(copy->payload(), view.payload()));
  auto of_copy = copy->extension_elements().begin();
  for (const auto& element : view.extension_elements()) {
    if (element.id % 2 == 0 || element.id > kept.size()) continue;
    require(of_copy != std::default_sentinel && of_copy->id == element.id);
    require(std::ranges::equal(of_copy->data, element.data));
    ++of_copy;
  }
  require(of_copy == std::default_sentinel);
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
  require_kept(*view);
  return 0;
}

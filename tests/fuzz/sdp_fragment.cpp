#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "media/trickle.hpp"

using namespace assent::media;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto fragment = parse_sdp_fragment(text)) {
    if (fragment->candidates.size() > SdpFragment::candidates_max) std::abort();
    for (const auto& trickled : fragment->candidates) {
      if (trickled.candidate && !trickled.candidate->endpoint.is_set()) std::abort();
    }
  }
  (void)parse_browser_candidate(text);
  if (ufrag_of_browser_candidate(text).size() > text.size()) std::abort();
  return 0;
}

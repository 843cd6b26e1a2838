// a=candidate comes from whoever writes a description, or trickles.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "media/ice_candidate.hpp"

using namespace assent::media;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto candidate = parse_candidate({reinterpret_cast<const char*>(data), size});
  if (!candidate) return 0;
  if (!candidate->endpoint.is_set() || candidate->priority == 0) std::abort();
  const auto again = parse_candidate(candidate_text(candidate->endpoint, 0));
  if (!again || again->endpoint != candidate->endpoint) std::abort();
  return 0;
}

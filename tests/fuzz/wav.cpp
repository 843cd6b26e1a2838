#include "media/wav.hpp"

#include <cstdint>
#include <cstdlib>

using namespace assent::media;

// What is read is some of the file's bytes, and never more than the limit; what is not has words.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto samples = parse_wav(std::as_bytes(std::span{data, size}));
  if (!samples) {
    if (samples.error().what.empty()) std::abort();
    return 0;
  }
  if (samples->empty() || samples->size() * 2 > size) std::abort();
  return 0;
}

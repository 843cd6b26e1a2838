#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/transcribe/engine.hpp"

// What a program says that serves as an engine, a line each:
//   {"text": "so do I", "start": 1.2, "end": 2.4}
//   {"words": [{"word": "so", "start": 1.2, "end": 1.5}, ...]}
//   so do I
// Seconds count from the first sample that it was given, and never go back. Where it does not say
// when, it is from the last end that it told up to what it was given last: the less it tells, the
// more a withdrawal takes away.
namespace assent::transcribe {

constexpr std::size_t spoken_line_bytes_max = 64u << 10;

class SpokenLines {
 public:
  // `given`: samples up to now. Nothing: no words, or none that can be made out.
  [[nodiscard]] std::optional<Utterance> take(std::string_view line, std::uint64_t given);

 private:
  std::uint64_t told_until_ = 0;
};

}  // namespace assent::transcribe

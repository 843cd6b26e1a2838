#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gateway/transcribe/hearing.hpp"

namespace assent::transcribe::test {

// An ear that counts, and hears as much as it is let.
class CountingEar final : public Ear {
 public:
  bool hear(std::span<const std::int16_t> samples) override {
    if (is_full) return false;
    heard.insert(heard.end(), samples.begin(), samples.end());
    return true;
  }
  void pause() override { pauses.push_back(heard.size()); }
  void finish(std::uint64_t samples) override { finished.push_back(samples); }

  bool is_full = false;
  std::vector<std::int16_t> heard;
  std::vector<std::size_t> pauses;
  std::vector<std::uint64_t> finished;
};

inline UtcTime noon() {
  return *gateway::parse_rfc3339("2026-01-31T12:00:00Z");
}

inline ServedPurposes for_transcript() {
  return {{"transcription", {"transcriber"}}};
}
inline ServedPurposes for_summary_too() {
  return {{"transcription", {"transcriber"}}, {"summary", {"summariser"}}};
}

inline Start a_start() {
  Start start;
  start.call = "ca11";
  start.speaker = "5e";
  start.sink = "transcriber";
  start.purpose = "transcription";
  start.purposes = for_summary_too();
  start.epoch = 12;
  start.connection = 1;
  return start;
}

inline std::string silence(std::uint64_t samples) {
  return std::string(2 * samples, '\0');
}

}  // namespace assent::transcribe::test

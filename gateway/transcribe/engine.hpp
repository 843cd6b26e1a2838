#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace assent::transcribe {

// A word, or some that cannot be told apart, with its place in what the engine was given: samples
// before its first, and up to its last.
struct HeardWord {
  std::string text;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  bool operator==(const HeardWord&) const = default;
};
using Utterance = std::vector<HeardWord>;  // said in one go

// What makes words of one stream's speech (16 kHz). Slow, and on a thread of its own. Words come
// out when it is sure of them. False: it is broken, and is of no use any more.
class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  [[nodiscard]] virtual bool hear(std::span<const std::int16_t> samples,
                                  std::vector<Utterance>& out) = 0;
  // Nothing is being said: what it has heard is all there is for now. Called again and again.
  [[nodiscard]] virtual bool pause(std::vector<Utterance>& out) = 0;
  // The last.
  [[nodiscard]] virtual bool finish(std::vector<Utterance>& out) = 0;
};

}  // namespace assent::transcribe

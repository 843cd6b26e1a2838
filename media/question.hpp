#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "media/prompt.hpp"
#include "media/telephone_event.hpp"
#include "media/time.hpp"

// What the gateway asks a participant aloud, and has answered by a key.
namespace assent::media {

enum class QuestionId : std::uint32_t {};  // no two of a room are alike

using KeySet = std::uint16_t;  // one bit each
[[nodiscard]] constexpr KeySet key_bit(Key key) {
  return static_cast<KeySet>(1U << static_cast<unsigned>(key));
}

struct Question {
  QuestionId id{};
  // The same words in several codecs, the preferred one first.
  std::vector<std::shared_ptr<const EncodedPrompt>> prompt;
  KeySet answers = 0;  // the first of these ends it; other keys are nothing
  TimePoint until;     // a key that is pressed then, or later, is no answer
  Voice voice;         // for a leg that nothing was said to before
};

// A leg's part in a question that is open.
struct Asking {
  QuestionId question{};
  KeySet answers = 0;
  TimePoint until;
  std::chrono::milliseconds prompt_length{};
};

}  // namespace assent::media

#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "media/relay.hpp"
#include "policy/consent.hpp"
#include "policy/time.hpp"

namespace assent::gateway {

// What is asked for, each with the notice that was given for it; one without an id: none was.
using AskedPurposes = std::map<std::string, policy::NoticeReference, std::less<>>;

// Somebody is to be asked aloud, and to answer for all of it by one key.
struct QuestionToAsk {
  std::string participant;
  AskedPurposes purposes;
  std::string language;                        // BCP 47; empty: the participant's
  std::chrono::milliseconds answer_within{0};  // from the end of the prompt
};

// One that is asked now.
struct OpenQuestion {
  media::QuestionId id{};
  AskedPurposes purposes;
  std::string language;     // of the prompt
  std::string prompt_hash;  // "sha256:<hex>"
  media::TimePoint until;   // no answer counts that comes then, or later
  policy::WallTime until_wall{};
  std::optional<media::KeyPressed> answer;  // pressed, and waiting for its turn
};

}  // namespace assent::gateway

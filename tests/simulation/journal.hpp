#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "media/time.hpp"

namespace assent::simulation {

// What happened lately, and the first objection to it.
class Journal {
 public:
  void note(media::TimePoint now, std::string what) {
    lines_.push_back(stamp(now) + std::move(what));
    if (lines_.size() > lines_max) lines_.pop_front();
  }
  void object(media::TimePoint now, std::string why) {
    if (!objection_) objection_ = stamp(now) + std::move(why);
  }
  [[nodiscard]] const std::optional<std::string>& objection() const { return objection_; }

  [[nodiscard]] std::string text() const {
    std::string text;
    for (const auto& line : lines_)
      text += "  " + line + "\n";
    return text + "  OBJECTION " + objection_.value_or("none");
  }

 private:
  static constexpr std::size_t lines_max = 40;

  static std::string stamp(media::TimePoint now) {
    const auto since =
        std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
    return std::to_string(since.count()) + "us ";
  }

  std::deque<std::string> lines_;
  std::optional<std::string> objection_;
};

}  // namespace assent::simulation

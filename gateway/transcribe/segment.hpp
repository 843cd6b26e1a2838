#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/rfc3339.hpp"

namespace assent::transcribe {

using gateway::UtcTime;

// What may be made of somebody's words: purposes, each with the sinks that may serve it.
using ServedPurposes = std::map<std::string, std::vector<std::string>>;

struct SpokenWord {
  std::string text;
  UtcTime start{};
  UtcTime end{};
};

// What one speaker said in one go, all of it under one consent and for the same purposes.
struct Segment {
  std::string call;     // both pseudonyms, as the gateway told them
  std::string speaker;  //
  std::string sink;
  std::string purpose;
  std::uint64_t epoch = 0;     // of the decision it stands on
  std::uint64_t stream = 0;    // of the speaker's, under that decision
  std::uint64_t position = 0;  // in the stream, of its beginning, in samples
  ServedPurposes purposes;     // that it may serve, and no others
  UtcTime start{};             // of its first word
  UtcTime end{};               // of its last
  std::string text;
  std::vector<SpokenWord> words;
};

// One of a speaker's streams, by the decision it stands on.
struct StreamName {
  std::uint64_t epoch = 0;
  std::uint64_t stream = 0;
  bool operator==(const StreamName&) const = default;
};

// Words of a speaker that are to be nowhere any more: those that end after `since`, and stand on a
// decision up to `last_epoch`. A word is never cut in two.
struct Retraction {
  std::string call;
  std::string speaker;
  std::optional<StreamName> stream;  // without one: all of them
  UtcTime since{};
  std::uint64_t last_epoch = UINT64_MAX;
  bool operator==(const Retraction&) const = default;

  [[nodiscard]] bool concerns(const std::string& in_call, const std::string& who,
                              StreamName which) const {
    return in_call == call && who == speaker && (!stream || *stream == which) &&
           which.epoch <= last_epoch;
  }
  [[nodiscard]] bool covers(const SpokenWord& word) const { return word.end > since; }
};

// `start`, `end` and `text` follow from the words, of which there is at least one.
void describe_by_words(Segment& segment);

// Without the words that go. Nothing: none is left.
[[nodiscard]] std::optional<Segment> without(const Retraction& retraction, Segment segment);

// One line of JSON, with its line feed; and back, from a line without one.
[[nodiscard]] std::string to_line(const Segment& segment);
[[nodiscard]] std::optional<Segment> parse_line(std::string_view line);
[[nodiscard]] std::string to_line(const Retraction& retraction);
[[nodiscard]] std::optional<Retraction> parse_retraction(std::string_view line);

// WebVTT (W3C): what a file begins with, and a cue. Times count from `began`.
[[nodiscard]] std::string vtt_header(UtcTime began);
[[nodiscard]] std::string to_cue(const Segment& segment, UtcTime began);

}  // namespace assent::transcribe

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/transcribe/engine.hpp"
#include "gateway/transcribe/message.hpp"
#include "gateway/transcribe/segment.hpp"

namespace assent::transcribe {

// Where the audio of a stream goes to become words, which come later.
class Ear {
 public:
  Ear() = default;
  Ear(const Ear&) = delete;
  Ear& operator=(const Ear&) = delete;
  virtual ~Ear() = default;

  // False: it has enough to do, and none of these were taken.
  [[nodiscard]] virtual bool hear(std::span<const std::int16_t> samples) = 0;
  // What follows does not follow on what it has heard.
  virtual void pause() = 0;
  // Nothing comes any more, and what it was given after its first `samples` is not to be heard.
  virtual void finish(std::uint64_t samples) = 0;
};

// One connection of the gateway: what it says in, audio to the ear; the engine's words in, segments
// out. A word is out only if all of it lies before the cut, where its purpose is served, and
// outside of what is to be forgotten; what reaches to the cut may be half a word, and goes, too.
// Sans-I/O.
class Hearing {
 public:
  Hearing(Start start, Ear& ear);

  // In the order in which they came. False: this cannot come now, or ever; end the connection.
  [[nodiscard]] bool take_audio(std::string_view bytes);
  [[nodiscard]] bool take_message(const Message& message, std::vector<Retraction>& out);
  // The connection is gone. Without its end told, what it said last may be half a word, and what
  // it would have said next a withdrawal.
  void lose();
  // It said what it may not: no word comes out any more.
  void distrust();

  [[nodiscard]] std::vector<Segment> take_words(const Utterance& utterance);
  // Such words are not out yet, and never will be.
  void retract(const Retraction& retraction);

  [[nodiscard]] const Start& start() const { return start_; }
  [[nodiscard]] std::uint64_t shed_samples() const { return shed_; }  // that the ear did not take

 private:
  // Audio without a break, from its first sample on.
  struct Run {
    std::uint64_t heard = 0;  // by the ear before it
    std::uint64_t position = 0;
    UtcTime time{};
  };
  struct Span {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
  };
  using Served = std::pair<std::uint64_t, ServedPurposes>;  // from this position on

  [[nodiscard]] bool take(const Start&, std::vector<Retraction>&) { return false; }
  [[nodiscard]] bool take(const Time& time, std::vector<Retraction>& out);
  [[nodiscard]] bool take(const Gap& gap, std::vector<Retraction>& out);
  [[nodiscard]] bool take(const Purposes& purposes, std::vector<Retraction>& out);
  [[nodiscard]] bool take(const Withdrawn& withdrawn, std::vector<Retraction>& out);
  [[nodiscard]] bool take(const End&, std::vector<Retraction>& out);

  void end();
  void break_off();
  void give(std::span<const std::int16_t> samples);
  void take_back_from(std::uint64_t position, std::vector<Retraction>& out);
  [[nodiscard]] Retraction retraction(UtcTime since) const;
  [[nodiscard]] std::optional<Span> place_of(const HeardWord& word) const;
  [[nodiscard]] UtcTime time_at(std::uint64_t position) const;
  [[nodiscard]] std::uint64_t heard_at(std::uint64_t position) const;
  [[nodiscard]] ServedPurposes served(Span span) const;  // all along, and close to it
  [[nodiscard]] bool is_permitted(const SpokenWord& word, Span span,
                                  const ServedPurposes& purposes) const;
  [[nodiscard]] Segment segment_at(std::uint64_t position, ServedPurposes purposes) const;

  Start start_;
  Ear& ear_;
  std::uint64_t position_;   // of what comes next
  std::uint64_t heard_ = 0;  // samples that the ear was given
  std::uint64_t out_until_;  // words before this may be out
  std::uint64_t shed_ = 0;
  std::uint64_t cut_ = position_max + 1;
  bool ended_ = false;
  bool begins_ = true;         // the next audio is a new run
  std::optional<Time> clock_;  // as told last
  std::vector<Run> runs_;
  std::vector<Served> served_;
  std::vector<Retraction> retractions_;
};

}  // namespace assent::transcribe

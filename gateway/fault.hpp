#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assent::gateway {

// One thing wrong in a file that an operator wrote, with the way to mend it.
struct Fault {
  std::string file;
  unsigned line = 0;    // from 1; 0: the file as a whole
  unsigned column = 0;  // from 1, in bytes
  std::string path;     // "media.port_range.first", "api.tokens[2].role"; empty: the whole document
  std::string what;
  std::string remedy;

  bool operator==(const Fault&) const = default;
};

// "assent.yaml:3:10: media.workers: 0 is too small\n  remedy: choose a number from 1 to 64"
[[nodiscard]] std::string to_string(const Fault& fault);

// All the faults of all the files of one check. A file of garbage must not flood a terminal:
// beyond faults_max they are counted, not kept. The same fault twice is one.
class Faults {
 public:
  static constexpr std::size_t faults_max = 200;

  void add(Fault fault);
  [[nodiscard]] bool empty() const { return faults_.empty(); }
  [[nodiscard]] std::size_t left_out() const { return left_out_; }
  // Files in the order of their first fault, and from top to bottom in each.
  [[nodiscard]] std::vector<Fault> in_order() const;

 private:
  std::vector<Fault> faults_;
  std::size_t left_out_ = 0;
};

// Every fault on lines of its own, for a terminal or a log.
[[nodiscard]] std::string to_string(const Faults& faults);

// The remedy for a wrong word: the one it was probably meant to be, or all that are possible.
// "did you mean 'recording'?", "one of: rtp, ogg"
[[nodiscard]] std::string suggest(std::string_view word,
                                  std::span<const std::string_view> possible);

// A value from a file as it may be shown in a fault: in quotes, control characters escaped,
// cut when long. Not for secrets.
[[nodiscard]] std::string as_shown(std::string_view value);

}  // namespace assent::gateway

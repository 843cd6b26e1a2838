#pragma once

#include <string>
#include <string_view>

#include "policy/merkle_tree.hpp"
#include "policy/signed_note.hpp"

namespace assent::policy {

// c2sp.org/tlog-checkpoint: which log, how long it is, and the one hash that stands for all of it.
struct Checkpoint {
  std::string origin;
  TreeHead head;

  bool operator==(const Checkpoint&) const = default;
};

// The text of a note that is to be signed: three lines.
[[nodiscard]] std::string to_text(const Checkpoint& checkpoint);

// Only what to_text() writes: extension lines could say what no reader of ours looks at.
[[nodiscard]] Noted<Checkpoint> parse_checkpoint(std::string_view text);

}  // namespace assent::policy

// Any text: what is accepted as a note, a checkpoint or a key has that one spelling.
#include "policy/signed_note.hpp"

#include <cstdint>
#include <cstdlib>

#include "policy/checkpoint.hpp"

using namespace assent::policy;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

Digest no_hash(std::span<const std::byte>) {
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto note = parse_note(text)) {
    require(to_text(*note) == text);
    if (const auto checkpoint = parse_checkpoint(note->text))
      require(to_text(*checkpoint) == note->text);
  }
  if (const auto key = parse_verifier_key(text, no_hash)) require(to_text(*key) == text);
  if (const auto key = parse_signer_key(text)) require(to_text(*key) == text);
  return 0;
}

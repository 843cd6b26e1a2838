#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "gateway/durable_file.hpp"
#include "gateway/ledger_key.hpp"
#include "policy/merkle_tree.hpp"

// What is signed and durable, and not yet in the static files. A commit is a frame in a segment:
//
//   header, bundle of entries, hashes of their leaves, zeros up to a sector | signed checkpoint
//
// A segment is written with zeros and synced before its first frame. Writing a frame then changes
// no metadata, so that a sync waits for these blocks only, and not for the file system's journal,
// which everything else on the machine keeps busy. The checkpoint has a sector of its own, which a
// crash leaves either as it was or whole: what stands there was signed after entries and hashes
// were durable, and a frame without one was acknowledged to nobody.
namespace assent::gateway {

inline constexpr std::size_t journal_sector = 512;
inline constexpr std::size_t journal_segment_bytes = 2u << 20;
inline constexpr std::size_t journal_entries_max = 1'024;          // of a frame
inline constexpr std::size_t journal_bundle_bytes_max = 1u << 20;  // of a frame

// What a commit needs of a file; tests put one here that loses what was not synced.
class JournalFile {
 public:
  virtual ~JournalFile() = default;
  [[nodiscard]] virtual std::error_code write(std::size_t offset,
                                              std::span<const std::byte> bytes) = 0;
  [[nodiscard]] virtual std::error_code sync() = 0;
  [[nodiscard]] virtual std::error_code read(std::size_t offset, std::span<std::byte> bytes) = 0;
};

[[nodiscard]] std::string segment_name(std::uint64_t number);  // "journal/00000001"
[[nodiscard]] std::optional<std::uint64_t> parse_segment_name(std::string_view path);
// Where the segments are; made if it is not there.
[[nodiscard]] std::error_code make_journal_folder(const std::filesystem::path& ledger);

// A new segment of zeros, durable under its name. The fault says what the disk refused.
[[nodiscard]] Ledgered<std::unique_ptr<JournalFile>> make_segment(
    const std::filesystem::path& ledger, std::uint64_t number);

class JournalSegment {
 public:
  explicit JournalSegment(std::unique_ptr<JournalFile> file) : file_{std::move(file)} {}

  [[nodiscard]] bool has_room_for(std::span<const std::string> entries) const;

  // The order of the promise: entries and sync, hashes and sync; both are read again, and the
  // leaves computed from what was read go into `tree`; then the checkpoint, signed, and sync.
  // Returns the note. After a fault neither segment nor tree is of any more use.
  [[nodiscard]] Ledgered<std::string> commit(std::span<const std::string> entries,
                                             policy::MerkleTree& tree, const LedgerKey& key);

 private:
  [[nodiscard]] std::error_code write_durably(std::size_t offset, std::string_view bytes);
  [[nodiscard]] std::optional<std::string> read_again(std::string_view frame);

  std::unique_ptr<JournalFile> file_;
  std::size_t end_ = 0;  // of the frames so far
};

// A frame as it stands in a segment: its form is sound, its hashes and signature are not checked.
struct JournalFrame {
  std::uint64_t first = 0;
  std::vector<std::string_view> entries;
  std::vector<policy::Digest> leaves;
  std::string_view note;
  std::size_t end = 0;  // where the next may begin
};
[[nodiscard]] std::optional<JournalFrame> read_frame(std::string_view segment, std::size_t offset);

// Whether a checkpoint of this origin stands in any sector from here on: then what is before it
// was whole once.
[[nodiscard]] bool has_checkpoint_after(std::string_view segment, std::size_t offset,
                                        std::string_view origin);

}  // namespace assent::gateway

#include "gateway/ledger_audit.hpp"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "gateway/ledger_entry.hpp"
#include "gateway/ledger_journal.hpp"
#include "gateway/ledger_publication.hpp"

namespace assent::gateway {
namespace {

constexpr std::string_view restore =
    "restore the ledger from a backup that holds the newest checkpoint known; what it was changed "
    "to must not be taken for a record";

// Thrown inside this file only: the walk ends where the first contradiction is.
struct Contradiction {
  Fault fault;
};
// Likewise: what is there was not to be read.
struct Unreadable {
  Fault fault;
};

class Audit {
 public:
  Audit(std::filesystem::path folder, const policy::VerifierKey& key,
        std::vector<KeptCheckpoint> kept, const EntryVisitor& visit)
      : folder_{std::move(folder)}, key_{key}, visit_{visit} {
    for (KeptCheckpoint& of : kept)
      kept_.emplace(of.head.size, std::move(of));
  }

  LedgerAudit run() {
    try {
      list_files();
      check_verifier_key();
      read_published();
      read_journal();
      look_for_left_over();
      if (!kept_.empty()) {
        const auto& [size, of] = *kept_.begin();
        contradict(checkpoint_name, "the ledger ends at entry " +
                                        std::to_string(made_.tree.size()) +
                                        ", and the checkpoint of " + of.where + " had " +
                                        std::to_string(size) + ": it was cut or rolled back");
      }
    } catch (const Contradiction& contradiction) {
      made_.fault = contradiction.fault;
    } catch (const Unreadable& unreadable) {
      made_.fault = unreadable.fault;
      made_.unreadable = true;
    }
    return std::move(made_);
  }

 private:
  [[noreturn]] void contradict(std::string_view file, std::string what) const {
    throw Contradiction{file_fault(folder_ / file, std::move(what), std::string{restore})};
  }

  std::string read(const std::string& file) const {
    auto bytes = read_whole(folder_ / file);
    if (bytes) return *std::move(bytes);
    std::error_code error;
    if (std::filesystem::is_regular_file(folder_ / file, error)) throw Unreadable{bytes.error()};
    contradict(file, bytes.error().what);
  }

  policy::Checkpoint checked(std::string_view note, const std::string& file) {
    const auto checkpoint = open_checkpoint(note, key_, file);
    if (!checkpoint) contradict(file, checkpoint.error().what);
    ++made_.checkpoints;
    return *checkpoint;
  }

  void list_files() {
    std::error_code error;
    for (auto at = std::filesystem::recursive_directory_iterator{folder_, error};
         !error && at != std::filesystem::recursive_directory_iterator{}; at.increment(error)) {
      if (!at->is_directory(error)) files_.insert(at->path().lexically_relative(folder_).string());
    }
    if (error) throw Unreadable{disk_fault(folder_, error)};
  }

  void check_verifier_key() const {
    const std::string file{verifier_key_name};
    if (files_.contains(file) && read(file) != to_text(key_) + '\n')
      contradict(file, "it is not the key that the ledger was to be verified with");
  }

  // Every size that the tree passes through: what was kept of it elsewhere must agree.
  void append(std::string_view entry, const policy::Digest& leaf, std::string_view file) {
    meet_kept();
    made_.tree.append(leaf);
    const auto parsed = parse_ledger_entry(entry);
    if (!parsed)
      contradict(file, "entry " + std::to_string(made_.tree.size() - 1) + " is not of this form");
    if (visit_) visit_(made_.tree.size() - 1, *parsed);
  }

  void meet_kept() {
    const auto [begin, end] = kept_.equal_range(made_.tree.size());
    for (auto of = begin; of != end; ++of)
      if (of->second.head.root != made_.tree.root())
        contradict(checkpoint_name, "the first " + std::to_string(made_.tree.size()) +
                                        " entries are not those of the checkpoint of " +
                                        of->second.where + ": the ledger was rewritten");
    kept_.erase(begin, end);
  }

  void read_published() {
    if (!files_.contains(std::string{checkpoint_name})) {
      for (const std::string& file : files_)
        if (parse_tile_path(file) || parse_segment_name(file))
          contradict(checkpoint_name, "it is absent, and there is " + file);
      meet_kept();
      return;
    }
    made_.note = read(std::string{checkpoint_name});
    const auto checkpoint = checked(made_.note, std::string{checkpoint_name});
    while (made_.tree.size() < checkpoint.head.size)
      read_bundle(checkpoint.head.size);
    for (const LedgerFile& file : made_.published.partial())
      compare(file);
    if (made_.tree.root() != checkpoint.head.root)
      contradict(checkpoint_name, "it does not have the root of the entries and tiles");
    meet_kept();
  }

  void read_bundle(std::uint64_t size) {
    TileAddress address;
    address.index = made_.tree.size() / tile_width;
    address.width =
        static_cast<std::size_t>(std::min<std::uint64_t>(tile_width, size - made_.tree.size()));
    const std::string path = tile_path(address);
    const std::string bytes = read(path);
    const auto entries = parse_bundle(bytes);
    if (!entries || entries->size() != address.width)
      contradict(path, "it is not a bundle of " + std::to_string(address.width) + " entries");
    for (const std::string_view entry : *entries) {
      const auto leaf = ledger_hash().of_leaf(std::as_bytes(std::span{entry}));
      made_.published.add(entry, leaf);
      append(entry, leaf, path);
    }
    for (const LedgerFile& file : made_.published.take_full())
      compare(file);
  }

  // What the entries come to against what is in the file.
  void compare(const LedgerFile& file) {
    const std::string path = tile_path(file.address);
    if (read(path) != file.bytes)
      contradict(path, "its hashes are not those of the entries below it");
    covered_.insert(path);
    ++(file.address.level ? made_.tiles : made_.bundles);
  }

  void read_journal() {
    std::map<std::uint64_t, std::string> segments;
    for (const std::string& file : files_)
      if (const auto number = parse_segment_name(file)) segments.emplace(*number, file);
    bool ended = false;  // by a frame that was never signed
    for (const auto& [number, file] : segments) {
      made_.last_segment = number;
      made_.segments.push_back(file);
      const std::string segment = read(file);
      if (segment.size() != journal_segment_bytes) contradict(file, "it is cut short");
      const std::size_t end = ended ? 0 : read_segment(segment, file);
      if (segment.find_first_not_of('\0', end) == std::string::npos) continue;
      if (has_checkpoint_after(segment, end, key_.name))
        contradict(file, "the frame at byte " + std::to_string(end) +
                             " is damaged, or one before it is missing");
      made_.left_over.push_back(file + " from byte " + std::to_string(end));
      ended = true;
    }
  }

  // Where its signed frames end.
  std::size_t read_segment(const std::string& segment, const std::string& file) {
    std::size_t offset = 0;
    while (const auto frame = read_frame(segment, offset)) {
      const auto checkpoint = checked(frame->note, file);
      const std::uint64_t end = frame->first + frame->entries.size();
      if (end != checkpoint.head.size || frame->first > made_.tree.size())
        contradict(file, "frames before entry " + std::to_string(frame->first) + " are missing");
      if (end > made_.published.size() && frame->first < made_.tree.size())
        contradict(file, "entry " + std::to_string(frame->first) + " is there twice");
      take_frame(*frame, checkpoint, file);
      offset = frame->end;
    }
    return offset;
  }

  void take_frame(const JournalFrame& frame, const policy::Checkpoint& checkpoint,
                  const std::string& file) {
    // What is published too: a tree of its own shows that the frame says the same.
    const bool is_new = frame.first == made_.tree.size();
    for (std::size_t i = 0; i < frame.entries.size(); ++i) {
      const auto leaf = ledger_hash().of_leaf(std::as_bytes(std::span{frame.entries[i]}));
      if (leaf != frame.leaves[i])
        contradict(file, "the hash of entry " + std::to_string(frame.first + i) +
                             " is not that of the entry");
      if (!is_new) {
        meet_published_leaf(frame.first + i, leaf, file);
        continue;
      }
      append(frame.entries[i], leaf, file);
      made_.journaled.push_back({std::string{frame.entries[i]}, leaf});
    }
    const auto nodes = nodes_in(folder_, made_.published.size());
    const auto root = is_new ? std::optional{made_.tree.root()}
                             : policy::root_of(ledger_hash(), checkpoint.head.size, nodes);
    if (root != checkpoint.head.root)
      contradict(file, "the checkpoint of " + std::to_string(checkpoint.head.size) +
                           " entries does not have their root");
    if (!is_new) return;
    made_.note = frame.note;
    meet_kept();
  }

  void meet_published_leaf(std::uint64_t index, const policy::Digest& leaf,
                           const std::string& file) const {
    if (nodes_in(folder_, made_.published.size())(0, index) != leaf)
      contradict(file, "entry " + std::to_string(index) + " is not the published one");
  }

  void look_for_left_over() {
    for (const std::string& file : files_) {
      if (file == checkpoint_name || file == verifier_key_name || covered_.contains(file) ||
          parse_segment_name(file))
        continue;
      const bool is_clutter = is_draft(file) || is_superseded(file);
      if (!is_clutter) made_.left_over.push_back(file);
      if (is_clutter || parse_tile_path(file)) made_.removable.push_back(file);
    }
  }

  // Of a file that was to get its name once it was whole: nothing was ever read from it.
  static bool is_draft(const std::string& file) {
    return file == std::string{checkpoint_name} + ".tmp" ||
           file == std::string{verifier_key_name} + ".tmp" ||
           (file.ends_with(".new") &&
            parse_segment_name(std::string_view{file}.substr(0, file.size() - 4)));
  }

  // A narrower tile that a crash kept: nothing is wrong with it if it begins the one that is
  // covered.
  bool is_superseded(const std::string& file) const {
    const auto address = parse_tile_path(file);
    if (!address || address->width == tile_width) return false;
    TileAddress wider = *address;
    for (++wider.width; wider.width <= tile_width; ++wider.width) {
      const std::string path = tile_path(wider);
      if (covered_.contains(path)) return !read(file).empty() && read(path).starts_with(read(file));
    }
    return false;
  }

  const std::filesystem::path folder_;
  const policy::VerifierKey& key_;
  std::multimap<std::uint64_t, KeptCheckpoint> kept_;
  const EntryVisitor& visit_;
  std::set<std::string> files_;
  std::set<std::string> covered_;
  LedgerAudit made_;
};

}  // namespace

LedgerAudit audit_ledger(const std::filesystem::path& folder, const policy::VerifierKey& key,
                         std::vector<KeptCheckpoint> kept, const EntryVisitor& visit) {
  return Audit{folder, key, std::move(kept), visit}.run();
}

}  // namespace assent::gateway

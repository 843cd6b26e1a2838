#include "gateway/ledger_journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/ledger_tiles.hpp"

namespace assent::gateway {
namespace {

constexpr std::string_view journal_folder = "journal";
constexpr std::string_view magic = "ASNTLEDG";
constexpr std::size_t name_digits = 8;

// Every number is stored with its least significant byte first.
struct FrameHeader {
  static constexpr std::size_t bytes = 24;
  std::uint32_t count = 0;
  std::uint32_t bundle_bytes = 0;
  std::uint64_t first = 0;
};

template <class Number>
void put(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    out += static_cast<char>(number >> (8 * i) & 0xFFU);
}

template <class Number>
Number get(std::string_view bytes) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    number |= static_cast<Number>(Number{static_cast<unsigned char>(bytes[i])} << (8 * i));
  return number;
}

std::string to_bytes(const FrameHeader& header) {
  std::string out{magic};
  put(out, header.count);
  put(out, header.bundle_bytes);
  put(out, header.first);
  return out;
}

std::optional<FrameHeader> read_header(std::string_view bytes) {
  if (bytes.size() < FrameHeader::bytes || !bytes.starts_with(magic)) return std::nullopt;
  FrameHeader header;
  header.count = get<std::uint32_t>(bytes.substr(8));
  header.bundle_bytes = get<std::uint32_t>(bytes.substr(12));
  header.first = get<std::uint64_t>(bytes.substr(16));
  if (header.count == 0 || header.count > journal_entries_max ||
      header.bundle_bytes > journal_bundle_bytes_max)
    return std::nullopt;
  return header;
}

// How far a frame's parts are from its start.
struct FrameLayout {
  std::size_t hashes;
  std::size_t padding;
  std::size_t note;
  std::size_t end;
};
FrameLayout layout_of(std::size_t count, std::size_t bundle_bytes) {
  const std::size_t hashes = FrameHeader::bytes + bundle_bytes;
  const std::size_t padding = hashes + count * sizeof(policy::Digest);
  const std::size_t note = (padding + journal_sector - 1) / journal_sector * journal_sector;
  return {hashes, padding, note, note + journal_sector};
}

bool all_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

std::size_t bundle_bytes_of(std::span<const std::string> entries) {
  std::size_t bytes = 0;
  for (const std::string& entry : entries)
    bytes += 2 + entry.size();
  return bytes;
}

std::string frame_of(std::span<const std::string> entries, std::size_t bundle_bytes,
                     std::uint64_t first) {
  std::string frame = to_bytes({static_cast<std::uint32_t>(entries.size()),
                                static_cast<std::uint32_t>(bundle_bytes), first});
  for (const std::string& entry : entries)
    append_to_bundle(frame, entry);
  for (const std::string& entry : entries) {
    const auto leaf = ledger_hash().of_leaf(std::as_bytes(std::span{entry}));
    frame.append(reinterpret_cast<const char*>(leaf.data()), leaf.size());
  }
  return frame;
}

class DiskFile final : public JournalFile {
 public:
  explicit DiskFile(FileHandle handle) : handle_{std::move(handle)} {}

  std::error_code write(std::size_t offset, std::span<const std::byte> bytes) override {
    return write_at(handle_.get(), offset, bytes);
  }
  std::error_code sync() override {
    return ::fdatasync(handle_.get()) == 0 ? std::error_code{} : last_disk_error();
  }
  std::error_code read(std::size_t offset, std::span<std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t got =
          ::pread(handle_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return last_disk_error();
      if (got == 0) return std::make_error_code(std::errc::io_error);
      offset += static_cast<std::size_t>(got);
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
    return {};
  }

 private:
  FileHandle handle_;
};

}  // namespace

std::string segment_name(std::uint64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, name_digits - std::min(name_digits, digits.size()), '0');
  return std::string{journal_folder} + '/' + digits;
}

std::optional<std::uint64_t> parse_segment_name(std::string_view path) {
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos || path.substr(0, slash) != journal_folder)
    return std::nullopt;
  std::uint64_t number = 0;
  const std::string_view digits = path.substr(slash + 1);
  if (digits.size() > 2 * name_digits) return std::nullopt;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return segment_name(number) == path ? std::optional{number} : std::nullopt;
}

std::error_code make_journal_folder(const std::filesystem::path& ledger) {
  return make_private_folder(ledger / journal_folder);
}

Ledgered<std::unique_ptr<JournalFile>> make_segment(const std::filesystem::path& ledger,
                                                    std::uint64_t number) {
  if (const auto error = make_journal_folder(ledger)) return disk_fault(journal_folder, error);
  // Linked under its name only when it is whole: a short segment is then never a crash's doing.
  const auto path = ledger / segment_name(number);
  const std::string draft = path.string() + ".new";
  constexpr mode_t owner_only = 0600;
  FileHandle handle{
      ::open(draft.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, owner_only)};
  if (!handle) return disk_fault(journal_folder, last_disk_error());
  const std::vector<std::byte> zeros(journal_segment_bytes);
  auto error = write_at(handle.get(), 0, zeros);
  if (!error) error = sync_file(handle.get());
  if (!error && ::rename(draft.c_str(), path.c_str()) != 0) error = last_disk_error();
  if (!error) error = sync_folder(ledger / journal_folder);
  if (error) {
    ::unlink(draft.c_str());
    return disk_fault(journal_folder, error);
  }
  return std::unique_ptr<JournalFile>{std::make_unique<DiskFile>(std::move(handle))};
}

bool JournalSegment::has_room_for(std::span<const std::string> entries) const {
  return end_ + layout_of(entries.size(), bundle_bytes_of(entries)).end <= journal_segment_bytes;
}

std::error_code JournalSegment::write_durably(std::size_t offset, std::string_view bytes) {
  if (const auto error = file_->write(end_ + offset, std::as_bytes(std::span{bytes}))) return error;
  return file_->sync();
}

// The bundle as the disk gives it back; nothing when that is not what was written.
std::optional<std::string> JournalSegment::read_again(std::string_view frame) {
  std::string again(frame.size(), '\0');
  if (file_->read(end_, std::as_writable_bytes(std::span{again})) || again != frame)
    return std::nullopt;
  return again;
}

Ledgered<std::string> JournalSegment::commit(std::span<const std::string> entries,
                                             policy::MerkleTree& tree, const LedgerKey& key) {
  const std::size_t bundle_bytes = bundle_bytes_of(entries);
  const FrameLayout at = layout_of(entries.size(), bundle_bytes);
  const std::string frame = frame_of(entries, bundle_bytes, tree.size());
  const std::string_view view{frame};
  if (const auto error = write_durably(0, view.substr(0, at.hashes)))
    return disk_fault(journal_folder, error);
  if (const auto error = write_durably(at.hashes, view.substr(at.hashes)))
    return disk_fault(journal_folder, error);

  const auto again = read_again(frame);
  if (!again)
    return file_fault(journal_folder, "the disk does not give back what was written",
                      "replace the disk, then start again");
  const std::string_view bundle = std::string_view{*again}.substr(FrameHeader::bytes, bundle_bytes);
  const auto written = parse_bundle(bundle);
  for (const std::string_view entry : *written)
    tree.append(ledger_hash().of_leaf(std::as_bytes(std::span{entry})));

  std::string note = key.sign({tree.size(), tree.root()});
  if (note.empty() || note.size() > journal_sector)
    return file_fault(journal_folder, "the checkpoint cannot be signed", "use a shorter origin");
  std::string sector = note;
  sector.resize(journal_sector, '\0');
  if (const auto error = write_durably(at.note, sector)) return disk_fault(journal_folder, error);
  end_ += at.end;
  return Ledgered<std::string>{boost::system::in_place_value, std::move(note)};
}

std::optional<JournalFrame> read_frame(std::string_view segment, std::size_t offset) {
  if (offset > segment.size()) return std::nullopt;
  const std::string_view bytes = segment.substr(offset);
  const auto header = read_header(bytes);
  if (!header) return std::nullopt;
  const FrameLayout at = layout_of(header->count, header->bundle_bytes);
  if (bytes.size() < at.end) return std::nullopt;
  const auto entries = parse_bundle(bytes.substr(FrameHeader::bytes, header->bundle_bytes));
  if (!entries || entries->size() != header->count) return std::nullopt;
  if (!all_zero(bytes.substr(at.padding, at.note - at.padding))) return std::nullopt;
  JournalFrame frame;
  frame.first = header->first;
  frame.entries = *entries;
  frame.leaves.resize(header->count);
  std::memcpy(frame.leaves.data(), bytes.data() + at.hashes, at.padding - at.hashes);
  const std::string_view sector = bytes.substr(at.note, journal_sector);
  frame.note = sector.substr(0, sector.find('\0'));
  if (frame.note.empty() || !all_zero(sector.substr(frame.note.size()))) return std::nullopt;
  frame.end = offset + at.end;
  return frame;
}

bool has_checkpoint_after(std::string_view segment, std::size_t offset, std::string_view origin) {
  const std::string start = std::string{origin} + '\n';
  for (; offset + start.size() <= segment.size(); offset += journal_sector)
    if (segment.substr(offset).starts_with(start)) return true;
  return false;
}

}  // namespace assent::gateway

#include "gateway/cdr_lines.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <span>

#include "gateway/rfc3339.hpp"

namespace assent::gateway {
namespace {

constexpr std::string_view line_start = "{\"id\":";
constexpr std::string_view name_start = "cdr-";
constexpr std::string_view name_end = ".jsonl";
// The longest line, and a torn one behind it.
constexpr std::size_t tail_bytes = 2 * record_bytes_max + 4'096;

std::error_code last_error() {
  return {errno, std::generic_category()};
}

std::string name_of_day(WallTime now) {
  constexpr std::size_t date_length = 10;
  return std::string(name_start) + to_rfc3339(now).substr(0, date_length) + std::string(name_end);
}

std::optional<RecordId> id_of(std::string_view line) {
  if (!line.starts_with(line_start) || !line.ends_with('}')) return std::nullopt;
  std::int64_t id = 0;
  const char* const from = line.data() + line_start.size();
  const auto [end, error] = std::from_chars(from, line.data() + line.size(), id);
  if (error != std::errc{} || end == from) return std::nullopt;
  return RecordId{id};
}

std::string newest_in(const std::filesystem::path& folder, std::error_code& error) {
  std::string newest;
  for (std::filesystem::directory_iterator at{folder, error}, end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with(name_start) && name.ends_with(name_end)) newest = std::max(newest, name);
  }
  return newest;
}

// How much of the tail is whole lines, and the id of the last of them.
struct WholeLines {
  std::size_t bytes = 0;
  RecordId last{};
};
WholeLines whole_lines(std::string_view tail) {
  while (!tail.empty()) {
    const auto feed = tail.rfind('\n');
    if (feed == std::string_view::npos) break;
    const auto before = feed == 0 ? std::string_view::npos : tail.rfind('\n', feed - 1);
    const auto start = before == std::string_view::npos ? 0 : before + 1;
    if (const auto id = id_of(tail.substr(start, feed - start))) return {feed + 1, *id};
    tail = tail.substr(0, start);  // a line of zeros or rubbish: what power loss leaves
  }
  return {};
}

}  // namespace

std::string cdr_line(const CdrEntry& entry) {
  constexpr std::string_view empty_object = "{}";
  std::string line{line_start};
  line += std::to_string(static_cast<std::int64_t>(entry.id));
  line += entry.json == empty_object ? "" : ",";
  line += std::string_view{entry.json}.substr(std::min<std::size_t>(1, entry.json.size()));
  return line + '\n';
}

std::error_code CdrLines::open() {
  if (const auto error = make_private_folder(folder_)) return error;
  std::error_code error;
  const std::string newest = newest_in(folder_, error);
  if (error || newest.empty()) return error;
  if ((error = open_day(newest))) return error;
  const std::size_t start = size_ > tail_bytes ? size_ - tail_bytes : 0;
  std::string tail(size_ - start, '\0');
  if (::pread(file_.get(), tail.data(), tail.size(), static_cast<off_t>(start)) !=
      static_cast<ssize_t>(tail.size())) {
    return std::make_error_code(std::errc::io_error);
  }
  const WholeLines whole = whole_lines(tail);
  if (whole.bytes != tail.size()) {
    size_ = start + whole.bytes;
    if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) return last_error();
  }
  last_id_ = std::max(last_id_, whole.last);
  return {};
}

std::error_code CdrLines::open_day(const std::string& name) {
  constexpr mode_t owner_only = 0600;
  const auto path = folder_ / name;
  FileHandle file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, owner_only)};
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return last_error();
  if (const auto error = sync_folder(folder_)) return error;
  file_ = std::move(file);
  name_ = name;
  size_ = static_cast<std::size_t>(status.st_size);
  torn_ = false;
  return {};
}

void CdrLines::add(const CdrEntry& entry) {
  pending_ += cdr_line(entry);
  pending_last_ = entry.id;
}

std::error_code CdrLines::flush(WallTime now) {
  if (pending_.empty()) return {};
  const std::string lines = std::exchange(pending_, {});
  // Later days only: a clock set back must not append behind newer ids in an older file.
  const std::string today = std::max(name_, name_of_day(now));
  std::error_code error;
  if (today != name_ || !file_) error = open_day(today);
  if (!error && torn_) error = cut_torn();
  if (!error) error = write_at(file_.get(), size_, std::as_bytes(std::span{lines}));
  if (!error) error = sync_file(file_.get());
  if (!error) {
    size_ += lines.size();
    last_id_ = pending_last_;
    return {};
  }
  torn_ = true;
  if (file_) static_cast<void>(cut_torn());  // else before the next line
  return error;
}

std::error_code CdrLines::cut_torn() {
  if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) return last_error();
  torn_ = false;
  return {};
}

}  // namespace assent::gateway

#include "gateway/cdr_lines_rewrite.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include "gateway/cdr_lines.hpp"
#include "gateway/durable_file.hpp"

namespace assent::gateway {
namespace {

constexpr std::size_t step_bytes = 1u << 20;
constexpr std::string_view line_start = "{\"id\":";

std::optional<RecordId> id_of(std::string_view line) {
  if (!line.starts_with(line_start)) return std::nullopt;
  std::int64_t id = 0;
  const char* const from = line.data() + line_start.size();
  const auto [end, error] = std::from_chars(from, line.data() + line.size(), id);
  if (error != std::errc{} || end == from) return std::nullopt;
  return RecordId{id};
}

bool is_daily_file(const std::string& name) {
  return name.starts_with("cdr-") && name.ends_with(".jsonl");
}

std::filesystem::path beside(const std::filesystem::path& file) {
  return file.native() + ".new";
}

// Appends; the file is made when it is not there.
std::error_code append(const std::filesystem::path& file, const std::string& text) {
  constexpr mode_t owner_only = 0600;
  const FileHandle handle{
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, owner_only)};
  if (!handle) return {errno, std::generic_category()};
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(handle.get(), rest.data(), rest.size());
    if (written < 0 && errno != EINTR) return {errno, std::generic_category()};
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

CdrLinesRewrite::CdrLinesRewrite(std::filesystem::path folder,
                                 const std::vector<RecordId>& outdated, Current current)
    : folder_{std::move(folder)},
      outdated_(outdated.begin(), outdated.end()),
      current_{std::move(current)} {}

bool CdrLinesRewrite::step(std::error_code& error) {
  if (!in_.is_open() && !open_next(error)) return false;
  if (error) return true;
  copy_some(error);
  return true;
}

// Skips files that hold none: their ids ascend, from file to file, too.
bool CdrLinesRewrite::open_next(std::error_code& error) {
  if (!std::exchange(listed_, true)) {
    for (std::filesystem::directory_iterator at{folder_, error}, end; !error && at != end;
         at.increment(error))
      if (is_daily_file(at->path().filename().string())) files_.push_back(at->path());
    if (error == std::errc::no_such_file_or_directory) error.clear();
    std::sort(files_.begin(), files_.end());
  }
  while (!error && !files_.empty() && !outdated_.empty()) {
    file_ = std::move(files_.back());
    files_.pop_back();
    in_.open(file_, std::ios::binary);
    std::string first;
    std::getline(in_, first);
    const auto id = id_of(first);
    const auto first_outdated = id ? outdated_.lower_bound(*id) : outdated_.end();
    const bool holds_some =
        first_outdated != outdated_.end() && (!later_ || *first_outdated < *later_);
    if (id) later_ = id;
    if (in_ && holds_some) {
      in_.seekg(0);
      text_.clear();
      changed_ = false;
      ::unlink(beside(file_).c_str());  // of a rewrite that was cut off
      return true;
    }
    in_.close();
    in_.clear();
  }
  return false;
}

void CdrLinesRewrite::copy_some(std::error_code& error) {
  std::size_t taken = 0;
  for (std::string line; taken < step_bytes && std::getline(in_, line);) {
    taken += line.size() + 1;
    const auto id = id_of(line);
    if (!id || outdated_.erase(*id) == 0) {
      text_ += line;
      text_ += '\n';
      continue;
    }
    changed_ = true;
    if (const auto entry = current_(*id)) text_ += cdr_line(*entry);
  }
  const bool at_end = !in_.good();
  error = append(beside(file_), std::exchange(text_, {}));
  if (!error && at_end) put_in_place(error);
}

void CdrLinesRewrite::put_in_place(std::error_code& error) {
  in_.close();
  in_.clear();
  const auto made = beside(file_);
  std::error_code unreadable;
  const auto size = std::filesystem::file_size(made, unreadable);
  if (!changed_ || size == 0) {
    if (::unlink(made.c_str()) != 0 || (changed_ && ::unlink(file_.c_str()) != 0))
      error = {errno, std::generic_category()};
  } else {
    const FileHandle handle{::open(made.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!handle || ::fsync(handle.get()) != 0 || ::rename(made.c_str(), file_.c_str()) != 0)
      error = {errno, std::generic_category()};
  }
  if (!error) error = sync_folder(folder_);
}

}  // namespace assent::gateway

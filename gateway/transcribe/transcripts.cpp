#include "gateway/transcribe/transcripts.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/result.hpp>
#include <cerrno>
#include <set>
#include <sstream>
#include <utility>

#include "gateway/durable_file.hpp"

namespace assent::transcribe {
namespace fs = std::filesystem;
using gateway::FileHandle;

namespace {

constexpr std::string_view lines_suffix = ".jsonl";
constexpr std::string_view cues_suffix = ".vtt";
constexpr std::string_view retractions_suffix = ".forget";
constexpr std::string_view draft_suffix = ".tmp";
constexpr std::size_t whole_max = 4'096;
constexpr std::size_t calls_max = 4'096;

template <class T>
using Result = boost::system::result<T, std::error_code>;

std::error_code last_error() {
  return {errno, std::generic_category()};
}

// Of a file that is not there: none. Of one that cannot be read: not none.
Result<std::string> text_of(const fs::path& file) {
  const FileHandle handle{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!handle && errno == ENOENT) return std::string{};
  if (!handle) return last_error();
  std::string text;
  std::array<char, 65'536> some;
  for (;;) {
    const ssize_t got = ::read(handle.get(), some.data(), some.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_error();
    if (got == 0) return text;
    text.append(some.data(), static_cast<std::size_t>(got));
  }
}

struct Lines {
  std::vector<Segment> segments;
  bool has_others = false;  // which are nobody's words
};

Result<Lines> lines_in(const fs::path& file) {
  const auto read = text_of(file);
  if (!read) return read.error();
  const std::string& text = *read;
  Lines lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    const bool is_whole = end != std::string::npos;
    auto segment =
        is_whole ? parse_line(std::string_view{text}.substr(at, end - at)) : std::nullopt;
    if (segment) lines.segments.push_back(*std::move(segment));
    lines.has_others = lines.has_others || !segment;
    at = is_whole ? end + 1 : text.size();
  }
  return lines;
}

// An error, too, if one of them cannot be made out.
Result<std::vector<Retraction>> retractions_in(const fs::path& file) {
  const auto text = text_of(file);
  if (!text) return text.error();
  std::vector<Retraction> retractions;
  std::istringstream lines{*text};
  for (std::string line; std::getline(lines, line);) {
    auto retraction = parse_retraction(line);
    if (!retraction) return std::make_error_code(std::errc::bad_message);
    retractions.push_back(*std::move(retraction));
  }
  return retractions;
}

template <class T>
std::string lines_of(const std::vector<T>& those) {
  std::string text;
  for (const T& one : those)
    text += to_line(one);
  return text;
}

std::vector<Segment> without(const std::vector<Retraction>& retractions,
                             std::vector<Segment> segments) {
  std::vector<Segment> kept;
  for (Segment& segment : segments) {
    std::optional<Segment> rest = std::move(segment);
    for (const Retraction& retraction : retractions)
      if (rest) rest = without(retraction, *std::move(rest));
    if (rest) kept.push_back(*std::move(rest));
  }
  return kept;
}

// Whole or not at all, as far as a crash of the process is concerned.
std::error_code append(const fs::path& file, const std::string& text) {
  constexpr mode_t owner_only = 0600;
  const FileHandle handle{
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, owner_only)};
  if (!handle) return last_error();
  const ssize_t written = ::write(handle.get(), text.data(), text.size());
  if (written < 0) return last_error();
  if (static_cast<std::size_t>(written) == text.size()) return {};
  return std::make_error_code(std::errc::no_space_on_device);
}

fs::path with(fs::path base, std::string_view suffix) {
  return base += suffix;
}

// With its draft. It is not there any more, even after a crash.
std::error_code remove_file(const fs::path& file) {
  std::error_code error;
  std::error_code also;
  const bool was_there = fs::remove(file, error);
  const bool was_drafted = fs::remove(with(file, draft_suffix), also);
  if (error || also) return error ? error : also;
  return was_there || was_drafted ? gateway::sync_folder(file.parent_path()) : error;
}

}  // namespace

Transcripts::Files Transcripts::files_of(const std::string& call,
                                         const std::string& speaker) const {
  const fs::path base = directory_ / call / speaker;
  return {with(base, lines_suffix), with(base, cues_suffix), with(base, retractions_suffix)};
}

std::error_code Transcripts::recover() {
  std::error_code error;
  fs::create_directories(directory_.parent_path(), error);
  if (error) return error;
  if (const auto failed = gateway::make_private_folder(directory_)) return failed;
  for (const auto& call : fs::directory_iterator{directory_, error}) {
    if (!call.is_directory(error)) continue;
    if (const auto failed = recover_call(call.path())) return failed;
  }
  return error;
}

std::error_code Transcripts::recover_call(const fs::path& folder) {
  std::error_code error;
  std::set<fs::path> speakers;
  for (const auto& entry : fs::directory_iterator{folder, error}) {
    const fs::path& file = entry.path();
    if (file.extension() == draft_suffix) fs::remove(file, error);
    if (error) return error;
    for (const auto suffix : {lines_suffix, cues_suffix, retractions_suffix})
      if (file.extension() == suffix) speakers.insert(file.stem());
  }
  for (const fs::path& speaker : speakers) {
    const Files files = files_of(folder.filename(), speaker);
    const auto retractions = retractions_in(files.retractions);
    if (!retractions) error = remove(files);
    if (retractions && !retractions->empty()) error = obey(files, *retractions);
    if (!error) error = recover_cues(files);
    if (error) return error;
  }
  return error;
}

// They may be behind the lines, or of lines that are not there.
std::error_code Transcripts::recover_cues(const Files& files) {
  std::error_code missing;
  const auto written = fs::last_write_time(files.lines, missing);
  if (missing) return remove_file(files.cues);
  const auto cues_written = fs::last_write_time(files.cues, missing);
  if (!missing && cues_written >= written) return {};
  auto lines = lines_in(files.lines);
  if (!lines) return lines.error();
  if (lines->has_others) return write_anew(files, std::move(lines->segments));
  return write_cues(files, std::move(lines->segments));
}

void Transcripts::begin(const std::string& call, UtcTime now) {
  if (began_.size() == calls_max) began_.clear();
  began_.try_emplace(call, now);
}

std::error_code Transcripts::make_call(const Segment& first) {
  const fs::path folder = directory_ / first.call;
  if (const auto error = gateway::make_private_folder(folder)) return error;
  std::error_code error;
  if (fs::exists(folder / "call.json", error)) return {};
  begin(first.call, first.start);
  const auto began = std::chrono::floor<std::chrono::seconds>(began_.at(first.call));
  const boost::json::object text{{"call", first.call}, {"began", gateway::to_rfc3339(began)}};
  return gateway::create_private_file(folder / "call.json", boost::json::serialize(text) + "\n");
}

UtcTime Transcripts::began(const Files& files) const {
  boost::system::error_code error;
  const auto read = text_of(files.lines.parent_path() / "call.json");
  const auto value = boost::json::parse(read ? *read : "", error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* field = object == nullptr ? nullptr : object->if_contains("began");
  const auto* text = field == nullptr ? nullptr : field->if_string();
  const auto time = text == nullptr ? std::nullopt : gateway::parse_rfc3339(*text);
  return time.value_or(UtcTime{});
}

std::error_code Transcripts::add(const Segment& segment) {
  const Files files = files_of(segment.call, segment.speaker);
  auto whole = whole_.extract(files.lines);  // and back when all is well
  if (whole.empty()) {
    if (const auto error = make_call(segment)) return error;
    auto lines = lines_in(files.lines);
    if (!lines) return lines.error();
    lines->segments.push_back(segment);
    if (lines->has_others) return write_anew(files, std::move(lines->segments));
    if (const auto error = append(files.lines, to_line(segment))) return error;
    return write_cues(files, std::move(lines->segments));
  }
  if (const auto error = append(files.lines, to_line(segment))) return error;
  if (segment.start < whole.mapped()) {
    auto lines = lines_in(files.lines);
    return lines ? write_cues(files, std::move(lines->segments)) : lines.error();
  }
  if (const auto error = append(files.cues, to_cue(segment, began(files)))) return error;
  whole.mapped() = segment.start;
  whole_.insert(std::move(whole));
  return {};
}

std::error_code Transcripts::retract(const Retraction& retraction) {
  const Files files = files_of(retraction.call, retraction.speaker);
  auto retractions = retractions_in(files.retractions);
  if (!retractions) return remove(files);
  if (std::ranges::find(*retractions, retraction) == retractions->end())
    retractions->push_back(retraction);
  return obey(files, *retractions);
}

// Noted first, lest a crash undo it.
std::error_code Transcripts::obey(const Files& files, const std::vector<Retraction>& retractions) {
  auto lines = lines_in(files.lines);
  const bool is_noted = !gateway::replace_file(files.retractions, lines_of(retractions));
  if (!lines || !is_noted) return remove(files);
  auto kept = without(retractions, std::move(lines->segments));
  if (kept.empty() || write_anew(files, std::move(kept))) return remove(files);
  return remove_file(files.retractions);
}

std::error_code Transcripts::remove(const Files& files) {
  whole_.erase(files.lines);
  const auto lines = remove_file(files.lines);
  const auto cues = remove_file(files.cues);
  if (lines || cues) return lines ? lines : cues;
  return remove_file(files.retractions);
}

// Cues are never there without the lines that they are of; lines may be, until the next.
std::error_code Transcripts::write_anew(const Files& files, std::vector<Segment> segments) {
  whole_.erase(files.lines);
  if (const auto error = remove_file(files.cues)) return error;
  if (const auto error = gateway::replace_file(files.lines, lines_of(segments))) return error;
  (void)write_cues(files, std::move(segments));
  return {};
}

std::error_code Transcripts::write_cues(const Files& files, std::vector<Segment> segments) {
  whole_.erase(files.lines);
  std::ranges::stable_sort(segments, {}, &Segment::start);
  const UtcTime since = began(files);
  std::string text = vtt_header(since);
  for (const Segment& segment : segments)
    text += to_cue(segment, since);
  if (const auto error = gateway::replace_file(files.cues, text)) return error;
  if (whole_.size() == whole_max) whole_.clear();
  whole_[files.lines] = segments.empty() ? UtcTime::min() : segments.back().start;
  return {};
}

}  // namespace assent::transcribe

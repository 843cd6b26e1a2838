#include "gateway/verify_recordings.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "gateway/ledger_fault.hpp"
#include "gateway/recording_manifest.hpp"

namespace assent::gateway {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr const char* restore = "restore the recording from a backup, and find out who changed it";

std::string text_of(const json::object& entry, std::string_view key) {
  const auto* const value = entry.if_contains(key);
  const auto* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string{} : std::string{*text};
}

std::uint64_t number_of(const json::object& entry, std::string_view key) {
  const auto* const value = entry.if_contains(key);
  boost::system::error_code not_a_number;
  return value == nullptr ? 0 : value->to_number<std::uint64_t>(not_a_number);
}

class RecordingsCheck {
 public:
  RecordingsCheck(Database& database, VerifyFindings& findings) : findings_{findings} {
    for (auto& recording : database.recordings()) {
      rooms_[recording.session] = std::move(recording.room);
      due_[recording.session].insert(std::move(recording.json));
    }
  }

  void look_into(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::path> sessions;
    for (fs::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error))
      sessions.push_back(at->path());
    if (error)
      return findings_.fault(folder.string(), "it cannot be read: " + error.message(),
                             "give a folder of recordings: that of a sink of kind ogg");
    std::sort(sessions.begin(), sessions.end());
    for (const auto& session : sessions)
      look_at_session(session);
  }

  void finish() {
    for (const auto& [session, entries] : due_)
      for (const auto& entry : entries)
        findings_.fault("session " + session,
                        "a recording is gone, or its manifest says otherwise "
                        "than when it was closed: " +
                            entry.substr(0, 60) + "...",
                        "give every folder of recordings with --recordings; else restore them");
    findings_.shown.push_back(std::to_string(files_) +
                              " recordings, each byte as when it was closed, none beyond its cut");
  }

 private:
  void fault(const fs::path& where, std::string what) {
    findings_.fault(where.string(), std::move(what), restore);
  }

  void look_at_session(const fs::path& folder) {
    const auto file = folder / "manifest.json";
    const auto text = read_whole(file);
    if (!text) {  // those that were closed are missed below
      ++findings_.not_shown["folders without a manifest: made by a crash, or not the recorder's"];
      return;
    }
    boost::system::error_code error;
    const json::value manifest = json::parse(*text, error);
    const auto* const object = error ? nullptr : manifest.if_object();
    const auto* const tracks = object == nullptr ? nullptr : object->if_contains("tracks");
    if (tracks == nullptr || !tracks->is_array() || json::serialize(manifest) + "\n" != *text)
      return fault(file, "it is not as the recorder wrote it");
    if (text_of(*object, "session") != folder.filename().string() ||
        number_of(*object, "version") != 1 || object->size() != 4)
      return fault(file, "it is of another session, or another version");
    const auto room = rooms_.find(folder.filename().string());
    if (room != rooms_.end() && text_of(*object, "room") != room->second)
      fault(file, "it names another room than the record");
    std::set<std::string> named{"manifest.json"};
    for (const auto& entry : tracks->as_array())
      if (const auto* const track = entry.if_object()) look_at_track(folder, *track, named);
    for (const auto& other : fs::directory_iterator{folder})
      if (!named.contains(other.path().filename().string()))
        ++findings_.not_shown["files that no manifest names: made by a crash, or put there"];
  }

  void look_at_track(const fs::path& folder, const json::object& track,
                     std::set<std::string>& named) {
    const std::string file = text_of(track, "file");
    if (!file.empty()) named.insert(file);
    if (text_of(track, "state") == to_string(TrackState::open)) {
      ++findings_.not_shown["recordings that were open when they were copied"];
      return;
    }
    const auto due = due_.find(folder.filename().string());
    const bool recorded = due != due_.end() && due->second.erase(json::serialize(track)) != 0;
    if (!recorded)
      ++findings_.not_shown
            ["recordings whose closing is not recorded: made before the ledger, or "
             "closed by a crash"];
    if (track.contains("cut") && number_of(track, "last_sequence") > number_of(track, "cut"))
      fault(folder / file, "it holds packets beyond the cut of a withdrawal");
    if (file.empty()) return;
    ++files_;
    if (fs::path{file}.filename() != file || sha256_of(folder / file) != text_of(track, "sha256"))
      fault(folder / file, "it is not the file that was closed");
  }

  VerifyFindings& findings_;
  std::map<std::string, std::multiset<std::string>> due_;  // by session
  std::map<std::string, std::string> rooms_;               // likewise
  std::size_t files_ = 0;
};

}  // namespace

void verify_recordings(Database& database, const std::vector<fs::path>& folders,
                       VerifyFindings& findings) {
  RecordingsCheck check{database, findings};
  for (const auto& folder : folders)
    check.look_into(folder);
  check.finish();
}

}  // namespace assent::gateway

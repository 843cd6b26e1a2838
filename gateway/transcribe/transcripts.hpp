#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "gateway/transcribe/segment.hpp"

namespace assent::transcribe {

// What is kept of the words: in a folder for each call, for each speaker
//   SPEAKER.jsonl   a segment a line, as each was done
//   SPEAKER.vtt     the same as WebVTT, in the order of time; counted from `began` of
//   call.json       so that the speakers of a call stand beside each other
//   SPEAKER.forget  retractions that are being done
// The lines are what holds: the rest follows from them. A crash at any instant leaves whole lines,
// or a last one in part, which is taken away when the next is added; and what was being retracted
// is, before anything is made of the lines again.
class Transcripts {
 public:
  explicit Transcripts(const std::filesystem::path& directory)
      : directory_{std::filesystem::absolute(directory)} {}

  // Makes good what a crash left undone.
  [[nodiscard]] std::error_code recover();

  // Once a call is heard; the first time holds. There is nothing on disk before the first word.
  void begin(const std::string& call, UtcTime now);
  [[nodiscard]] std::error_code add(const Segment& segment);
  // When it comes back without an error, these words are on disk nowhere. What cannot be written
  // anew, or read, is removed whole.
  [[nodiscard]] std::error_code retract(const Retraction& retraction);

 private:
  struct Files {
    std::filesystem::path lines;
    std::filesystem::path cues;
    std::filesystem::path retractions;
  };
  [[nodiscard]] Files files_of(const std::string& call, const std::string& speaker) const;
  [[nodiscard]] std::error_code recover_call(const std::filesystem::path& folder);
  [[nodiscard]] std::error_code recover_cues(const Files& files);
  [[nodiscard]] std::error_code make_call(const Segment& first);
  [[nodiscard]] std::error_code obey(const Files& files,
                                     const std::vector<Retraction>& retractions);
  [[nodiscard]] std::error_code remove(const Files& files);
  [[nodiscard]] std::error_code write_anew(const Files& files, std::vector<Segment> segments);
  [[nodiscard]] std::error_code write_cues(const Files& files, std::vector<Segment> segments);
  [[nodiscard]] UtcTime began(const Files& files) const;

  std::filesystem::path directory_;
  std::map<std::string, UtcTime> began_;  // calls, as told
  // Of files that are whole and in order: when their last segment starts.
  std::map<std::filesystem::path, UtcTime> whole_;
};

}  // namespace assent::transcribe

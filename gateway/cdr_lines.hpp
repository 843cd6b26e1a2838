#pragma once

#include <filesystem>
#include <string>
#include <system_error>

#include "gateway/durable_file.hpp"
#include "gateway/storage_record.hpp"

namespace assent::gateway {

// {"id":12,"version":1,...} and a line feed.
[[nodiscard]] std::string cdr_line(const CdrEntry& entry);

// CDRs as JSON lines, a file a day (UTC): <folder>/cdr-2026-11-24.jsonl, 0600, append only. Each
// line is the record with its id in front, {"id":12,"version":1,...}; ids ascend, so that what is
// missing after a failure can be told from the last line.
class CdrLines {
 public:
  explicit CdrLines(std::filesystem::path folder) : folder_{std::move(folder)} {}

  // Reads where the newest file ends; a last line that was torn by a crash is cut off.
  [[nodiscard]] std::error_code open();
  [[nodiscard]] RecordId last_id() const { return last_id_; }

  // Queues a line in memory; ids must ascend.
  void add(const CdrEntry& entry);
  // Writes and syncs what was added, or leaves the file as it was and forgets what was added.
  [[nodiscard]] std::error_code flush(WallTime now);

 private:
  std::error_code open_day(const std::string& name);
  std::error_code cut_torn();

  std::filesystem::path folder_;
  FileHandle file_;
  std::string name_;
  std::size_t size_ = 0;  // of whole, synced lines
  bool torn_ = false;     // what follows size_ is part of a line
  std::string pending_;
  RecordId pending_last_{};
  RecordId last_id_{};
};

}  // namespace assent::gateway

#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "gateway/storage_record.hpp"

namespace assent::gateway {

// Writes the daily files anew in which certain records stand: each line as the record is now, and
// none where it is gone. A step at a time, so that whoever has other work goes on with that in
// between. Nobody may append to the files meanwhile. A crash at any instant leaves each file as it
// was or as it is to be.
class CdrLinesRewrite {
 public:
  using Current = std::function<std::optional<CdrEntry>(RecordId)>;
  CdrLinesRewrite(std::filesystem::path folder, const std::vector<RecordId>& outdated,
                  Current current);

  // One mebibyte or so. False: there is nothing left to do. An error: begin anew.
  [[nodiscard]] bool step(std::error_code& error);

 private:
  [[nodiscard]] bool open_next(std::error_code& error);
  void copy_some(std::error_code& error);
  void put_in_place(std::error_code& error);

  std::filesystem::path folder_;
  std::set<RecordId> outdated_;
  Current current_;
  std::vector<std::filesystem::path> files_;  // to be looked at, the last one first
  bool listed_ = false;
  std::optional<RecordId> later_;  // the first of the file behind the one looked at
  std::filesystem::path file_;
  std::ifstream in_;
  std::string text_;  // of the new file
  bool changed_ = false;
};

}  // namespace assent::gateway

#pragma once

#include <filesystem>

namespace assent::gateway {

// A copy of a database as it was at one instant, in a private folder that goes with it. The
// database itself is only read as bytes: not locked, not changed, not checkpointed, so that a
// running service goes on writing to it meanwhile and never meets a second connection.
class DatabaseSnapshot {
 public:
  // What fails throws a std::exception whose text is for the operator.
  explicit DatabaseSnapshot(const std::filesystem::path& database);
  ~DatabaseSnapshot();
  DatabaseSnapshot(const DatabaseSnapshot&) = delete;
  DatabaseSnapshot& operator=(const DatabaseSnapshot&) = delete;

  [[nodiscard]] std::filesystem::path file() const { return folder_ / "copy.db"; }

 private:
  void remove() noexcept;

  std::filesystem::path folder_;
};

}  // namespace assent::gateway

#pragma once

#include <csignal>
#include <filesystem>
#include <memory>

#include "gateway/database.hpp"

namespace assent::gateway {

// SIGINT, SIGTERM and SIGHUP wait while it lives; those that came then end the process, or whatever
// they do. Of the calling thread.
class SignalsHeld {
 public:
  SignalsHeld();
  ~SignalsHeld();
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

  void release();
  [[nodiscard]] static bool is_one_waiting();

 private:
  sigset_t before_;
  bool held_ = true;
};

// A copy of a database as it was at one instant, in a private folder that goes with it. The
// database itself is only read as bytes: not locked, not changed, not checkpointed, so that a
// running service goes on writing to it meanwhile and never meets a second connection.
//
// The copy holds what the database holds of people. Whoever opened it drops its names: from then on
// nothing is left of it however the process ends. Until then a signal to end waits.
class DatabaseSnapshot {
 public:
  // What fails throws a std::exception whose text is for the operator.
  explicit DatabaseSnapshot(const std::filesystem::path& database);
  ~DatabaseSnapshot();
  DatabaseSnapshot(const DatabaseSnapshot&) = delete;
  DatabaseSnapshot& operator=(const DatabaseSnapshot&) = delete;

  [[nodiscard]] std::filesystem::path file() const { return folder_ / "copy.db"; }

  // Only who has it open can read it now.
  void drop_names() noexcept;

 private:
  SignalsHeld signals_;  // outlives the folder
  std::filesystem::path folder_;
};

// The records as they are at this instant, to be read beside the service that has them: a copy of
// the file, or a server's transaction that sees no change.
[[nodiscard]] std::unique_ptr<Database> open_snapshot(const DatabasePlace& place);

}  // namespace assent::gateway

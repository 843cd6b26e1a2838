#include "gateway/database_snapshot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>

#include "gateway/database.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::gateway {
namespace {

// Large ones, so that the log is moved into the file again and again.
std::vector<Record> events(std::uint64_t first, std::uint64_t count) {
  std::vector<Record> made;
  for (std::uint64_t seq = first; seq < first + count; ++seq) {
    RoomEvent event;
    event.session = "session";
    event.room = "room";
    event.seq = seq;
    event.at = WallTime{std::chrono::milliseconds{seq}};
    event.json = std::string(2'000, 'x');
    made.emplace_back(std::move(event));
  }
  return made;
}

class Snapshot : public testing::Test {
 protected:
  std::filesystem::path file() const { return folder_.path() / "assent.db"; }
  TemporaryFolder folder_;
};

TEST_F(Snapshot, IsWholeAndHoldsAllThatWasCommittedBeforeItWhileTheServiceWrites) {
  constexpr std::uint64_t commits = 300;
  constexpr std::uint64_t of_each = 40;
  std::atomic<std::uint64_t> committed = 0;
  Database database{file(), true, std::nullopt};
  std::jthread writer{[&] {
    for (std::uint64_t i = 0; i < commits; ++i) {
      const auto together = events(i * of_each + 1, of_each);
      database.begin();
      EXPECT_TRUE(database.store(together));
      database.commit();
      committed = (i + 1) * of_each;
    }
  }};
  std::size_t snapshots = 0;
  while (committed < commits * of_each) {
    const std::uint64_t before = committed;
    const DatabaseSnapshot copy{file()};
    Database read{copy.file(), false, std::nullopt};
    const auto found = read.room_events("session");
    EXPECT_GE(found.size(), before);
    EXPECT_EQ(found.size() % of_each, 0U) << "half a commit";
    for (std::size_t i = 0; i < found.size(); ++i)
      ASSERT_EQ(found[i].seq, i + 1);
    ++snapshots;
  }
  writer.join();
  EXPECT_GT(snapshots, 1U);
}

TEST_F(Snapshot, IsPrivateAndGoneAfterwards) {
  { Database database{file(), true, std::nullopt}; }
  std::filesystem::path copy_folder;
  {
    const DatabaseSnapshot copy{file()};
    copy_folder = copy.file().parent_path();
    struct stat status {};
    ASSERT_EQ(::stat(copy_folder.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
  }
  EXPECT_FALSE(std::filesystem::exists(copy_folder));
}

// What a process leaves behind in TMPDIR, and how it ended, when it has done this.
class Child {
 public:
  explicit Child(const std::function<void()>& work) {
    const auto process = ::fork();
    if (process == 0) {
      ::setenv("TMPDIR", folder_.path().c_str(), 1);
      try {
        work();
      } catch (const std::exception&) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    ::waitpid(process, &status_, 0);
  }
  [[nodiscard]] int signal() const { return WIFSIGNALED(status_) ? WTERMSIG(status_) : 0; }
  [[nodiscard]] int status() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1; }
  [[nodiscard]] bool left_nothing() const { return std::filesystem::is_empty(folder_.path()); }

 private:
  TemporaryFolder folder_;
  int status_ = 0;
};

TEST_F(Snapshot, IsReadToItsEndByWhoHasItOpenWhenItsNamesAreGone) {
  Database database{file(), true, std::nullopt};
  constexpr std::uint64_t count = 2'000;  // far more than a connection keeps in memory
  const auto together = events(1, count);
  database.begin();
  EXPECT_TRUE(database.store(together));
  database.commit();

  DatabaseSnapshot copy{file()};
  const auto copy_folder = copy.file().parent_path();
  Database read{copy.file(), false, std::nullopt};
  copy.drop_names();
  EXPECT_FALSE(std::filesystem::exists(copy_folder));
  EXPECT_EQ(read.room_events("session").size(), count);
  EXPECT_EQ(read.recorded_sessions("").size(), 1U);
}

TEST_F(Snapshot, IsLeftNowhereByAProcessThatIsKilledWhileItReads) {
  { Database database{file(), true, std::nullopt}; }
  const Child child{[this] {
    DatabaseSnapshot copy{file()};
    const Database read{copy.file(), false, std::nullopt};
    copy.drop_names();
    ::raise(SIGKILL);
  }};
  EXPECT_EQ(child.signal(), SIGKILL);
  EXPECT_TRUE(child.left_nothing());
}

TEST_F(Snapshot, IsLeftNowhereByAProcessThatIsInterruptedBeforeItReads) {
  { Database database{file(), true, std::nullopt}; }
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const Child child{[this, signal] {
      DatabaseSnapshot copy{file()};
      ::raise(signal);
      const Database read{copy.file(), false, std::nullopt};
      copy.drop_names();
    }};
    EXPECT_EQ(child.signal(), signal);
    EXPECT_TRUE(child.left_nothing());
  }
}

TEST_F(Snapshot, IsGivenUpWhenAnInterruptionWaits) {
  { Database database{file(), true, std::nullopt}; }
  const Child child{[this] {
    const SignalsHeld until_the_end;
    ::raise(SIGTERM);
    try {
      const DatabaseSnapshot copy{file()};
    } catch (const std::exception&) {
      ::_exit(7);
    }
  }};
  EXPECT_EQ(child.status(), 7);
  EXPECT_TRUE(child.left_nothing());
}

TEST_F(Snapshot, SaysWhatCannotBeCopiedOrRead) {
  EXPECT_THROW(DatabaseSnapshot{folder_.path() / "none.db"}, std::runtime_error);
  EXPECT_THROW(DatabaseSnapshot{folder_.path()}, std::runtime_error);
  std::ofstream{file()} << "this is no database, though it is long enough to be one; "
                        << std::string(4'096, 'x');
  const DatabaseSnapshot copy{file()};
  EXPECT_THROW((Database{copy.file(), false, std::nullopt}), std::exception);
}

}  // namespace
}  // namespace assent::gateway

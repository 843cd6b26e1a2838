#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "gateway/ledger.hpp"
#include "gateway/ledger_key.hpp"
#include "gateway/verify.hpp"
#include "tests/gateway/coroutine.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::gateway {

// A ledger in a folder of the test's own, and ways to harm it.
class LedgerTest : public testing::Test {
 protected:
  static LedgerEntry entry(std::uint64_t number) {
    LedgerEntry made;
    made.kind = LedgerKind::consent;
    made.at = policy::WallTime{
        std::chrono::milliseconds{1'764'000'000'000 + static_cast<std::int64_t>(number)}};
    made.session = "k3v9";
    made.purpose = "recording";
    made.state = number % 2 == 0 ? "granted" : "withdrawn";
    made.rules = "sha256:00ff";
    made.epoch = number;
    made.subject = "subject-" + std::to_string(number % 7);
    made.data = R"({"participant":"annabella"})";
    return made;
  }

  LedgerOptions options() const {
    LedgerOptions made;
    made.folder = folder();
    made.key = folder_.path() / "ledger.key";
    made.subject_keys = folder_.path() / "subject-keys";
    made.origin = "assent.example/ledger";
    made.publish_every = std::chrono::milliseconds{5};
    return made;
  }
  std::filesystem::path folder() const { return folder_.path() / "ledger"; }
  std::filesystem::path verifier_key() const { return folder_.path() / "kept.vkey"; }

  // All at once, so that they share commits.
  static std::vector<Entered<LedgerReceipt>> append(Ledger& ledger, std::uint64_t first,
                                                    std::uint64_t count) {
    std::vector<Entered<LedgerReceipt>> receipts(count, LedgerError::closed);
    boost::asio::io_context loop;
    for (std::uint64_t i = 0; i < count; ++i) {
      boost::asio::co_spawn(
          loop,
          [](Ledger& to, std::uint64_t number,
             Entered<LedgerReceipt>& receipt) -> boost::asio::awaitable<void> {
            receipt = co_await to.append(entry(number));
          }(ledger, first + i, receipts[i]),
          boost::asio::detached);
    }
    loop.run();
    return receipts;
  }

  // Entries that are published and closed in order; keeps the verifier's key.
  std::string fill(std::uint64_t first, std::uint64_t count) const {
    Ledger ledger{options()};
    for (const auto& receipt : append(ledger, first, count))
      EXPECT_TRUE(receipt) << ledger.health().problem;
    ledger.stop();
    std::filesystem::copy_file(folder() / "vkey", verifier_key(),
                               std::filesystem::copy_options::overwrite_existing);
    return ledger.checkpoint();
  }

  // Entries that a process which was killed leaves in the journal, one commit each.
  void leave_in_journal(std::uint64_t first, std::uint64_t count) const {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto slow = options();
      slow.publish_every = std::chrono::hours{1};
      Ledger ledger{slow};
      bool sound = true;
      for (std::uint64_t i = 0; i < count; ++i)
        sound = sound && run(ledger.append(entry(first + i)));
      while (!has_spare_segment())
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
      ::_exit(sound ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
  }

  bool has_spare_segment() const {
    std::size_t segments = 0;
    for (const auto& file : files())
      segments += file.parent_path().filename() == "journal" && file.extension() != ".new" ? 1 : 0;
    return segments == 2;
  }

  // What `assent verify` says is wrong; empty when nothing is.
  std::string fault(std::vector<std::filesystem::path> checkpoints = {}) const {
    std::ostringstream out;
    std::ostringstream err;
    Verification verification;
    verification.ledger = folder();
    verification.key = verifier_key();
    verification.checkpoints = std::move(checkpoints);
    const bool sound = verify(verification, out, err);
    EXPECT_EQ(sound, out.str().starts_with("SOUND"));
    return sound ? std::string{} : err.str();  // else only progress
  }

  static std::string bytes_of(const std::filesystem::path& file) { return *read_whole(file); }
  static void write(const std::filesystem::path& file, std::string_view bytes) {
    std::ofstream{file, std::ios::binary | std::ios::trunc} << bytes;
  }
  std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> found;
    for (const auto& of : std::filesystem::recursive_directory_iterator{folder()})
      if (of.is_regular_file()) found.push_back(of.path());
    std::sort(found.begin(), found.end());
    return found;
  }
  static std::filesystem::path saved(const std::filesystem::path& file, std::string_view bytes) {
    write(file, bytes);
    return file;
  }

  TemporaryFolder folder_;
};

}  // namespace assent::gateway

#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "gateway/database.hpp"
#include "gateway/ledger_audit.hpp"
#include "gateway/ledger_key.hpp"
#include "gateway/storage.hpp"
#include "tests/gateway/comes_true.hpp"
#include "tests/gateway/coroutine.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::gateway {

inline ConsentEvent consent_of(const std::string& participant, std::string state,
                               std::uint64_t epoch) {
  ConsentEvent event;
  event.session = "s1";
  event.room = "room";
  event.participant = participant;
  event.subject = "subject-" + participant;
  event.purpose = "recording";
  event.giver = "participant";
  event.statement = event.state = std::move(state);
  event.epoch = epoch;
  event.rules = "sha256:00";
  event.at = WallTime{std::chrono::milliseconds{1'764'000'000'000}};
  return event;
}

// Storage and ledger beside each other, in a folder of the test's own.
class RecordLedgerTest : public testing::Test {
 protected:
  std::filesystem::path at(const std::string& name) const { return folder_.path() / name; }

  StorageOptions options() const {
    StorageOptions made;
    made.database = at("assent.db");
    made.retry = std::chrono::milliseconds{20};
    made.ledger.emplace();
    made.ledger->folder = at("ledger");
    made.ledger->key = at("ledger.key");
    made.ledger->subject_keys = at("subject-keys");
    made.ledger->origin = "assent.example/ledger";
    made.ledger->publish_every = std::chrono::milliseconds{5};
    return made;
  }

  static bool opens(const Storage& storage) {
    return comes_true([&] { return storage.health().writable; });
  }

  void store(std::uint64_t first, std::uint64_t count) const {
    Storage storage{options()};
    ASSERT_TRUE(opens(storage)) << storage.health().problem;
    for (std::uint64_t i = first; i < first + count; ++i)
      ASSERT_TRUE(run(storage.append(consent_of("p", i % 2 == 0 ? "withdrawn" : "granted", i))))
          << storage.health().problem;
  }

  // What each entry of the ledger is, in order.
  std::vector<LedgerLeaf> entries() const {
    std::vector<LedgerLeaf> found;
    const auto key = read_verifier_key(at("ledger") / "vkey");
    const auto audit =
        audit_ledger(at("ledger"), *key, {},
                     [&](std::uint64_t, const LedgerLeaf& leaf) { found.push_back(leaf); });
    EXPECT_FALSE(audit.fault) << to_string(*audit.fault);
    return found;
  }
  std::size_t count(LedgerKind kind) const {
    std::size_t found = 0;
    for (const auto& leaf : entries())
      found += leaf.open.kind == kind ? 1 : 0;
    return found;
  }
  std::vector<BoundRecord> bound() const {
    std::vector<BoundRecord> found;
    Database database{at("assent.db"), false, std::nullopt};
    for (const auto& rows : database.bound_rows())
      while (auto row = rows())
        found.push_back(*std::move(row));
    return found;
  }

  void copy(const std::string& from, const std::string& to) const {
    std::filesystem::remove_all(at(to));
    std::filesystem::copy(at(from), at(to), std::filesystem::copy_options::recursive);
  }

  TemporaryFolder folder_;
};

}  // namespace assent::gateway

#include "gateway/storage.hpp"
#include "tests/gateway/ledger_fixture.hpp"

namespace assent::gateway {
namespace {

// The whole of what a caller does: the receipt's checkpoint is stored with the record that it is
// for, and given to the ledger at the next start.
class RememberedLedger : public LedgerTest {
 protected:
  std::filesystem::path database() const { return folder_.path() / "assent.sqlite"; }

  void append_and_remember(std::uint64_t number) const {
    StorageOptions where;
    where.database = database();
    Storage storage{where};
    auto continuing = options();
    continuing.remembered = *run(storage.ledger_checkpoint());
    Ledger ledger{continuing};
    const auto receipt = run(ledger.append(entry(number)));
    ASSERT_TRUE(receipt) << ledger.health().problem;
    const LedgerCheckpoint checkpoint{receipt->index + 1, receipt->checkpoint};
    ASSERT_TRUE(run(storage.append(checkpoint)));
    ledger.stop();
    std::filesystem::copy_file(folder() / "vkey", verifier_key(),
                               std::filesystem::copy_options::overwrite_existing);
  }

  std::string fault_beside_database() const {
    std::ostringstream out;
    std::ostringstream err;
    (void)verify_ledger({folder(), verifier_key(), database(), {}}, out, err);
    return err.str();
  }
};

TEST_F(RememberedLedger, TheDatabaseAndTheLedgerAgreeUntilOneIsRolledBack) {
  append_and_remember(0);
  EXPECT_EQ(fault_beside_database(), "");
  const auto older = folder_.path() / "older";
  std::filesystem::copy(folder(), older, std::filesystem::copy_options::recursive);
  append_and_remember(1);
  EXPECT_EQ(fault_beside_database(), "");
  std::filesystem::remove_all(folder());
  std::filesystem::rename(older, folder());
  EXPECT_EQ(fault(), "") << "by itself an older copy is sound";
  EXPECT_NE(fault_beside_database().find("rolled back"), std::string::npos);
}

TEST_F(RememberedLedger, WhatIsNoDatabaseIsSaidToBeNone) {
  append_and_remember(0);
  write(database(), "this is no database, and long enough to be looked at as one");
  EXPECT_NE(fault_beside_database().find("assent.sqlite"), std::string::npos);
  std::filesystem::remove(database());
  EXPECT_NE(fault_beside_database().find("assent.sqlite"), std::string::npos);
}

}  // namespace
}  // namespace assent::gateway

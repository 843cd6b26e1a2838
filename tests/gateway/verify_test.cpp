// `assent verify` over all that a service leaves behind.
#include "gateway/verify.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <random>
#include <sstream>

#include "gateway/subject_keys.hpp"
#include "tests/gateway/media_peer.hpp"
#include "tests/seed.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string bytes_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}
void write(const fs::path& file, const std::string& bytes) {
  std::ofstream{file, std::ios::binary | std::ios::trunc} << bytes;
}

struct CloseDatabase {
  void operator()(sqlite3* database) const noexcept { sqlite3_close(database); }
};

// The database of a service that has ended, changed behind its back.
class Tampering {
 public:
  explicit Tampering(const fs::path& file) {
    sqlite3* opened = nullptr;
    EXPECT_EQ(sqlite3_open(file.c_str(), &opened), SQLITE_OK);
    database_.reset(opened);
  }
  void run(const std::string& statement) {
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(database_.get(), statement.c_str(), nullptr, nullptr, &error), SQLITE_OK)
        << statement << ": " << (error == nullptr ? "" : error);
    EXPECT_EQ(sqlite3_changes(database_.get()), 1) << statement;
    sqlite3_free(error);
  }
  std::vector<std::string> column(const std::string& query) {
    std::vector<std::string> found;
    sqlite3_exec(
        database_.get(), query.c_str(),
        [](void* to, int, char** values, char**) {
          static_cast<std::vector<std::string>*>(to)->emplace_back(values[0]);
          return 0;
        },
        &found, nullptr);
    return found;
  }

 private:
  std::unique_ptr<sqlite3, CloseDatabase> database_;
};

class Verified : public testing::Test {
 protected:
  // A call of two of whom one is recorded, withdraws, and consents again.
  void SetUp() override {
    Socket archive;
    RunningService::Options options;
    options.archive_port = archive.port();
    options.state = state();
    RunningService service{options};
    service.ask("PUT", "/v1/rooms/standup", "{}");
    service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
    Caller caller{service, "standup", "caller", 0xabc};
    Caller other{service, "standup", "other", 0xdef};
    caller.connect(service);
    other.connect(service);
    EXPECT_EQ(service.call("PUT", caller.path + "/consents/recording", grant(), "key").status,
              200u);
    for (int i = 0; i < 20; ++i) {
      caller.speak();
      other.speak();
      EXPECT_TRUE(caller.server.receive());
      EXPECT_TRUE(other.server.receive());
    }
    service.ask("DELETE", caller.path + "/consents/recording");
    caller.speak();
    service.ask("PUT", other.path + "/consents/recording", grant());
    for (int i = 0; i < 5; ++i) {
      other.speak();
      EXPECT_TRUE(other.server.receive());
    }
    held_ = receipts_of(service, caller.path);
    service.ask("DELETE", other.path);
    service.stop();
  }

  // As whoever stated something downloads them.
  static std::string receipts_of(RunningService& service, const std::string& participant) {
    std::string lines;
    const auto answer = service.ask("GET", participant + "/receipts");
    for (const auto& receipt : answer.at("receipts").as_array())
      lines += std::string(receipt.at("receipt").as_string()) + '\n';
    return lines;
  }

  Verification all() const {
    Verification asked;
    asked.ledger = state() / "ledger";
    asked.database = state() / "assent.db";
    asked.subject_keys = state() / "subject-keys";
    asked.cdr_lines = state() / "cdr";
    asked.recordings = {state() / "ogg"};
    return asked;
  }
  // What is wrong; empty when nothing is.
  std::string fault() const {
    std::ostringstream out;
    std::ostringstream err;
    const bool sound = verify(all(), out, err);
    EXPECT_EQ(sound, out.str().starts_with("SOUND")) << out.str();
    said_ = out.str();
    return sound ? std::string{} : err.str();  // else only progress
  }
  Tampering tamper() const { return Tampering{state() / "assent.db"}; }
  fs::path state() const { return folder_.path() / "state"; }

  Verified() { fs::create_directory(state()); }

  mutable std::string said_;
  std::string held_;  // the caller's receipts
  TemporaryFolder folder_;
};

TEST_F(Verified, WhatAServiceLeavesBehindIsSoundAndWhatIsShownIsSaid) {
  EXPECT_EQ(fault(), "");
  for (const char* words :
       {"each as its entry in the ledger says", "decisions of 1 rooms, computed again",
        "delivered intervals lie in permitted epochs", "2 recordings, each byte as when",
        "did not write another history", "lines of the daily files"})
    EXPECT_NE(said_.find(words), std::string::npos) << words << "\n" << said_;
}

TEST_F(Verified, AConsentThatWasMadeUpIsFound) {
  tamper().run(
      "INSERT INTO consents SELECT 99999, session, room, participant, subject, purpose,"
      " statement, state, method, strength, evidence, notice, epoch, rules, expires, at,"
      " giver, -1, receipt FROM consents WHERE state = 'granted' LIMIT 1");
  EXPECT_NE(fault().find("has no entry in the ledger"), std::string::npos);
}

TEST_F(Verified, AWithdrawalThatWasDeletedIsFound) {
  tamper().run("DELETE FROM consents WHERE state = 'withdrawn'");
  EXPECT_NE(fault().find("is gone"), std::string::npos);
}

// The judgement itself: as if whoever wrote the record had the ledger's key, too.
TEST_F(Verified, ADeliveryOutsideOfItsPermissionIsFoundWhateverTheLedgerSays) {
  const auto last = tamper().column(
      "SELECT max(id) FROM cdrs WHERE participant = 'caller'"
      " AND json LIKE '%\"sink\":\"recorder\"%\"delivered\":[{%'");
  const std::string json = tamper().column("SELECT json FROM cdrs WHERE id = " + last[0])[0];
  const auto at = json.find("\"epoch\":", json.find("\"delivered\":[{", json.find("\"sink\":\"")));
  ASSERT_NE(at, std::string::npos) << json;
  auto forged = json;
  forged.insert(at + 8, "9");
  tamper().run("UPDATE cdrs SET json = '" + forged + "' WHERE id = " + last[0]);
  const auto wrong = fault();
  EXPECT_NE(wrong.find("which never permitted it"), std::string::npos) << wrong;
}

TEST_F(Verified, ARecordThatLosesPacketsIsFoundWhateverTheLedgerSays) {
  const auto last = tamper().column("SELECT max(id) FROM cdrs WHERE participant = 'other'");
  const std::string json = tamper().column("SELECT json FROM cdrs WHERE id = " + last[0])[0];
  const auto at = json.find("\"packets\":", json.find("\"legs\":"));
  ASSERT_NE(at, std::string::npos) << json;
  auto forged = json;
  forged.insert(at + 10, "1");
  tamper().run("UPDATE cdrs SET json = '" + forged + "' WHERE id = " + last[0]);
  EXPECT_NE(fault().find("were delivered or withheld"), std::string::npos);
}

TEST_F(Verified, AChangedMemoryOfTheLedgerIsFound) {
  tamper().run("UPDATE ledger_checkpoint SET size = size + 1000");
  EXPECT_NE(fault().find("another size"), std::string::npos);
  tamper().run("DELETE FROM ledger_checkpoint");
  EXPECT_NE(fault().find("remembers no checkpoint"), std::string::npos);
}

TEST_F(Verified, TheFirstLinesOfTheDailyFileMayNotBeCutOff) {
  const auto file = fs::directory_iterator {
    state() / "cdr"
    } -> path();
  const auto lines = bytes_of(file);
  write(file, lines.substr(lines.find('\n') + 1));
  EXPECT_NE(fault().find("lines are missing"), std::string::npos);
}

TEST_F(Verified, AManifestOfAnotherRoomIsFound) {
  const auto file = fs::directory_iterator {
    state() / "ogg"
    } -> path() / "manifest.json";
  auto text = bytes_of(file);
  const auto at = text.find("\"room\":\"standup\"");
  ASSERT_NE(at, std::string::npos);
  write(file, text.replace(at + 8, 7, "another"));
  EXPECT_NE(fault().find("another room"), std::string::npos);
}

TEST_F(Verified, WithoutTheKeysOfSubjectsItSaysWhatWasNotCompared) {
  auto asked = all();
  asked.subject_keys.clear();
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_TRUE(verify(asked, out, err)) << err.str();
  EXPECT_NE(out.str().find("the subjects' keys were not given"), std::string::npos);
}

TEST_F(Verified, AListOfUnfinishedRecordsThatIsWrongIsFound) {
  tamper().run(
      "INSERT INTO open_chains SELECT session, participant FROM cdrs WHERE kind = 'stop' LIMIT 1");
  EXPECT_NE(fault().find("list of unfinished"), std::string::npos);
}

TEST_F(Verified, AfterAnOrderlyEndTheProgressOfTheDailyFilesIsThatOfTheLedger) {
  EXPECT_EQ(fault(), "");
  EXPECT_NE(said_.find("the last run of the service ended in order"), std::string::npos) << said_;
  tamper().run("UPDATE progress SET value = value - 1 WHERE name = 'cdr_lines_exported'");
  EXPECT_NE(fault().find("the daily files have come to record"), std::string::npos);
}

TEST_F(Verified, ARowThatIsListedAsTakenBackIsFoundWhetherItIsThereOrNot) {
  const auto leaf = tamper().column("SELECT max(leaf) FROM consents WHERE state = 'granted'")[0];
  tamper().run("INSERT INTO removed_leaves VALUES (" + leaf + ")");
  EXPECT_NE(fault().find("as taken back"), std::string::npos);
  tamper().run("DELETE FROM consents WHERE leaf = " + leaf);
  EXPECT_NE(fault().find("as taken back"), std::string::npos);
}

TEST_F(Verified, AnAnswerForRepetitionsThatContradictsItsConsentIsFoundAndTheRestIsSaid) {
  tamper().run("UPDATE receipts SET body = replace(body, '\"granted\"', '\"refused\"')");
  EXPECT_NE(fault().find("kept for repeated requests"), std::string::npos);
  tamper().run("UPDATE receipts SET body = replace(body, '\"refused\"', '\"granted\"')");
  EXPECT_EQ(fault(), "");
  EXPECT_NE(said_.find("answers that are kept for repeated requests"), std::string::npos);
}

TEST_F(Verified, KeysThatAreGoneAreOnlyThoseOfErasuresThatAreRecorded) {
  auto keys = SubjectKeys::open(state() / "subject-keys", false);
  ASSERT_TRUE(keys);
  ASSERT_FALSE(keys->destroy("s-caller"));
  EXPECT_NE(fault().find("keys of 1 subjects"), std::string::npos);
}

// --- receipts that people hold ---

TEST_F(Verified, AReceiptHasItsEntryAndItsRowWhichSaysTheSame) {
  write(state() / "held.jws", held_);
  auto asked = all();
  asked.receipts = {state() / "held.jws"};
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_TRUE(verify(asked, out, err)) << err.str();
  EXPECT_NE(out.str().find("2 receipts that people hold"), std::string::npos) << out.str();
  auto forged = held_;
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
  write(state() / "held.jws", forged);
  EXPECT_FALSE(verify(asked, out, err));
}

// --- single edits at random ---

class Edits {
 public:
  Edits(const fs::path& state, std::uint64_t seed) : state_{state}, random_{seed} {
    for (const auto& of : fs::recursive_directory_iterator{state})
      // The rows are changed one by one; private keys are no evidence.
      if (of.is_regular_file() && of.path().filename() != "assent.db" &&
          of.path().extension() != ".key")
        files_.push_back(of.path());
    std::sort(files_.begin(), files_.end());
    Tampering database{state / "assent.db"};
    for (const char* table :
         {"consents", "cdrs", "room_events", "accepted_policies", "policies", "recordings"}) {
      columns_[table] =
          database.column("SELECT name FROM pragma_table_info('" + std::string(table) + "')");
      rows_[table] = database.column("SELECT rowid FROM " + std::string(table));
      if (std::string_view{table} == "policies")
        rows_[table] = database.column("SELECT '''' || hash || '''' FROM policies");
    }
  }

  // Makes one; says which. undo() takes it back.
  std::string make() {
    const auto what = below(20);
    if (what == 0) return of_what_is_beside();
    return what < 10 ? of_a_file() : of_a_row();
  }
  void undo() {
    for (const auto& [file, bytes] : before_)
      write(file, bytes);
    for (const auto& file : made_)
      fs::remove(file);
    before_.clear();
    made_.clear();
  }

 private:
  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>{0, end - 1}(random_);
  }
  template <class T>
  const T& any(const std::vector<T>& of) {
    return of[below(of.size())];
  }

  std::string of_a_file() {
    const fs::path& file = any(files_);
    std::string bytes = before_[file] = bytes_of(file);
    const std::string name = file.lexically_relative(state_).string();
    // The room for more keys at the end of their file says nothing.
    const std::size_t first = name == "subject-keys" ? 3 : 0;
    switch (first + below(8 - first)) {
      case 0:
        fs::remove(file);
        return "removed " + name;
      case 1: {
        const auto size = below(bytes.size());
        write(file, bytes.substr(0, size));
        return "cut " + name + " to " + std::to_string(size);
      }
      case 2:
        write(file, bytes + static_cast<char>(below(256)));
        return "lengthened " + name;
      default: {
        const auto at = below(bytes.size());
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        write(file, bytes);
        return "changed byte " + std::to_string(at) + " of " + name;
      }
    }
  }

  // What the database keeps beside its records.
  std::string of_what_is_beside() {
    const std::vector<std::string> edits{
        "UPDATE progress SET value = value + 1 + " + std::to_string(below(1000)) +
            " WHERE name = 'cdr_lines_exported'",
        "UPDATE progress SET value = value - 1 - " + std::to_string(below(1000)) +
            " WHERE name = 'cdr_lines_exported'",
        "DELETE FROM progress WHERE name = 'cdr_lines_exported'",
        "INSERT INTO open_chains SELECT session, participant FROM cdrs WHERE kind = 'stop' LIMIT 1",
        "INSERT INTO open_chains VALUES ('made', 'up')",
        "INSERT INTO removed_leaves VALUES (" + std::to_string(below(40)) + ")",
        "UPDATE ledger_checkpoint SET size = size + 1",
        "UPDATE ledger_checkpoint SET note = note || 'x'",
        "DELETE FROM ledger_checkpoint",
        "UPDATE receipts SET body = replace(body, '\"epoch\":', '\"epoch\":7')",
        "UPDATE receipts SET body = replace(body, '\"granted\"', '\"refused\"')",
    };
    const auto file = state_ / "assent.db";
    before_[file] = bytes_of(file);
    const std::string& edit = any(edits);
    Tampering{file}.run(edit);
    return edit;
  }

  std::string of_a_row() {
    auto table = rows_.begin();
    std::advance(table, static_cast<std::ptrdiff_t>(below(rows_.size())));
    const std::string& name = table->first;
    const std::string& row = any(table->second);
    const std::string where =
        " WHERE " + std::string(name == "policies" ? "hash" : "rowid") + " = " + row;
    const auto file = state_ / "assent.db";
    before_[file] = bytes_of(file);
    std::string edit;
    if (below(5) == 0) {
      edit = "DELETE FROM " + name + where;
    } else {
      const std::string& column = any(columns_[name]);
      edit = "UPDATE " + name + " SET " + column + " = CASE typeof(" + column +
             ") WHEN 'integer' THEN " + column + " + 1000 + " + std::to_string(below(1000)) +
             " ELSE " + column + " || 'x' END" + where;
    }
    Tampering{file}.run(edit);
    return edit;
  }

  fs::path state_;
  std::mt19937_64 random_;
  std::vector<fs::path> files_;
  std::map<std::string, std::vector<std::string>> columns_;
  std::map<std::string, std::vector<std::string>> rows_;
  std::map<fs::path, std::string> before_;
  std::vector<fs::path> made_;
};

// ASSENT_EDITS=100000 for a campaign: `tests/run edits`.
TEST_F(Verified, EverySingleEditIsFound) {
  ASSERT_EQ(fault(), "");
  const char* const wanted = std::getenv("ASSENT_EDITS");  // NOLINT(concurrency-mt-unsafe)
  const std::size_t edits = wanted == nullptr ? 200 : std::strtoull(wanted, nullptr, 10);
  const auto seed = tests::Seed::from_environment_or(20'261);
  Edits random{state(), seed.value()};
  for (std::size_t i = 0; i < edits; ++i) {
    const std::string edit = random.make();
    EXPECT_NE(fault(), "") << seed.text() << ", edit " << i << ": " << edit;
    random.undo();
    if (edits > 1'000 && i % 1'000 == 999)
      std::cerr << i + 1 << " of " << edits << " edits" << std::endl;
    if (HasFailure()) break;
  }
  EXPECT_EQ(fault(), "") << "the edits were not taken back";
}

}  // namespace
}  // namespace assent::gateway::test

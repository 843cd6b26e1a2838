#include "gateway/verify.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <fstream>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "gateway/cdr_lines.hpp"
#include "gateway/database.hpp"
#include "gateway/database_snapshot.hpp"
#include "gateway/durable_file.hpp"
#include "gateway/ledger_audit.hpp"
#include "gateway/ledger_key.hpp"
#include "gateway/ledger_publication.hpp"
#include "gateway/rfc3339.hpp"
#include "gateway/verify_receipts.hpp"
#include "gateway/verify_recordings.hpp"
#include "gateway/verify_rooms.hpp"
#include "gateway/verify_rows.hpp"
#include "policy/base64.hpp"

namespace assent::gateway {
namespace {

constexpr std::size_t date_length = 10;
constexpr const char* rewrite =
    "the database is what counts; find out who changed the files, and give them out no more";

// A line now and then, when it takes long.
class Progress {
 public:
  explicit Progress(std::ostream& out) : out_{out} {}
  void tell(const std::string& what) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::seconds{2};
    out_ << what << std::endl;
  }

 private:
  std::ostream& out_;
  std::chrono::steady_clock::time_point next_ =
      std::chrono::steady_clock::now() + std::chrono::seconds{2};
};

class Verifier {
 public:
  Verifier(const Verification& asked, std::ostream& progress)
      : asked_{asked}, progress_{progress} {}

  VerifyFindings run() {
    if (auto fault = lock()) return only(std::move(*fault));
    const auto file = asked_.key.empty() ? asked_.ledger / verifier_key_name : asked_.key;
    const auto key = read_verifier_key(file);
    if (!key) return only(key.error());
    try {
      open_database();
    } catch (const std::exception& error) {
      return only(file_fault(shown(asked_.database), error.what(),
                             "give the service's database, or a copy of it with its -wal file"));
    }
    if (auto fault = collect_kept(*key)) return only(std::move(*fault));
    if (auto fault = verify_ledger(*key)) return only(std::move(*fault));
    if (database_) verify_records();
    return std::move(findings_);
  }

 private:
  VerifyFindings only(Fault fault) {
    findings_.faults.add(std::move(fault));
    return std::move(findings_);
  }

  // A service that is writing would look like damage.
  std::optional<Fault> lock() {
    folder_ = FileHandle{::open(asked_.ledger.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!folder_)
      return file_fault(asked_.ledger, "it is not a folder that can be read",
                        "give the folder of the ledger");
    if (::flock(folder_.get(), LOCK_SH | LOCK_NB) != 0)
      return file_fault(asked_.ledger, "a service has the ledger open",
                        "end the service, or verify a copy of the folder");
    return std::nullopt;
  }

  void open_database() {
    if (is_nowhere(asked_.database)) return;
    database_ = open_snapshot(asked_.database);
  }

  std::optional<Fault> keep(const Ledgered<std::string>& note, const policy::VerifierKey& key,
                            const std::string& where) {
    if (!note) return note.error();
    const auto checkpoint = open_checkpoint(*note, key, where);
    if (!checkpoint) return checkpoint.error();
    kept_.push_back({checkpoint->head, where});
    return std::nullopt;
  }

  std::optional<Fault> collect_kept(const policy::VerifierKey& key) {
    for (const auto& file : asked_.checkpoints)
      if (auto fault = keep(read_whole(file), key, file.string())) return fault;
    if (!database_) return std::nullopt;
    const auto note = database_->ledger_checkpoint();
    if (!note)
      return file_fault(shown(asked_.database), "it remembers no checkpoint of the ledger",
                        "restore it from a backup; a service that keeps a ledger remembers one");
    auto fault = keep(Ledgered<std::string>{boost::system::in_place_value, *note}, key,
                      shown(asked_.database));
    if (!fault) compare_remembered_size(kept_.back().head);
    return fault;
  }

  std::optional<Fault> verify_ledger(const policy::VerifierKey& key) {
    std::optional<SubjectKeys> subjects;
    if (!asked_.subject_keys.empty()) {
      auto opened = SubjectKeys::open(asked_.subject_keys, false);
      if (!opened) return opened.error();
      subjects = *std::move(opened);
    }
    ReceiptsAgainstLedger receipts{asked_.receipts, key, findings_};
    for (auto& of : receipts.take_checkpoints())
      kept_.push_back(std::move(of));
    std::optional<RowsAgainstLedger> rows;
    if (database_)
      rows.emplace(
          *database_, subjects ? &*subjects : nullptr, shown(asked_.database), findings_,
          [&](std::uint64_t index, const BoundRecord& row) { receipts.meet_row(index, row); });
    const std::size_t kept = kept_.size();
    const auto audit = audit_ledger(asked_.ledger, key, std::move(kept_),
                                    [&](std::uint64_t index, const LedgerLeaf& leaf) {
                                      if (rows) rows->meet(index, leaf);
                                      receipts.meet(index, leaf);
                                      progress_.tell("entry " + std::to_string(index));
                                    });
    if (audit.fault) return audit.fault;
    report(key, audit, kept);
    receipts.finish(rows.has_value());
    if (rows) {
      rows->finish();
      verify_tables(*database_, rows->end(), shown(asked_.database), findings_);
    }
    if (audit.left_over.empty()) return std::nullopt;
    if (kept != 0) {  // which it continues: nothing that was acknowledged is beyond it
      ++findings_.not_shown["what a crash left beyond the newest checkpoint"];
      return std::nullopt;
    }
    return file_fault(
        asked_.ledger / audit.left_over.front(),
        "it is beyond the newest checkpoint: what a crash left, or what the return of "
        "an older checkpoint leaves",
        "verify with --database or --checkpoint, which tell one from the other; the "
        "service's next start clears away what a crash left");
  }

  void report(const policy::VerifierKey& key, const LedgerAudit& audit, std::size_t kept) {
    findings_.shown.push_back(std::to_string(audit.tree.size()) + " entries of the ledger " +
                              key.name + ", " + std::to_string(audit.bundles) + " bundles and " +
                              std::to_string(audit.tiles) + " tiles computed again, " +
                              std::to_string(audit.journaled.size()) + " in the journal, " +
                              std::to_string(audit.checkpoints) + " signatures; root " +
                              policy::to_base64(audit.tree.root()));
    findings_.shown.push_back("it continues " + std::to_string(kept) +
                              " checkpoints kept elsewhere; key " + to_text(key));
    if (kept == 0 || asked_.checkpoints.empty())
      ++findings_.not_shown
            ["that whoever has the key did not write another history: no checkpoint "
             "in others' hands was given (--checkpoint)"];
  }

  // Beside the note, which is signed, stands what it is found by.
  void compare_remembered_size(const policy::TreeHead& head) {
    if (database_->ledger_checkpoint_size() != head.size)
      findings_.fault(shown(asked_.database),
                      "it remembers another size of the ledger than the checkpoint beside it",
                      "restore the database from a backup, and find out who changed it");
  }

  void verify_records() {
    verify_rooms(*database_, shown(asked_.database), findings_,
                 [&](std::size_t done, std::size_t all) {
                   progress_.tell("room " + std::to_string(done) + " of " + std::to_string(all));
                 });
    if (!asked_.cdr_lines.empty()) verify_lines();
    if (!asked_.recordings.empty()) {
      verify_recordings(*database_, asked_.recordings, findings_);
    } else if (const auto recordings = database_->recordings().size(); recordings != 0) {
      findings_.not_shown["recordings: no folder was given (--recordings)"] += recordings;
    }
  }

  // The daily files follow the database: each line is a record of it, and none is there twice.
  void verify_lines() {
    std::map<std::string, std::size_t> lines;
    std::string oldest = "cdr-9";  // the first day that is there, by its file's name
    std::error_code error;
    for (std::filesystem::directory_iterator at{asked_.cdr_lines, error}, end; !error && at != end;
         at.increment(error)) {
      const std::string name = at->path().filename().string();
      if (!name.starts_with("cdr-") || !name.ends_with(".jsonl")) continue;
      oldest = std::min(oldest, name);
      std::ifstream in{at->path(), std::ios::binary};
      for (std::string line; std::getline(in, line);)
        ++lines[line + (in.eof() ? "" : "\n")];
    }
    if (error)
      return findings_.fault(asked_.cdr_lines.string(), "it cannot be read: " + error.message(),
                             "give the folder of the daily files of call detail records");
    // They are written in order: earlier days may be archived, and the newest records not be there
    // yet; in between nothing may be missing.
    std::size_t found = 0;
    std::size_t earlier = 0;
    std::size_t missing = 0;
    const RecordId exported = database_->exported();
    CdrQuery page;
    page.limit = cdr_page_max;
    for (auto rows = database_->cdrs(page); !rows.empty(); rows = database_->cdrs(page)) {
      for (const auto& row : rows) {
        const auto line = lines.find(cdr_line(row));
        if (line != lines.end()) {
          if (--line->second == 0) lines.erase(line);
          ++found;
        } else if (row.id <= exported) {
          const bool is_earlier =
              "cdr-" + to_rfc3339(row.at).substr(0, date_length) + ".jsonl" < oldest;
          ++(is_earlier ? earlier : missing);
        } else {
          ++findings_.not_shown["call detail records that the daily files do not have yet"];
        }
      }
      page.after = rows.back().id;
    }
    if (found == 0) missing += std::exchange(earlier, 0);
    if (missing != 0)
      findings_.fault(asked_.cdr_lines.string(), std::to_string(missing) + " lines are missing",
                      rewrite);
    if (earlier != 0)
      findings_.not_shown["call detail records of earlier days, whose files are elsewhere"] +=
          earlier;
    for (const auto& [line, count] : lines)
      findings_.fault(asked_.cdr_lines.string(),
                      "a line is no record of the database: " + as_shown(line.substr(0, 60)),
                      rewrite);
    findings_.shown.push_back(std::to_string(found) + " lines of the daily files");
  }

  const Verification& asked_;
  Progress progress_;
  FileHandle folder_;
  std::unique_ptr<Database> database_;
  std::vector<KeptCheckpoint> kept_;
  VerifyFindings findings_;
};

}  // namespace

bool verify(const Verification& asked, std::ostream& out, std::ostream& err) {
  const VerifyFindings findings = Verifier{asked, err}.run();
  if (!findings.faults.empty()) {
    err << to_string(findings.faults);
    out << "NOT SOUND: what is wrong is named above, with where and what to do.\n";
    return false;
  }
  out << "SOUND\nShown:\n";
  for (const std::string& line : findings.shown)
    out << "  " << line << '\n';
  out << "Not shown:\n";
  for (const auto& [what, count] : findings.not_shown) {
    out << "  ";
    if (count > 1) out << count << ' ';
    out << what << '\n';
  }
  out << "  that nothing was left out before it was written: no record shows what never entered "
         "it\n";
  return true;
}

}  // namespace assent::gateway

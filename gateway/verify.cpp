#include "gateway/verify.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "gateway/durable_file.hpp"
#include "gateway/fault.hpp"
#include "gateway/ledger_audit.hpp"
#include "gateway/ledger_key.hpp"
#include "gateway/ledger_publication.hpp"
#include "policy/base64.hpp"

namespace assent::gateway {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* database) const noexcept { sqlite3_close(database); }
};
struct FinishStatement {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};

// The checkpoint that the service stored with its records; empty when it has stored none.
Ledgered<std::string> remembered_in(const std::filesystem::path& file) {
  sqlite3* opened = nullptr;
  const int status = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr);
  const std::unique_ptr<sqlite3, CloseDatabase> database{opened};
  const auto refuse = [&] {
    return file_fault(file, sqlite3_errmsg(opened),
                      "give the service's database, and end the service first");
  };
  if (status != SQLITE_OK) return refuse();
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(opened, "SELECT note FROM ledger_checkpoint", -1, &prepared, nullptr) !=
      SQLITE_OK)
    return refuse();
  const std::unique_ptr<sqlite3_stmt, FinishStatement> statement{prepared};
  std::string note;
  const int step = sqlite3_step(prepared);
  if (step != SQLITE_ROW && step != SQLITE_DONE) return refuse();
  if (step == SQLITE_ROW) note = reinterpret_cast<const char*>(sqlite3_column_text(prepared, 0));
  return Ledgered<std::string>{boost::system::in_place_value, std::move(note)};
}

// One verification, up to its first fault.
class Verifier {
 public:
  Verifier(const Verification& asked, std::ostream& out) : asked_{asked}, out_{out} {}

  std::optional<Fault> run() {
    if (auto fault = lock()) return fault;
    const auto file = asked_.key.empty() ? asked_.ledger / verifier_key_name : asked_.key;
    const auto key = read_verifier_key(file);
    if (!key) return key.error();
    if (auto fault = collect_kept(*key)) return fault;
    const std::size_t kept = kept_.size();
    const auto audit = audit_ledger(asked_.ledger, *key, std::move(kept_));
    if (audit.fault) return audit.fault;
    report(*key, audit, kept);
    if (audit.left_over.empty()) return std::nullopt;
    return file_fault(
        asked_.ledger / audit.left_over.front(),
        "it is beyond the newest checkpoint: what a crash left, or what the return of "
        "an older checkpoint leaves",
        "verify with --database or --checkpoint, which tell one from the other; the "
        "service's next start clears away what a crash left");
  }

 private:
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
    if (asked_.database.empty()) return std::nullopt;
    const auto note = remembered_in(asked_.database);
    if (note && note->empty()) return std::nullopt;
    return keep(note, key, asked_.database.string());
  }

  void report(const policy::VerifierKey& key, const LedgerAudit& audit, std::size_t kept) const {
    out_ << asked_.ledger.string() << ": " << audit.tree.size() << " entries\n"
         << "  key         " << to_text(key) << '\n'
         << "  root        " << policy::to_base64(audit.tree.root()) << '\n'
         << "  published   " << audit.published.size() << " entries in " << audit.bundles
         << " bundles and " << audit.tiles << " tiles, computed again\n"
         << "  journal     " << audit.journaled.size() << " entries not published yet\n"
         << "  signatures  " << audit.checkpoints << " checkpoints\n"
         << "  continues   " << kept << " checkpoints kept elsewhere\n";
    if (kept == 0)
      out_ << "  without a checkpoint kept elsewhere this shows no history rewritten by whoever "
              "has the key\n";
  }

  const Verification& asked_;
  std::ostream& out_;
  FileHandle folder_;
  std::vector<KeptCheckpoint> kept_;
};

}  // namespace

bool verify_ledger(const Verification& asked, std::ostream& out, std::ostream& err) {
  const auto fault = Verifier{asked, out}.run();
  if (fault) err << to_string(*fault) << '\n';
  return !fault;
}

}  // namespace assent::gateway

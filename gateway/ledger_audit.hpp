#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/fault.hpp"
#include "gateway/ledger_entry.hpp"
#include "gateway/ledger_tiles.hpp"
#include "policy/checkpoint.hpp"

namespace assent::gateway {

// A head that the ledger must have had: a checkpoint that was kept in another place.
struct KeptCheckpoint {
  policy::TreeHead head;
  std::string where;
};

// An entry that is in the journal and not in the static files.
struct JournaledEntry {
  std::string entry;
  policy::Digest leaf{};
};

// What a ledger's folder holds. Everything that a signed checkpoint covers was read and computed
// again; the first thing that contradicts one is the fault.
struct LedgerAudit {
  std::optional<Fault> fault;
  bool unreadable = false;  // the fault is that the disk did not give a file that is there
  TileBuilder published;    // as the checkpoint on disk covers it
  policy::MerkleTree tree{ledger_hash()};
  std::vector<JournaledEntry> journaled;
  std::string note;  // the newest checkpoint: of the static files or of the journal
  std::size_t bundles = 0;
  std::size_t tiles = 0;
  std::size_t checkpoints = 0;  // signatures checked
  std::uint64_t last_segment = 0;
  std::vector<std::string> segments;
  // Beyond the newest checkpoint, acknowledged to nobody: a crash leaves it, and so does the
  // return of an older checkpoint, which only one kept elsewhere tells apart.
  std::vector<std::string> left_over;
  std::vector<std::string> removable;  // files of ours that nothing covers, or that are superseded
};

using EntryVisitor = std::function<void(std::uint64_t index, const LedgerLeaf& entry)>;

// Reads only; shows every entry to `visit`, in order. A folder without a checkpoint is an empty
// ledger, if nothing else is in it and no checkpoint was kept.
[[nodiscard]] LedgerAudit audit_ledger(const std::filesystem::path& folder,
                                       const policy::VerifierKey& key,
                                       std::vector<KeptCheckpoint> kept,
                                       const EntryVisitor& visit = {});

}  // namespace assent::gateway

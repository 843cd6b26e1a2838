#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "gateway/ledger_tiles.hpp"

namespace assent::gateway {

inline constexpr std::string_view checkpoint_name = "checkpoint";
// Beside it for convenience; who verifies should have it from elsewhere.
inline constexpr std::string_view verifier_key_name = "vkey";

// Writes the static files that anybody's verifier reads: entries, then hashes, then the checkpoint
// that covers them, each durable before the next. No file that a checkpoint covers is ever written
// again, so a crash leaves what was covered as it was, and at worst files that nothing covers.
class LedgerPublication {
 public:
  // `published`: what of the builder is on disk under a checkpoint already.
  LedgerPublication(std::filesystem::path folder, TileBuilder builder);

  void add(std::string_view entry, const policy::Digest& leaf) { builder_.add(entry, leaf); }
  [[nodiscard]] std::uint64_t size() const { return builder_.size(); }
  [[nodiscard]] std::uint64_t published() const { return published_; }

  // `note` is signed for size(). After an error it can be tried again.
  [[nodiscard]] std::error_code publish(std::string_view note);

 private:
  [[nodiscard]] std::error_code write_files(const std::vector<LedgerFile>& files) const;
  [[nodiscard]] std::error_code write_new(const LedgerFile& file) const;
  [[nodiscard]] std::error_code make_folders(const std::filesystem::path& relative) const;
  void remove_superseded(const std::vector<LedgerFile>& current);

  std::filesystem::path folder_;
  TileBuilder builder_;
  std::uint64_t published_;
  std::vector<LedgerFile> full_;            // taken, and not covered yet
  std::vector<std::string> partial_paths_;  // of the checkpoint on disk
};

}  // namespace assent::gateway

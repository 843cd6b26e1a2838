#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "gateway/ogg_recorder.hpp"

namespace assent::gateway {

// manifest.json beside the recordings of one session: which file is whose, what it holds, where it
// was cut, and its SHA-256. Always whole on disk: it is replaced, not rewritten.
enum class TrackState : unsigned char {
  open,         // being written; after a crash until it is looked at
  closed,       // ended as a whole
  cut,          // ended by a withdrawal
  failed,       // the disk refused; what is there ends earlier
  interrupted,  // the recorder ended without closing it
  erased,       // its file is gone, for good: a person's erasure, or the end of its retention
};
[[nodiscard]] std::string_view to_string(TrackState state);

struct ManifestTrack {
  std::string name;
  TrackState state = TrackState::open;
  TrackSpec spec;
  TrackSummary summary;
  std::optional<std::uint64_t> cut;  // last sequence that may be in the file
  WallTime opened{};
  std::string sha256;  // of the file, hexadecimal
};

// What the manifest says of the track.
[[nodiscard]] std::string manifest_entry(const ManifestTrack& track);

// Adds or replaces the entry of this track in <folder>/manifest.json.
[[nodiscard]] std::error_code record_track(const std::filesystem::path& folder,
                                           const ManifestTrack& track);

// The tracks that nothing is written to any more, all but those named. Of those that the manifest
// says are open each file is cut to its last whole page, hashed, and entered as interrupted.
std::vector<ClosedTrack> ended_tracks(const std::filesystem::path& folder,
                                      const std::vector<std::string>& open_now);

// Recordings of one session that go, or whose participant is not named any more. The files are gone
// from the disk, and the manifest says so, when this comes back without an error; after one, part
// of it may be. Gives what the manifest says of each that it has, unless it is open.
[[nodiscard]] std::error_code erase_tracks(const std::filesystem::path& folder,
                                           const std::vector<TrackErasure>& wanted,
                                           std::vector<ErasedTrack>& erased);

// SHA-256 in hexadecimal; empty when the file cannot be read.
[[nodiscard]] std::string sha256_of(const std::filesystem::path& file);

}  // namespace assent::gateway

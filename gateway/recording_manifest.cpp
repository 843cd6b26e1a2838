#include "gateway/recording_manifest.hpp"

#include <fcntl.h>
#include <ogg/ogg.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <memory>

#include "gateway/durable_file.hpp"
#include "gateway/rfc3339.hpp"

namespace assent::gateway {
namespace {

namespace json = boost::json;

constexpr const char* manifest_name = "manifest.json";
constexpr std::size_t read_bytes = 1u << 16;

json::object to_json(const ManifestTrack& track) {
  const TrackSummary& summary = track.summary;
  json::object entry;
  entry["track"] = track.name;
  entry["state"] = to_string(track.state);
  entry["participant"] = track.spec.participant;
  entry["sink"] = track.spec.sink;
  entry["purpose"] = track.spec.purpose;
  entry["epoch"] = track.spec.epoch;
  entry["opened"] = to_rfc3339(track.opened);
  entry["file"] = summary.file.empty()
                      ? json::value(nullptr)
                      : json::value(std::filesystem::path{summary.file}.filename().string());
  if (track.cut) entry["cut"] = *track.cut;
  if (track.state == TrackState::open) return entry;
  entry["ssrc"] = summary.ssrc;
  entry["packets"] = summary.packets;
  entry["bytes"] = summary.bytes;
  entry["concealed"] = summary.concealed;
  entry["duplicates"] = summary.duplicates;
  entry["late"] = summary.late;
  entry["malformed"] = summary.malformed;
  entry["beyond_cut"] = summary.beyond_cut;
  entry["unwritten"] = summary.unwritten;
  if (summary.packets == 0) return entry;
  entry["first_sequence"] = summary.first_sequence;
  entry["last_sequence"] = summary.last_sequence;
  entry["start"] = to_rfc3339(summary.first);
  entry["end"] = to_rfc3339(summary.last);
  entry["sha256"] = track.sha256;
  return entry;
}

// The manifest, or nothing where there is none. One that cannot be understood is put aside, not
// overwritten.
std::optional<json::object> read_manifest(const std::filesystem::path& folder) {
  const auto path = folder / manifest_name;
  std::ifstream in{path, std::ios::binary};
  if (!in) return std::nullopt;
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  json::error_code error;
  json::value value = json::parse(text, error);
  const auto* const object = error ? nullptr : value.if_object();
  const auto* const tracks = object != nullptr ? object->if_contains("tracks") : nullptr;
  if (tracks != nullptr && tracks->is_array()) return *object;
  std::error_code ignored;
  std::filesystem::rename(path, folder / "manifest.json.unreadable", ignored);
  return std::nullopt;
}

json::object new_manifest(const TrackSpec& spec) {
  json::object manifest;
  manifest["version"] = 1;
  manifest["session"] = spec.session;
  manifest["room"] = spec.room;
  manifest["tracks"] = json::array{};
  return manifest;
}

std::string_view text_of(const json::value& entry, std::string_view name) {
  const auto* const object = entry.if_object();
  const auto* const value = object != nullptr ? object->if_contains(name) : nullptr;
  const auto* const text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string_view{*text} : std::string_view{};
}

std::error_code write_manifest(const std::filesystem::path& folder, const json::object& manifest) {
  return replace_file(folder / manifest_name, json::serialize(manifest) + "\n");
}

struct WholePages {
  std::size_t bytes = 0;
  std::uint64_t packets = 0;  // of sound and concealment alike
};

// Walks the pages, with their checksums, up to the first that is not whole.
WholePages walk_pages(int descriptor) {
  ogg_sync_state sync;
  ogg_sync_init(&sync);
  WholePages whole;
  std::size_t pages = 0;
  ogg_page page;
  for (;;) {
    const long found = ogg_sync_pageseek(&sync, &page);
    if (found < 0) break;  // bytes that are no page
    if (found > 0) {
      whole.bytes += static_cast<std::size_t>(found);
      constexpr std::size_t header_pages = 2;
      if (++pages > header_pages)
        whole.packets += static_cast<std::uint64_t>(ogg_page_packets(&page));
      continue;
    }
    char* const buffer = ogg_sync_buffer(&sync, static_cast<long>(read_bytes));
    const ssize_t read = ::read(descriptor, buffer, read_bytes);
    if (read <= 0) break;
    ogg_sync_wrote(&sync, static_cast<long>(read));
  }
  ogg_sync_clear(&sync);
  return whole;
}

void look_at_interrupted(const std::filesystem::path& folder, json::object& entry) {
  entry["state"] = to_string(TrackState::interrupted);
  const std::string name{text_of(json::value(entry), "file")};
  const auto path = folder / std::filesystem::path{name}.filename();
  const FileHandle file{::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW)};
  if (name.empty() || !file) {
    entry["file"] = nullptr;
    return;
  }
  const WholePages whole = walk_pages(file.get());
  if (whole.packets == 0) {
    static_cast<void>(::unlink(path.c_str()));
    entry["file"] = nullptr;
    return;
  }
  if (::ftruncate(file.get(), static_cast<off_t>(whole.bytes)) != 0) return;
  if (sync_file(file.get())) return;
  entry["packets_with_concealment"] = whole.packets;
  entry["sha256"] = sha256_of(path);
}

TrackSpec spec_of(const json::object& manifest, const json::value& entry) {
  TrackSpec spec;
  const json::value whole(manifest);
  spec.session = text_of(whole, "session");
  spec.room = text_of(whole, "room");
  spec.participant = text_of(entry, "participant");
  spec.sink = text_of(entry, "sink");
  spec.purpose = text_of(entry, "purpose");
  const auto* const epoch = entry.as_object().if_contains("epoch");
  boost::system::error_code not_a_number;
  if (epoch != nullptr) spec.epoch = epoch->to_number<std::uint64_t>(not_a_number);
  return spec;
}

}  // namespace

std::string_view to_string(TrackState state) {
  switch (state) {
    case TrackState::open:
      return "open";
    case TrackState::closed:
      return "closed";
    case TrackState::cut:
      return "cut";
    case TrackState::failed:
      return "failed";
    case TrackState::interrupted:
      return "interrupted";
    case TrackState::erased:
      return "erased";
  }
  return "unknown";
}

std::error_code record_track(const std::filesystem::path& folder, const ManifestTrack& track) {
  auto manifest = read_manifest(folder);
  if (!manifest) manifest = new_manifest(track.spec);
  auto& tracks = manifest->at("tracks").as_array();
  const auto same = std::find_if(tracks.begin(), tracks.end(), [&](const json::value& entry) {
    return text_of(entry, "track") == track.name;
  });
  if (same != tracks.end()) {
    *same = to_json(track);
  } else {
    tracks.emplace_back(to_json(track));
  }
  return write_manifest(folder, *manifest);
}

std::string manifest_entry(const ManifestTrack& track) {
  return json::serialize(to_json(track));
}

std::vector<ClosedTrack> ended_tracks(const std::filesystem::path& folder,
                                      const std::vector<std::string>& open_now) {
  std::vector<ClosedTrack> ended;
  std::vector<ClosedTrack> marked;
  auto manifest = read_manifest(folder);
  if (!manifest) return ended;
  for (auto& entry : manifest->at("tracks").as_array()) {
    const auto name = text_of(entry, "track");
    if (std::find(open_now.begin(), open_now.end(), name) != open_now.end()) continue;
    const auto state = text_of(entry, "state");
    if (state == to_string(TrackState::erased)) continue;  // its row is what the erasure made of it
    const bool open = state == to_string(TrackState::open);
    if (open) look_at_interrupted(folder, entry.as_object());
    (open ? marked : ended).push_back({spec_of(*manifest, entry), json::serialize(entry)});
  }
  // What cannot be written is looked at again at the next start.
  if (!marked.empty() && !write_manifest(folder, *manifest))
    ended.insert(ended.end(), std::make_move_iterator(marked.begin()),
                 std::make_move_iterator(marked.end()));
  return ended;
}

std::error_code erase_tracks(const std::filesystem::path& folder,
                             const std::vector<TrackErasure>& wanted,
                             std::vector<ErasedTrack>& erased) {
  auto manifest = read_manifest(folder);
  if (!manifest) return {};
  std::vector<ErasedTrack> done;
  for (auto& entry : manifest->at("tracks").as_array()) {
    const auto of = std::find_if(wanted.begin(), wanted.end(), [&](const TrackErasure& one) {
      return text_of(entry, "track") == one.track;
    });
    if (of == wanted.end() || text_of(entry, "state") == to_string(TrackState::open)) continue;
    auto& object = entry.as_object();
    const std::string name{text_of(entry, "file")};
    if (!of->participant.empty()) object["participant"] = of->participant;
    if (!of->keep) {
      const auto path = folder / std::filesystem::path{name}.filename();
      if (!name.empty() && ::unlink(path.c_str()) != 0 && errno != ENOENT)
        return {errno, std::generic_category()};
      object["file"] = nullptr;
      object["state"] = to_string(TrackState::erased);
      object.erase("sha256");
    }
    done.push_back({of->session, of->track, json::serialize(entry)});
  }
  if (done.empty()) return {};
  // Makes the removals durable, too.
  if (const auto error = write_manifest(folder, *manifest)) return error;
  erased.insert(erased.end(), std::make_move_iterator(done.begin()),
                std::make_move_iterator(done.end()));
  return {};
}

std::string sha256_of(const std::filesystem::path& file) {
  struct Free {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  };
  const FileHandle handle{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  const std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
  if (!handle || !context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1)
    return {};
  std::vector<unsigned char> buffer(read_bytes);
  ssize_t read = 0;
  while ((read = ::read(handle.get(), buffer.data(), buffer.size())) > 0) {
    EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(read));
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (read < 0 || EVP_DigestFinal_ex(context.get(), digest.data(), &size) != 1) return {};
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 0xF];
  }
  return text;
}

}  // namespace assent::gateway

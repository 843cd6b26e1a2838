#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/packet_ring.hpp"
#include "gateway/storage_record.hpp"

namespace assent::gateway {

// What may be made of somebody's media at present: purposes, each with the sinks that may serve it.
using ServedPurposes = std::map<std::string, std::vector<std::string>>;

// One (room, participant, sink, epoch).
struct TrackSpec {
  std::string session;  // one holding of a room, names the folder: [A-Za-z0-9_~-][A-Za-z0-9._~-]*
  std::string room;
  std::string participant;
  std::string subject;  // of the participant; not in the manifest
  std::string sink;
  std::string purpose;
  std::uint64_t epoch = 0;
  std::uint8_t channels = 1;  // of the OpusHead: what a player should expect, 1 or 2
  // For who is elsewhere and is not told ids: the same as long as the holding lasts, and different
  // for each sink.
  std::string call{};
  std::string speaker{};
  ServedPurposes purposes{};
  media::TimePoint open_until = media::TimePoint::max();  // of the permit
};

enum class TrackError : unsigned char {
  bad_name,       // session is no safe folder name
  too_many,       // tracks_max are open
  unknown_track,  // never opened, or closed already
  disk,           // the file could not be created, finished or synced
  closed,         // after stop()
};
[[nodiscard]] std::string_view to_string(TrackError error);
template <class T>
using TrackResult = boost::system::result<T, TrackError>;
[[noreturn]] void throw_exception_from_error(TrackError error,
                                             const boost::source_location& location);

// Where one stream of a track ends: nothing beyond is anyone's to keep.
struct StreamCut {
  std::uint32_t ssrc = 0;
  std::uint64_t last_sequence = 0;  // extended
};

// How a track ends.
struct TrackEnd {
  std::string reason;      // a word: of the decision, or of what keeps its media from passing
  bool withdrawn = false;  // the participant and the purpose go on, the permission does not
  std::vector<StreamCut> cuts{};  // a stream without one had ended before
  // What the sink has of this participant since then is to go.
  std::optional<WallTime> forget_since{};
};

// A sink that is part of this program: takes tracks' packets from the media workers, and does the
// rest on threads of its own.
class TrackSink {
 public:
  TrackSink() = default;
  TrackSink(const TrackSink&) = delete;
  TrackSink& operator=(const TrackSink&) = delete;
  virtual ~TrackSink() = default;

  // The packet path, from media worker `worker` only; never waits. False when the queue is full
  // (the packet is withheld: count it). A packet of a track that is not open is taken, discarded
  // and counted.
  [[nodiscard]] virtual bool offer(std::size_t worker, const RecordedPacket& packet) noexcept = 0;

  // The control path. When open() resumes, packets may be offered.
  virtual boost::asio::awaitable<TrackResult<TrackId>> open(TrackSpec spec) = 0;
  // When it resumes, nothing of the track is written, sent or kept to be sent any more.
  virtual boost::asio::awaitable<void> end(TrackId track, TrackEnd how) = 0;
  // When it resumes, whatever follows of the track is under these purposes.
  virtual boost::asio::awaitable<void> serve(TrackId track, ServedPurposes purposes) = 0;
};

}  // namespace assent::gateway

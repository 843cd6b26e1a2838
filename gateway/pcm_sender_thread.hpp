#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "gateway/pcm_sender.hpp"
#include "gateway/reply.hpp"
#include "media/pcm_track.hpp"

namespace assent::gateway {

struct OpenPcmCommand {
  TrackSpec spec;
  Reply<TrackResult<TrackId>> reply;
};
struct EndPcmCommand {
  TrackId track{};
  TrackEnd how;
  Reply<bool> reply;
};
struct ServePcmCommand {
  TrackId track{};
  ServedPurposes purposes;
  Reply<bool> reply;
};

class PcmSender::Thread {
 public:
  explicit Thread(PcmSenderOptions options);
  ~Thread();
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  [[nodiscard]] bool offer(std::size_t worker, const RecordedPacket& packet) noexcept {
    return rings_[worker]->push(packet);
  }
  void put(OpenPcmCommand command);  // or refuses it at once
  void put(EndPcmCommand command);
  void put(ServePcmCommand command);
  [[nodiscard]] PcmHealth health() const;
  void stop();

 private:
  // Out of the ring, and not decoded yet: so that an end never waits for others' decoding.
  struct Packet {
    std::int64_t sequence;
    std::uint32_t timestamp;
    media::TimePoint arrived;
    std::vector<std::byte> payload;
  };
  // One SSRC in one codec; the first stands before its SSRC is known.
  struct Stream {
    std::optional<std::uint32_t> ssrc;
    media::Codec codec = media::Codec::none;
    std::vector<Packet> inbox;
    std::optional<media::PcmTrack> track;
    std::uint64_t malformed = 0;  // of its packets, as far as they are counted
    std::shared_ptr<PcmConnection> connection;
  };
  struct Track {
    TrackSpec spec;
    std::vector<Stream> streams;
  };
  using Tracks = std::map<TrackId, Track>;

  template <class Command>
  bool post(Command& command);  // false: it is stopping
  boost::asio::awaitable<void> keep_pace();
  boost::asio::awaitable<void> decode_all();
  boost::asio::awaitable<void> wind_up();
  boost::asio::awaitable<bool> finish(TrackId id, TrackEnd how);
  boost::asio::awaitable<bool> serve(TrackId id, ServedPurposes purposes);
  TrackResult<TrackId> open(TrackSpec spec);
  void add_stream(Track& track);
  [[nodiscard]] Stream* stream_of(Track& track, const RecordedPacket& packet);
  void drain();
  void take(const RecordedPacket& packet);
  void decode(media::TimePoint now, Stream& stream);
  void give(Stream& stream);  // what was decoded
  void heed(bool reachable);
  void publish_health();

  const PcmSenderOptions options_;
  std::vector<std::unique_ptr<PacketRing>> rings_;  // one a worker

  mutable std::mutex mutex_;
  bool stopping_ = false;
  PcmHealth health_;

  // Of the sink's thread alone.
  PcmHealth counts_;
  std::vector<media::PcmEvent> events_;
  std::uint32_t last_track_ = 0;
  boost::asio::io_context context_{1};
  boost::asio::steady_timer clock_;
  Tracks tracks_;
  std::set<std::shared_ptr<PcmConnection>> connections_;  // also of tracks that have ended

  std::thread thread_;
};

}  // namespace assent::gateway

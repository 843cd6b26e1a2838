#include "gateway/pcm_sender_thread.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

namespace assent::gateway {
namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

// The rings are polled: the media workers never have to wake this thread.
constexpr std::chrono::milliseconds poll_open{10};
constexpr std::chrono::milliseconds poll_idle{100};
// That others may wait for their turn while this thread decodes.
constexpr std::chrono::milliseconds slice{1};
constexpr std::size_t inbox_max = 64;  // more than a second of packets: the thread is too busy
constexpr std::chrono::milliseconds last_words{300};

constexpr std::string_view ended_with_service = "shutdown";

}  // namespace

PcmSender::Thread::Thread(PcmSenderOptions options)
    : options_{std::move(options)}, clock_{context_} {
  for (std::size_t i = 0; i < options_.workers; ++i)
    rings_.push_back(std::make_unique<PacketRing>(options_.ring_bytes));
  asio::co_spawn(context_, keep_pace(), asio::detached);
  thread_ = std::thread{[this] {
    const auto guard = asio::make_work_guard(context_);
    context_.run();
  }};
}

PcmSender::Thread::~Thread() {
  stop();
}

PcmHealth PcmSender::Thread::health() const {
  const std::lock_guard lock{mutex_};
  return health_;
}

// Under the lock: what is posted before wind_up() is carried out before it.
template <class Command>
bool PcmSender::Thread::post(Command& command) {
  const std::lock_guard lock{mutex_};
  if (stopping_) return false;
  const auto shared = std::make_shared<Command>(std::move(command));
  asio::post(context_, [this, shared] {
    if constexpr (std::is_same_v<Command, OpenPcmCommand>) {
      shared->reply.send(open(std::move(shared->spec)));
    } else {
      asio::co_spawn(
          context_,
          [](Thread* self, std::shared_ptr<Command> of) -> asio::awaitable<void> {
            bool is_known = false;
            if constexpr (std::is_same_v<Command, EndPcmCommand>) {
              is_known = co_await self->finish(of->track, std::move(of->how));
            } else {
              is_known = co_await self->serve(of->track, std::move(of->purposes));
            }
            of->reply.send(is_known);
          }(this, shared),
          asio::detached);
    }
  });
  return true;
}

void PcmSender::Thread::put(OpenPcmCommand command) {
  if (!post(command)) command.reply.send(TrackError::closed);
}

void PcmSender::Thread::put(EndPcmCommand command) {
  if (!post(command)) command.reply.send(false);
}

void PcmSender::Thread::put(ServePcmCommand command) {
  if (!post(command)) command.reply.send(false);
}

void PcmSender::Thread::stop() {
  {
    const std::lock_guard lock{mutex_};
    if (!std::exchange(stopping_, true)) {
      asio::post(context_, [this] { asio::co_spawn(context_, wind_up(), asio::detached); });
    }
  }
  if (thread_.joinable()) thread_.join();
}

// Every track is told its end, as far as its receiver listens.
asio::awaitable<void> PcmSender::Thread::wind_up() {
  drain();
  while (!tracks_.empty()) {
    TrackEnd how;
    how.reason = ended_with_service;
    const auto first = tracks_.begin()->first;
    const bool was_open = co_await finish(first, std::move(how));
    (void)was_open;
  }
  const auto until = Clock::now() + last_words;
  asio::steady_timer pause{context_};
  while (!connections_.empty() && Clock::now() < until) {
    pause.expires_after(std::chrono::milliseconds{2});
    co_await pause.async_wait(asio::use_awaitable);
  }
  const auto left = connections_;
  for (const auto& connection : left)
    connection->give_up();
  while (!connections_.empty()) {
    pause.expires_after(std::chrono::milliseconds{2});
    co_await pause.async_wait(asio::use_awaitable);
  }
  publish_health();
  context_.stop();
}

asio::awaitable<void> PcmSender::Thread::keep_pace() {
  for (;;) {
    clock_.expires_after(tracks_.empty() ? poll_idle : poll_open);
    boost::system::error_code woken;
    co_await clock_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    drain();
    co_await decode_all();
    publish_health();
  }
}

// In slices; tracks may come and go in between.
asio::awaitable<void> PcmSender::Thread::decode_all() {
  auto began = Clock::now();
  for (auto at = tracks_.begin(); at != tracks_.end();) {
    const TrackId id = at->first;
    const auto now = Clock::now();
    for (auto& stream : at->second.streams)
      decode(now, stream);
    if (now - began >= slice) {
      co_await asio::post(context_, asio::use_awaitable);
      began = Clock::now();
    }
    at = tracks_.upper_bound(id);
  }
}

TrackResult<TrackId> PcmSender::Thread::open(TrackSpec spec) {
  drain();  // of what nobody had opened
  if (tracks_.size() >= options_.tracks_max) return TrackError::too_many;
  const TrackId id{++last_track_};
  Track& track = tracks_[id];
  track.spec = std::move(spec);
  add_stream(track);
  clock_.cancel();  // from now on in short steps
  return id;
}

void PcmSender::Thread::add_stream(Track& track) {
  PcmStream::Options options;
  options.spec = track.spec;
  options.number = track.streams.size();
  options.opened_at = Clock::now();
  options.opened = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  Stream& stream = track.streams.emplace_back();
  const auto notices = std::make_shared<std::weak_ptr<PcmConnection>>();
  stream.connection = std::make_shared<PcmConnection>(
      context_.get_executor(), options_.to, options_.times,
      PcmStream{std::move(options), counts_.samples},
      PcmConnection::Notices{[this] {
                               ++counts_.connections;
                               heed(true);
                             },
                             [this] { heed(false); },
                             [this, notices] { connections_.erase(notices->lock()); }});
  *notices = stream.connection;
  connections_.insert(stream.connection);
  stream.connection->start();
}

// A client that starts its stream anew does so under another SSRC, and may go on with the first.
PcmSender::Thread::Stream* PcmSender::Thread::stream_of(Track& track,
                                                        const RecordedPacket& packet) {
  for (auto& stream : track.streams)
    if (stream.ssrc == packet.ssrc && stream.codec == packet.codec) return &stream;
  auto decoder = media::SpeechDecoder::make(packet.codec);
  if (decoder == nullptr) return nullptr;
  if (track.streams.front().ssrc) {
    if (track.streams.size() >= options_.streams_max) return nullptr;
    add_stream(track);
  }
  Stream& fresh = track.streams.back();
  fresh.ssrc = packet.ssrc;
  fresh.codec = packet.codec;
  fresh.track.emplace(std::move(decoder));
  return &fresh;
}

void PcmSender::Thread::drain() {
  for (auto& ring : rings_)
    ring->drain([this](const RecordedPacket& packet) { take(packet); });
}

void PcmSender::Thread::take(const RecordedPacket& packet) {
  const auto track = tracks_.find(packet.track);
  Stream* const stream = track == tracks_.end() ? nullptr : stream_of(track->second, packet);
  if (stream == nullptr || stream->inbox.size() >= inbox_max) {
    ++counts_.not_taken;
    return;
  }
  stream->inbox.push_back({static_cast<std::int64_t>(packet.extended_sequence),
                           packet.rtp_timestamp,
                           packet.captured,
                           {packet.payload.begin(), packet.payload.end()}});
}

void PcmSender::Thread::decode(media::TimePoint now, Stream& stream) {
  if (!stream.track) return;
  for (const auto& packet : std::exchange(stream.inbox, {}))
    stream.track->handle_packet({packet.sequence, packet.timestamp, packet.arrived, packet.payload},
                                events_);
  stream.track->handle_timeout(now, events_);
  give(stream);
}

void PcmSender::Thread::give(Stream& stream) {
  if (stream.track) {
    const auto malformed = stream.track->counters().malformed;
    counts_.malformed += malformed - std::exchange(stream.malformed, malformed);
  }
  for (const auto& event : events_)
    stream.connection->take(event);
  events_.clear();
}

asio::awaitable<bool> PcmSender::Thread::finish(TrackId id, TrackEnd how) {
  drain();
  auto node = tracks_.extract(id);
  if (node.empty()) co_return false;
  for (auto& stream : node.mapped().streams) {
    std::optional<std::uint64_t> last;
    for (const auto& cut : how.cuts)
      if (stream.ssrc == cut.ssrc) last = cut.last_sequence;
    if (stream.track) {
      std::erase_if(stream.inbox, [&](const Packet& packet) {
        return last && packet.sequence > static_cast<std::int64_t>(*last);
      });
      decode(Clock::now(), stream);
      stream.track->end(last ? std::optional{static_cast<std::int64_t>(*last)} : std::nullopt,
                        events_);
      give(stream);
    }
    TrackEnd same = how;
    co_await stream.connection->finish(std::move(same), last);
  }
  co_return true;
}

// More purposes are for nothing that came before: that is said first, however much of it waits for
// a packet that is late.
asio::awaitable<bool> PcmSender::Thread::serve(TrackId id, ServedPurposes purposes) {
  drain();
  const auto track = tracks_.find(id);
  if (track == tracks_.end()) co_return false;
  const bool more = narrowed(purposes, track->second.spec.purposes) != purposes;
  for (auto& stream : track->second.streams) {
    decode(Clock::now(), stream);
    if (more && stream.track) stream.track->flush(events_);
    give(stream);
  }
  track->second.spec.purposes = purposes;  // of streams that are still to come
  std::vector<std::shared_ptr<PcmConnection>> connections;
  for (const auto& stream : track->second.streams)
    connections.push_back(stream.connection);
  for (const auto& connection : connections) {
    auto same = purposes;
    co_await connection->serve(std::move(same));
  }
  co_return true;
}

void PcmSender::Thread::heed(bool reachable) {
  if (reachable == std::exchange(counts_.reachable, reachable)) return;
  if (options_.on_change) options_.on_change(reachable);
}

void PcmSender::Thread::publish_health() {
  counts_.streams = connections_.size();
  counts_.connected = static_cast<std::size_t>(
      std::count_if(connections_.begin(), connections_.end(),
                    [](const auto& connection) { return connection->is_connected(); }));
  const std::lock_guard lock{mutex_};
  health_ = counts_;
}

}  // namespace assent::gateway

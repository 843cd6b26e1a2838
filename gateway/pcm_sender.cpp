#include "gateway/pcm_sender.hpp"

#include <utility>

#include "gateway/pcm_sender_thread.hpp"

namespace assent::gateway {

PcmSender::PcmSender(PcmSenderOptions options)
    : thread_{std::make_unique<Thread>(std::move(options))} {}

PcmSender::~PcmSender() {
  stop();
}

bool PcmSender::offer(std::size_t worker, const RecordedPacket& packet) noexcept {
  return thread_->offer(worker, packet);
}

boost::asio::awaitable<TrackResult<TrackId>> PcmSender::open(TrackSpec spec) {
  using Answer = TrackResult<TrackId>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(OpenPcmCommand{std::move(spec), std::move(reply)});
  });
}

boost::asio::awaitable<void> PcmSender::end(TrackId track, TrackEnd how) {
  const bool was_open = co_await await_reply<bool>([&](Reply<bool> reply) {
    thread_->put(EndPcmCommand{track, std::move(how), std::move(reply)});
  });
  (void)was_open;
}

boost::asio::awaitable<void> PcmSender::serve(TrackId track, ServedPurposes purposes) {
  const bool is_open = co_await await_reply<bool>([&](Reply<bool> reply) {
    thread_->put(ServePcmCommand{track, std::move(purposes), std::move(reply)});
  });
  (void)is_open;
}

PcmHealth PcmSender::health() const {
  return thread_->health();
}

void PcmSender::stop() {
  thread_->stop();
}

}  // namespace assent::gateway

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "gateway/pcm_link.hpp"
#include "gateway/pcm_stream.hpp"

namespace assent::gateway {

struct PcmTimes {
  std::chrono::milliseconds retry_min{250};
  std::chrono::milliseconds retry_max{5'000};
  std::chrono::milliseconds connect_within{5'000};
  std::chrono::milliseconds stalled{10'000};  // with one message: connect anew
  std::chrono::milliseconds parting{10'000};  // to tell of the end
};

// A PcmStream on its way: connects, again and later each time when that fails or ends, and sends
// what there is. On the sink's thread.
class PcmConnection : public std::enable_shared_from_this<PcmConnection> {
 public:
  struct Notices {
    std::function<void()> on_connected;
    std::function<void()> on_lost;  // or not made
    std::function<void()> on_over;  // for good, connected or not
  };
  PcmConnection(const boost::asio::any_io_executor& executor, PcmSink to, const PcmTimes& times,
                PcmStream stream, Notices notices);

  void start();  // once
  void take(const media::PcmEvent& event);

  // When it comes back, all audio that leaves stands under these purposes: where they are fewer,
  // what was on its way has left, or else the connection is torn down.
  boost::asio::awaitable<void> serve(ServedPurposes purposes);
  // When it comes back no more audio leaves: likewise. What tells of the end may still.
  boost::asio::awaitable<void> finish(TrackEnd how, std::optional<std::uint64_t> last_sequence);
  void give_up();

  [[nodiscard]] bool is_connected() const { return connected_; }

 private:
  boost::asio::awaitable<void> run();
  boost::asio::awaitable<bool> connect();
  boost::asio::awaitable<void> converse();
  boost::asio::awaitable<void> wait_for_news();
  // Some is half sent, or may be among what the system still has to send.
  [[nodiscard]] bool may_send_audio() const;
  [[nodiscard]] bool has_audio() const { return stream_.has_audio() || may_send_audio(); }
  // For as long as a connection that flows may take to send it.
  boost::asio::awaitable<void> settle(bool (PcmConnection::*unsettled)() const);
  void limit(std::chrono::milliseconds time);  // of the operation that follows
  [[nodiscard]] bool is_given_up() const;

  PcmSink to_;
  const PcmTimes& times_;
  PcmStream stream_;
  Notices notices_;
  std::shared_ptr<PcmLink> link_;
  bool connected_ = false;
  media::TimePoint give_up_at_ = media::TimePoint::max();
  std::optional<media::TimePoint> writing_since_;
  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer news_;
  boost::asio::steady_timer limit_;
  boost::asio::steady_timer pause_;
  boost::asio::steady_timer settled_;
};

}  // namespace assent::gateway

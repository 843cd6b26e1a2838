#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <string_view>

#include "gateway/http_message.hpp"

namespace assent::gateway {

struct EventHubLimits {
  std::size_t kept_max = 1024;  // events a late subscriber can still be given
  std::size_t subscribers_max = 64;
  std::chrono::milliseconds heartbeat{15'000};
};

// Server-sent events (HTML Living Standard §9.2) to any number of subscribers, on the control
// thread. Each event is kept once, in a bounded ring; a subscriber is a place in it. One that
// falls behind the ring is sent `event: dropped` with the number it missed, and its stream ends.
// With Last-Event-ID a stream goes on after that event; if it is no longer kept, or of an earlier
// run of the gateway, `event: gap` says so first. Comments are sent as heartbeats.
class EventHub {
 public:
  // `incarnation` tells this run's event ids from those of earlier runs; of id characters.
  EventHub(boost::asio::any_io_executor executor, std::string incarnation,
           EventHubLimits limits = {});
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // `type` is a word, `json` a document, `room` whom ?room=... subscribers get it for.
  void publish(std::string_view type, std::string_view room, std::string_view json);

  // The response to GET /v1/events: reads Last-Event-ID and ?room of it.
  [[nodiscard]] HttpResponse subscribe(const HttpRequest& request);

  // Ends every stream; there are no new ones.
  void close();

  [[nodiscard]] std::size_t subscribers() const { return subscribers_.size(); }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }  // subscribers, for slowness

 private:
  class Subscriber;
  struct Event {
    std::string room;
    std::string text;  // as it is sent
  };

  [[nodiscard]] std::uint64_t next_number() const { return first_number_ + events_.size(); }

  boost::asio::any_io_executor executor_;
  std::string incarnation_;
  EventHubLimits limits_;
  std::deque<Event> events_;
  std::uint64_t first_number_ = 1;  // of events_.front()
  std::list<Subscriber*> subscribers_;
  std::uint64_t dropped_ = 0;
  bool closed_ = false;
};

}  // namespace assent::gateway

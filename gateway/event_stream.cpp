#include "gateway/event_stream.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace assent::gateway {
namespace {

namespace asio = boost::asio;

constexpr std::size_t piece_bytes_target = 65'536;
constexpr std::string_view greeting = "retry: 2000\n\n";  // ms, until a client comes back
constexpr std::string_view heartbeat = ": still here\n\n";

std::string event_text(std::string_view id, std::string_view type, std::string_view data) {
  std::string text;
  if (!id.empty()) text.append("id: ").append(id).append("\n");
  text.append("event: ").append(type).append("\n");
  for (;;) {  // a line of data each; RFC 8259 lets CR and LF in as blanks
    const std::size_t end = data.find_first_of("\r\n");
    text.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + 1);
  }
  return text + "\n";
}

std::string missed_text(std::string_view type, std::uint64_t missed) {
  return event_text({}, type, "{\"missed\":" + std::to_string(missed) + "}");
}

}  // namespace

class EventHub::Subscriber final : public BodyStream {
 public:
  Subscriber(EventHub& hub, const HttpRequest& request)
      : hub_{&hub}, wake_{hub.executor_}, next_{hub.next_number()}, pending_{greeting} {
    const auto room = request.query.find("room");
    if (room != request.query.end()) room_ = room->second;
    if (request.last_event_id) resume_after(*request.last_event_id);
    place_ = hub.subscribers_.insert(hub.subscribers_.end(), this);
  }
  ~Subscriber() override {
    if (hub_ != nullptr) hub_->subscribers_.erase(place_);
  }
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  asio::awaitable<std::optional<std::string>> next() override {
    while (hub_ != nullptr && !ended_) {
      take_events();
      if (ended_) break;
      if (!pending_.empty()) co_return std::exchange(pending_, {});
      boost::system::error_code woken;
      wake_.expires_after(hub_->limits_.heartbeat);
      co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
      if (!woken && !ended_) pending_ = heartbeat;
    }
    co_return std::nullopt;
  }

  void cancel() override {
    ended_ = true;
    wake_.cancel();
  }
  void wake() { wake_.cancel(); }
  void detach() {
    hub_ = nullptr;
    cancel();
  }

 private:
  void resume_after(std::string_view last_event_id) {
    const std::string prefix = hub_->incarnation_ + '-';
    std::uint64_t number = 0;
    const char* const end = last_event_id.data() + last_event_id.size();
    bool ours = last_event_id.starts_with(prefix);
    if (ours) {
      const auto read = std::from_chars(last_event_id.data() + prefix.size(), end, number);
      ours = read.ec == std::errc{} && read.ptr == end;
    }
    if (!ours || number >= hub_->next_number()) {
      pending_ += event_text({}, "gap", "{\"reason\":\"restart\"}");
      next_ = hub_->first_number_;
    } else if (number + 1 < hub_->first_number_) {
      pending_ += missed_text("gap", hub_->first_number_ - number - 1);
      next_ = hub_->first_number_;
    } else {
      next_ = number + 1;
    }
  }

  void take_events() {
    if (next_ < hub_->first_number_) {
      pending_ += missed_text("dropped", hub_->first_number_ - next_);
      ++hub_->dropped_;
      next_ = hub_->next_number();
      last_word_ = true;
    } else if (last_word_) {
      ended_ = true;
    }
    while (next_ < hub_->next_number() && pending_.size() < piece_bytes_target && !last_word_) {
      const Event& event = hub_->events_[next_ - hub_->first_number_];
      if (room_.empty() || room_ == event.room) pending_ += event.text;
      ++next_;
    }
  }

  EventHub* hub_;
  asio::steady_timer wake_;
  std::list<Subscriber*>::iterator place_;
  std::string room_;    // empty: every room
  std::uint64_t next_;  // number of the event to be sent next
  std::string pending_;
  bool last_word_ = false;  // that it was dropped
  bool ended_ = false;
};

EventHub::EventHub(asio::any_io_executor executor, std::string incarnation, EventHubLimits limits)
    : executor_{std::move(executor)}, incarnation_{std::move(incarnation)}, limits_{limits} {}

EventHub::~EventHub() {
  close();
}

void EventHub::publish(std::string_view type, std::string_view room, std::string_view json) {
  if (closed_) return;
  const std::string id = incarnation_ + '-' + std::to_string(next_number());
  events_.push_back(Event{std::string(room), event_text(id, type, json)});
  if (events_.size() > limits_.kept_max) {
    events_.pop_front();
    ++first_number_;
  }
  for (Subscriber* subscriber : subscribers_)
    subscriber->wake();
}

HttpResponse EventHub::subscribe(const HttpRequest& request) {
  if (closed_ || subscribers_.size() >= limits_.subscribers_max) {
    return problem_response(make_problem(ProblemType::exhausted, "too many subscribers"));
  }
  HttpResponse response;
  response.content_type = "text/event-stream";
  response.stream = std::make_unique<Subscriber>(*this, request);
  return response;
}

void EventHub::close() {
  closed_ = true;
  for (Subscriber* subscriber : std::exchange(subscribers_, {}))
    subscriber->detach();
}

}  // namespace assent::gateway

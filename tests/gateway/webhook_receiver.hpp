#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace assent::gateway::test {

// A receiver of webhooks on loopback, with a thread of its own.
class WebhookReceiver {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;

  // Answers with these statuses, one a request, then 204. With `tls` it is https.
  explicit WebhookReceiver(std::deque<unsigned> statuses = {}, std::string location = {},
                           boost::asio::ssl::context* tls = nullptr)
      : statuses_{std::move(statuses)}, location_{std::move(location)}, tls_{tls} {
    thread_ = std::thread{[this] { serve(); }};
  }
  ~WebhookReceiver() {
    stopping_ = true;
    go_on();
    boost::asio::ip::tcp::socket wake{io_};
    boost::system::error_code ignored;
    wake.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  WebhookReceiver(const WebhookReceiver&) = delete;
  WebhookReceiver& operator=(const WebhookReceiver&) = delete;

  [[nodiscard]] std::string port() const {
    return std::to_string(acceptor_.local_endpoint().port());
  }
  // All requests so far, when there are `count` of them or the time is over.
  std::vector<Request> requests(std::size_t count,
                                std::chrono::milliseconds within = std::chrono::seconds{10}) {
    std::unique_lock lock{access_};
    arrived_.wait_for(lock, within, [&] { return requests_.size() >= count; });
    return requests_;
  }
  [[nodiscard]] std::size_t connections() const { return connections_; }
  // What arrives is not answered from `keep_waiting()` until `go_on()`.
  void keep_waiting() { waiting_ = true; }
  void go_on() {
    {
      const std::lock_guard lock{access_};
      waiting_ = false;
    }
    arrived_.notify_all();
  }

 private:
  void serve() {
    for (;;) {
      boost::asio::ip::tcp::socket socket{io_};
      boost::system::error_code error;
      acceptor_.accept(socket, error);
      if (stopping_) return;
      if (error) continue;
      ++connections_;
      if (tls_ == nullptr) {
        answer(socket);
        continue;
      }
      boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream{std::move(socket), *tls_};
      stream.handshake(boost::asio::ssl::stream_base::server, error);
      if (!error) answer(stream);
    }
  }

  template <class Stream>
  void answer(Stream& stream) {
    namespace http = boost::beast::http;
    boost::system::error_code error;
    boost::beast::flat_buffer buffer;
    Request request;
    http::read(stream, buffer, request, error);
    if (error) return;
    http::response<http::string_body> response{http::status::no_content, 11};
    {
      std::unique_lock lock{access_};
      if (!statuses_.empty()) {
        response.result(statuses_.front());
        statuses_.pop_front();
      }
      requests_.push_back(std::move(request));
      arrived_.notify_all();
      arrived_.wait(lock, [this] { return !waiting_; });
    }
    if (!location_.empty()) response.set(http::field::location, location_);
    response.prepare_payload();
    http::write(stream, response, error);
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_{io_, {boost::asio::ip::make_address("127.0.0.1"), 0}};
  std::mutex access_;
  std::condition_variable arrived_;
  std::deque<unsigned> statuses_;
  std::string location_;
  boost::asio::ssl::context* tls_;
  std::vector<Request> requests_;
  std::atomic<std::size_t> connections_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> waiting_ = false;
  std::thread thread_;
};

}  // namespace assent::gateway::test

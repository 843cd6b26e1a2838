#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/http_server.hpp"

namespace assent::gateway {

// One open connection as the server's limits see it. Its session sets phase and deadline; the sweep
// of HttpConnections acts on them.
class HttpConnection {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Phase : unsigned char { waiting, reading, answering, writing, streaming, parting };

  explicit HttpConnection(std::string peer) : peer_{std::move(peer)} {}
  virtual ~HttpConnection() = default;
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Ends the pending operations with an error, so that the session can still say why.
  virtual void cancel_io() = 0;
  // Ends the connection; the session notices.
  virtual void close() = 0;

  void enter(Phase phase, std::chrono::milliseconds within);
  void enter_without_deadline(Phase phase);

  // While a response streams, what it streams from; the peer's leaving cancels it.
  void streaming_from(BodyStream* stream) { stream_ = stream; }
  void cancel_stream();

  [[nodiscard]] const std::string& peer() const { return peer_; }
  [[nodiscard]] bool timed_out() const { return timed_out_; }

 private:
  friend class HttpConnections;

  std::string peer_;
  Phase phase_ = Phase::waiting;
  Clock::time_point since_{};  // of the phase
  Clock::time_point deadline_ = Clock::time_point::max();
  bool timed_out_ = false;
  bool closing_ = false;
  BodyStream* stream_ = nullptr;
};

// All connections of a server: counts them, lets in no more than the limits say, and once every
// sweep_period acts on those that missed a deadline.
class HttpConnections {
 public:
  static constexpr std::chrono::milliseconds sweep_period{50};

  HttpConnections(HttpApplication& application, HttpLimits limits);

  // False: one too many of this peer's. May close another connection to make room.
  [[nodiscard]] bool admits(const std::string& peer);
  void add(HttpConnection& connection);
  void remove(HttpConnection& connection);

  void sweep(HttpConnection::Clock::time_point now);
  void begin_stop();  // idle ones and streams end now, the others after their request
  void close_all();

  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] bool empty() const { return open_.empty(); }
  [[nodiscard]] const HttpLimits& limits() const { return limits_; }
  [[nodiscard]] HttpApplication& application() { return application_; }

  HttpServerStatus status;

 private:
  void evict_one();
  void close(HttpConnection& connection);

  HttpApplication& application_;
  HttpLimits limits_;
  std::list<HttpConnection*> open_;
  std::map<std::string, std::size_t> by_peer_;
  bool stopping_ = false;
};

}  // namespace assent::gateway

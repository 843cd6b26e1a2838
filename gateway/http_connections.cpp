#include "gateway/http_connections.hpp"

#include <algorithm>
#include <utility>

namespace assent::gateway {

// What a connection that missed a deadline gets to say so.
constexpr std::chrono::seconds last_word_within{1};

void HttpConnection::enter(Phase phase, std::chrono::milliseconds within) {
  enter_without_deadline(phase);
  deadline_ = since_ + within;
}

void HttpConnection::enter_without_deadline(Phase phase) {
  phase_ = phase;
  since_ = Clock::now();
  deadline_ = Clock::time_point::max();
  timed_out_ = false;
}

void HttpConnection::cancel_stream() {
  if (stream_ != nullptr) stream_->cancel();
}

HttpConnections::HttpConnections(HttpApplication& application, HttpLimits limits)
    : application_{application}, limits_{limits} {}

bool HttpConnections::admits(const std::string& peer) {
  const auto same = by_peer_.find(peer);
  if (stopping_ || (same != by_peer_.end() && same->second >= limits_.connections_per_peer_max)) {
    ++status.refused;
    return false;
  }
  if (open_.size() >= limits_.connections_max) evict_one();
  // The evicted one leaves when its session notices; more than a few at once are not let in.
  constexpr std::size_t leaving_max = 16;
  if (open_.size() >= limits_.connections_max + leaving_max) {
    ++status.refused;
    return false;
  }
  return true;
}

void HttpConnections::evict_one() {
  using Phase = HttpConnection::Phase;
  HttpConnection* victim = nullptr;
  const auto greed = [&](const HttpConnection& c) { return by_peer_.at(c.peer()); };
  for (HttpConnection* candidate : open_) {
    const bool evictable = !candidate->closing_ && (candidate->phase_ == Phase::waiting ||
                                                    candidate->phase_ == Phase::reading ||
                                                    candidate->phase_ == Phase::parting);
    if (!evictable) continue;
    if (victim == nullptr || greed(*candidate) > greed(*victim) ||
        (greed(*candidate) == greed(*victim) && candidate->since_ < victim->since_)) {
      victim = candidate;
    }
  }
  if (victim == nullptr) return;
  ++status.evicted;
  close(*victim);
}

void HttpConnections::close(HttpConnection& connection) {
  connection.closing_ = true;
  connection.cancel_stream();
  connection.close();
}

void HttpConnections::add(HttpConnection& connection) {
  open_.push_back(&connection);
  ++by_peer_[connection.peer()];
  ++status.accepted;
  status.connections = open_.size();
}

void HttpConnections::remove(HttpConnection& connection) {
  open_.remove(&connection);
  const auto same = by_peer_.find(connection.peer());
  if (same != by_peer_.end() && --same->second == 0) by_peer_.erase(same);
  status.connections = open_.size();
}

void HttpConnections::sweep(HttpConnection::Clock::time_point now) {
  for (HttpConnection* connection : open_) {
    if (connection->deadline_ > now || connection->closing_) continue;
    if (connection->timed_out_ || connection->phase_ == HttpConnection::Phase::parting) {
      close(*connection);
      continue;
    }
    ++status.timed_out;
    connection->timed_out_ = true;
    connection->deadline_ = now + last_word_within;
    connection->cancel_io();
  }
}

void HttpConnections::begin_stop() {
  stopping_ = true;
  for (HttpConnection* connection : open_) {
    if (connection->phase_ == HttpConnection::Phase::waiting)
      close(*connection);
    else
      connection->cancel_stream();
  }
}

void HttpConnections::close_all() {
  for (HttpConnection* connection : open_)
    close(*connection);
}

}  // namespace assent::gateway

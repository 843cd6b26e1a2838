#include "gateway/rtp_stream.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "gateway/system_address.hpp"
#include "gateway/unsent.hpp"
#include "media/byte_order.hpp"
#include "media/outbox.hpp"

namespace assent::gateway {
namespace {

// What lies in the system's buffer is recalled only by ending the connection, which all who speak
// over it pay for: enough for a burst, not for seconds of speech.
constexpr int send_buffer_bytes = 256 << 10;
constexpr int keep_idle_seconds = 10;
constexpr int unanswered_milliseconds = 15'000;

void set_option(int descriptor, int level, int name, int value) {
  ::setsockopt(descriptor, level, name, &value, sizeof value);  // not fatal: a default holds
}

}  // namespace

RtpStream::RtpStream(Options options)
    : options_{std::move(options)}, retry_at_{media::TimePoint::min()} {
  rest_.reserve(media::datagram_bytes_max + 2);
}

RtpStream::~RtpStream() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<media::TimePoint> RtpStream::next_timeout() const {
  return retry_at_;
}

void RtpStream::handle_timeout(media::TimePoint now) {
  if (retry_at_ && now >= *retry_at_) connect(now);
}

void RtpStream::connect(media::TimePoint now) {
  retry_at_.reset();
  const int family = options_.to.is_v4() ? AF_INET : AF_INET6;
  descriptor_ = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return close(now);
  // When it is closed, be it by the end of this process, what the system holds goes nowhere.
  const linger at_once{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  set_option(descriptor_, SOL_SOCKET, SO_SNDBUF, send_buffer_bytes);
  set_option(descriptor_, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor_, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(descriptor_, IPPROTO_TCP, TCP_KEEPIDLE, keep_idle_seconds);
  set_option(descriptor_, IPPROTO_TCP, TCP_USER_TIMEOUT, unanswered_milliseconds);
  sockaddr_in6 address{};
  const socklen_t length = to_system(options_.to, address);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), length) != 0 &&
      errno != EINPROGRESS)
    return close(now);
  state_ = State::connecting;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = options_.tag;
  if (::epoll_ctl(options_.readiness, EPOLL_CTL_ADD, descriptor_, &event) != 0) close(now);
}

void RtpStream::finish_connecting(media::TimePoint now) {
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0)
    return close(now);
  sockaddr_in6 peer{};
  length = sizeof peer;
  if (::getpeername(descriptor_, reinterpret_cast<sockaddr*>(&peer), &length) != 0) return;
  state_ = State::open;
  ++connections_;
  tell(true);
}

void RtpStream::discard_input(media::TimePoint now) {
  std::array<std::byte, 4'096> unread;
  // Bounded: another end that talks without end is cut off sooner or later by its full buffer.
  for (int i = 0; i < 16; ++i) {
    const auto got = ::recv(descriptor_, unread.data(), unread.size(), MSG_DONTWAIT);
    if (got > 0) continue;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    return close(now);
  }
}

void RtpStream::send_rest(media::TimePoint now) {
  while (!rest_.empty()) {
    const auto taken = ::send(descriptor_, rest_.data(), rest_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0 && errno == EAGAIN) return;
    if (taken <= 0) return close(now);
    rest_.erase(rest_.begin(), rest_.begin() + taken);
  }
}

std::size_t RtpStream::send_some(media::TimePoint now, std::span<const FramedDispatch> run) {
  const std::size_t frames = std::min(frames_max, run.size());
  for (std::size_t i = 0; i < frames; ++i) {
    const auto bytes = run[i].bytes;
    media::store_be16(lengths_[i], 0, static_cast<std::uint16_t>(bytes.size()));
    vectors_[2 * i] = {lengths_[i].data(), lengths_[i].size()};
    vectors_[2 * i + 1] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  }
  msghdr message{};
  message.msg_iov = vectors_.data();
  message.msg_iovlen = 2 * frames;
  const auto sent = ::sendmsg(descriptor_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent <= 0) {
    if (sent < 0 && errno == EINTR) return 0;
    if (sent < 0 && errno == EAGAIN) {
      is_full_ = true;
    } else {
      close(now);
    }
    return 0;
  }
  retry_ = retry_min;  // it listens: the next interruption is a new one
  auto left = static_cast<std::size_t>(sent);
  for (std::size_t i = 0; i < frames; ++i) {
    const std::size_t whole = 2 + run[i].bytes.size();
    if (left < whole) is_full_ = true;
    if (left == 0) return i;
    taken_ += whole;
    taken_of_.at(media::index(run[i].source)) = taken_;
    if (left < whole) {
      keep_rest(i, run[i], left);
      return i + 1;
    }
    left -= whole;
  }
  return frames;
}

void RtpStream::keep_rest(std::size_t frame, const FramedDispatch& dispatch, std::size_t taken) {
  rest_of_ = dispatch.source;
  rest_.clear();
  for (std::size_t i = taken; i < 2; ++i)
    rest_.push_back(lengths_[frame][i]);
  const auto unsent = dispatch.bytes.subspan(taken > 2 ? taken - 2 : 0);
  rest_.insert(rest_.end(), unsent.begin(), unsent.end());
}

void RtpStream::expect(media::SourceId source) {
  if (taken_of_.size() <= media::index(source)) taken_of_.resize(media::index(source) + 1);
}

bool RtpStream::holds(media::SourceId source) const {
  if (taken_of_.size() <= media::index(source)) return false;
  const auto unsent = unsent_bytes(descriptor_);
  const std::uint64_t left = unsent ? rest_.size() + *unsent : taken_;
  return taken_of_[media::index(source)] + left > taken_;
}

void RtpStream::cease(media::TimePoint now, media::SourceId source) {
  if (state_ != State::open) return;
  if (!rest_.empty() && rest_of_ == source) send_rest(now);
  if (state_ == State::open && holds(source)) close(now);
}

void RtpStream::close(media::TimePoint now) {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));  // and out of the readiness set
  rest_.clear();
  state_ = State::closed;
  tell(false);
  retry_at_ = now + retry_;
  retry_ = std::min(2 * retry_, retry_max);
}

void RtpStream::tell(bool open) {
  if (std::exchange(told_, open) == open) return;
  if (options_.on_change) options_.on_change(open);
}

}  // namespace assent::gateway

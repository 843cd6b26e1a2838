// A gateway that is broken on purpose: with this preloaded (LD_PRELOAD), it has a queue toward a
// sink that nobody drains when a consent is withdrawn. bench/withdrawals must notice. Of the
// messages on a socket that is connected to 127.0.0.1:FORGOTTEN_QUEUE_PORT every 20th is put aside,
// and sent with the next one that comes after 50 ms: a withdrawal is answered within that time, as
// a rule, after its permit was closed and the database synced.
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr unsigned every = 20;
constexpr std::chrono::milliseconds delay{50};

struct Waiting {
  Clock::time_point since;
  std::vector<char> datagram;
};
struct Queue {
  std::mutex access;
  unsigned seen = 0;
  std::deque<Waiting> waiting;
};

bool leads_to_the_sink(int socket) {
  static const int port = [] {
    const char* text = std::getenv("FORGOTTEN_QUEUE_PORT");
    return text == nullptr ? 0 : std::atoi(text);
  }();
  sockaddr_in peer{};
  socklen_t length = sizeof peer;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &length) != 0) return false;
  return peer.sin_family == AF_INET && ntohs(peer.sin_port) == port;
}

// Returns whether the message was put aside.
bool queue(int socket, const msghdr& message) {
  if (!leads_to_the_sink(socket)) return false;
  static Queue queue;
  const std::lock_guard lock{queue.access};
  const auto now = Clock::now();
  while (!queue.waiting.empty() && now - queue.waiting.front().since >= delay) {
    const auto& datagram = queue.waiting.front().datagram;
    ::send(socket, datagram.data(), datagram.size(), MSG_DONTWAIT);
    queue.waiting.pop_front();
  }
  if (++queue.seen % every != 0) return false;
  // One vector a datagram, also where the kernel is to cut them apart (UDP_SEGMENT).
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
    const auto* from = static_cast<const char*>(message.msg_iov[i].iov_base);
    queue.waiting.push_back({now, {from, from + message.msg_iov[i].iov_len}});
  }
  return true;
}

}  // namespace

extern "C" {

ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  static const auto real =
      reinterpret_cast<ssize_t (*)(int, const msghdr*, int)>(::dlsym(RTLD_NEXT, "sendmsg"));
  if (!queue(socket, *message)) return real(socket, message, flags);
  ssize_t bytes = 0;
  for (std::size_t i = 0; i < message->msg_iovlen; ++i)
    bytes += static_cast<ssize_t>(message->msg_iov[i].iov_len);
  return bytes;
}

int sendmmsg(int socket, mmsghdr* messages, unsigned count, int flags) {
  static const auto real =
      reinterpret_cast<int (*)(int, mmsghdr*, unsigned, int)>(::dlsym(RTLD_NEXT, "sendmmsg"));
  if (count > 0 && queue(socket, messages[0].msg_hdr)) return 1;
  return real(socket, messages, count, flags);
}

}  // extern "C"

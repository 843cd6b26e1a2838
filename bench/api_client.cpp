#include "bench/api_client.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "bench/udp_socket.hpp"

namespace assent::bench {
namespace {

// What the gateway writes: a status line, headers with their names in any case, a length.
std::size_t content_length(std::string_view head) {
  constexpr std::string_view name = "content-length:";
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at + 2)) {
    std::string_view line = head.substr(at + 2);
    if (line.size() < name.size()) return 0;
    bool same = true;
    for (std::size_t i = 0; i < name.size(); ++i)
      same = same && (line[i] | 0x20) == (name[i] | 0x20);
    if (!same) continue;
    line.remove_prefix(name.size());
    while (line.starts_with(' '))
      line.remove_prefix(1);
    std::size_t length = 0;
    std::from_chars(line.data(), line.data() + line.size(), length);
    return length;
  }
  return 0;
}

}  // namespace

ApiClient::ApiClient(std::uint16_t port, std::string token)
    : token_{std::move(token)}, fd_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  const auto address = loopback_address(port);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(fd_);
    throw std::runtime_error{"the API does not take a connection"};
  }
}

ApiClient::~ApiClient() {
  close(fd_);
}

void ApiClient::compose(std::string_view method, std::string_view path, std::string_view body) {
  out_.assign(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
  out_.append("Authorization: Bearer ").append(token_).append("\r\n");
  if (!body.empty()) {
    out_.append("Content-Type: application/json\r\nContent-Length: ");
    out_.append(std::to_string(body.size())).append("\r\n");
  }
  out_.append("\r\n").append(body);
}

void ApiClient::write() {
  for (std::size_t done = 0; done < out_.size();) {
    const auto wrote = send(fd_, out_.data() + done, out_.size() - done, MSG_NOSIGNAL);
    if (wrote <= 0) throw std::runtime_error{"the API closed the connection"};
    done += static_cast<std::size_t>(wrote);
  }
}

ApiClient::Answer ApiClient::read() {
  in_.clear();
  std::size_t whole = 0;  // bytes of head and body; 0: not known yet
  std::size_t head = 0;
  std::array<char, 16'384> some;
  while (whole == 0 || in_.size() < whole) {
    const auto got = recv(fd_, some.data(), some.size(), 0);
    if (got <= 0) throw std::runtime_error{"the API closed the connection"};
    in_.append(some.data(), static_cast<std::size_t>(got));
    const auto end = whole == 0 ? in_.find("\r\n\r\n") : std::string::npos;
    if (end == std::string::npos) continue;
    head = end + 4;
    whole = head + content_length(std::string_view{in_}.substr(0, head));
  }
  Answer answer;
  answer.answered = clock_now();
  if (in_.size() > 12) std::from_chars(in_.data() + 9, in_.data() + 12, answer.status);
  answer.body = in_.substr(head);
  return answer;
}

}  // namespace assent::bench

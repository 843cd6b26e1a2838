#include "tests/gateway/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <utility>

namespace assent::gateway::testing {

struct RawClient::Wire {
  int descriptor = -1;
  SSL_CTX* context = nullptr;
  SSL* tls = nullptr;

  Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() {
    SSL_free(tls);
    SSL_CTX_free(context);
    if (descriptor >= 0) ::close(descriptor);
  }

  void open(int family) {
    descriptor = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{10, 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  void connect_to(const sockaddr* address, socklen_t size) {
    if (::connect(descriptor, address, size) == 0) return;
    ::close(descriptor);
    descriptor = -1;
  }
  long write(std::string_view bytes) const {
    if (tls != nullptr) return SSL_write(tls, bytes.data(), static_cast<int>(bytes.size()));
    return ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  long read(char* bytes, std::size_t size) const {
    if (tls != nullptr) return SSL_read(tls, bytes, static_cast<int>(size));
    return ::recv(descriptor, bytes, size, 0);
  }
  bool shake_hands(const ClientTls& options) {
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_load_verify_file(context, options.authority.c_str());
    if (options.version_max != 0) {
      SSL_CTX_set_security_level(context, 0);
      SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
      SSL_CTX_set_max_proto_version(context, options.version_max);
    }
    if (!options.certificate.empty()) {
      SSL_CTX_use_certificate_file(context, options.certificate.c_str(), SSL_FILETYPE_PEM);
      SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM);
    }
    tls = SSL_new(context);
    SSL_set_fd(tls, descriptor);
    return SSL_connect(tls) == 1;
  }
};

namespace {

sockaddr_in loopback(const std::string& address, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &result.sin_addr);
  return result;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

RawClient::RawClient(std::unique_ptr<Wire> wire) : wire_{std::move(wire)} {}
RawClient::RawClient(RawClient&&) noexcept = default;
RawClient& RawClient::operator=(RawClient&&) noexcept = default;
RawClient::~RawClient() = default;

RawClient RawClient::tcp(std::uint16_t port, const std::string& from) {
  auto wire = std::make_unique<Wire>();
  wire->open(AF_INET);
  const sockaddr_in source = loopback(from, 0);
  ::bind(wire->descriptor, reinterpret_cast<const sockaddr*>(&source), sizeof source);
  const sockaddr_in target = loopback("127.0.0.1", port);
  wire->connect_to(reinterpret_cast<const sockaddr*>(&target), sizeof target);
  return RawClient{std::move(wire)};
}

RawClient RawClient::local(const std::filesystem::path& path) {
  auto wire = std::make_unique<Wire>();
  wire->open(AF_UNIX);
  sockaddr_un target{};
  target.sun_family = AF_UNIX;
  path.string().copy(target.sun_path, sizeof target.sun_path - 1);
  wire->connect_to(reinterpret_cast<const sockaddr*>(&target), sizeof target);
  return RawClient{std::move(wire)};
}

RawClient RawClient::tls(std::uint16_t port, const ClientTls& options) {
  RawClient client = tcp(port);
  if (client.connected() && !client.wire_->shake_hands(options)) {
    ::close(std::exchange(client.wire_->descriptor, -1));
  }
  return client;
}

bool RawClient::connected() const {
  return wire_->descriptor >= 0;
}

bool RawClient::send(std::string_view bytes) {
  while (connected() && !bytes.empty()) {
    const long sent = wire_->write(bytes);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return connected();
}

void RawClient::send_no_more() {
  ::shutdown(wire_->descriptor, SHUT_WR);
}

bool RawClient::receive() {
  if (!connected()) return false;
  std::array<char, 16384> bytes{};
  const long count = wire_->read(bytes.data(), bytes.size());
  if (count <= 0) return false;
  received_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

std::string RawClient::take(std::size_t count) {
  while (received_.size() < count && receive()) {
  }
  std::string taken = received_.substr(0, count);
  received_.erase(0, taken.size());
  return taken;
}

std::string RawClient::take_line() {
  const std::string line = read_until("\r\n");
  return line.substr(0, line.find("\r\n"));
}

std::string RawClient::read_until(std::string_view text) {
  while (received_.find(text) == std::string::npos && receive()) {
  }
  const std::size_t found = received_.find(text);
  return take(found == std::string::npos ? received_.size() : found + text.size());
}

Reply RawClient::read_reply(bool head_only) {
  Reply reply;
  std::string line = take_line();
  if (line.size() < 12) return reply;
  reply.status = std::atoi(line.substr(9, 3).c_str());
  while (!(line = take_line()).empty()) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    reply.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
  }
  if (head_only) return reply;
  if (reply.header("transfer-encoding") == "chunked") {
    while (const std::size_t size = std::strtoul(take_line().c_str(), nullptr, 16)) {
      reply.body += take(size);
      take_line();
    }
    take_line();
  } else if (const auto length = reply.header("content-length"); !length.empty()) {
    reply.body = take(std::strtoul(length.c_str(), nullptr, 10));
  }
  return reply;
}

bool RawClient::closed_within(std::chrono::milliseconds time) {
  if (!connected()) return true;
  pollfd waiting{wire_->descriptor, POLLIN, 0};
  if (!received_.empty() || ::poll(&waiting, 1, static_cast<int>(time.count())) <= 0) return false;
  return !receive();
}

std::string request_text(std::string_view method, std::string_view target, std::string_view token,
                         std::string_view body, std::string_view extra) {
  std::string text;
  text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: gateway\r\n");
  if (!token.empty()) text.append("Authorization: Bearer ").append(token).append("\r\n");
  if (!body.empty()) {
    text.append("Content-Type: application/json\r\nContent-Length: ");
    text.append(std::to_string(body.size())).append("\r\n");
  }
  text.append(extra).append("\r\n").append(body);
  return text;
}

}  // namespace assent::gateway::testing

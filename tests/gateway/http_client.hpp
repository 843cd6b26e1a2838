#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace assent::gateway::testing {

struct Reply {
  int status = 0;                              // 0: the peer closed without answering
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string{} : found->second;
  }
};

struct ClientTls {
  std::filesystem::path authority;    // whom the client trusts
  std::filesystem::path certificate;  // empty: none
  std::filesystem::path key;
  int version_max = 0;  // 0: whatever OpenSSL speaks
};

// A client that says exactly the bytes it is told to, over a blocking socket; it gives up waiting
// after some seconds.
class RawClient {
 public:
  static RawClient tcp(std::uint16_t port, const std::string& from = "127.0.0.1");
  static RawClient local(const std::filesystem::path& path);
  // Not connected if the handshake fails.
  static RawClient tls(std::uint16_t port, const ClientTls& options);

  RawClient(RawClient&&) noexcept;
  RawClient& operator=(RawClient&&) noexcept;
  ~RawClient();

  bool connected() const;
  bool send(std::string_view bytes);
  void send_no_more();
  // The next response; `head_only` after HEAD.
  Reply read_reply(bool head_only = false);
  // Bytes until `text` has come, or what came before the end.
  std::string read_until(std::string_view text);
  // Whether the peer closes, without sending anything more, within the time.
  bool closed_within(std::chrono::milliseconds time);

  Reply ask(std::string_view bytes) {
    send(bytes);
    return read_reply();
  }

 private:
  struct Wire;
  explicit RawClient(std::unique_ptr<Wire> wire);
  bool receive();
  std::string take(std::size_t count);
  std::string take_line();

  std::unique_ptr<Wire> wire_;
  std::string received_;
};

// A sound HTTP/1.1 request; `extra` are whole header lines.
std::string request_text(std::string_view method, std::string_view target, std::string_view token,
                         std::string_view body = {}, std::string_view extra = {});

}  // namespace assent::gateway::testing

#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/dispatcher.hpp"
#include "gateway/event_stream.hpp"
#include "gateway/http_server.hpp"
#include "tests/gateway/http_client.hpp"

namespace assent::gateway::testing {

inline constexpr std::string_view server_token = "token-of-the-conference-server";
inline constexpr std::string_view operator_token = "token-of-the-operator";
inline constexpr std::string_view officer_token = "token-of-the-privacy-officer";
inline constexpr std::string_view participant_token = "token-of-participant-p1-in-r1";
inline constexpr std::string_view guardian_token = "token-of-the-guardian-of-p1-in-r1";

[[nodiscard]] std::string_view token_of(Role role);

struct ApiOptions {
  HttpLimits http;
  EventHubLimits events;
  IdempotencyLimits idempotency;
};

// The whole front door on loopback: server, dispatcher, access, events, with handlers that say what
// they were asked. Its own control thread runs from start() to stop().
class Api {
 public:
  explicit Api(ApiOptions options = {});
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // Before start().
  Dispatcher& dispatcher();
  HttpServer& server();
  std::uint16_t listen();
  void start();
  // Answers the status of the server after its orderly stop.
  HttpServerStatus stop(std::chrono::milliseconds grace = std::chrono::milliseconds{2000});

  std::uint16_t port() const { return port_; }
  RawClient client() const { return RawClient::tcp(port_); }
  HttpServerStatus status();
  std::size_t subscribers();
  void publish(std::string_view type, std::string_view room, std::string_view json);
  void publish_at_once(int events);  // with nothing between them: data 1, 2, ...
  void on_control_thread(const std::function<void()>& work);

  std::atomic<int> calls = 0;  // of any handler
  std::atomic<int> incidents = 0;
  std::atomic<bool> slow_offer = false;  // POST offer takes 300 ms

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::uint16_t port_ = 0;
};

// A folder of the test's own, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace assent::gateway::testing

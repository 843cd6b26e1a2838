#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "gateway/service.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::gateway::test {

struct ApiAnswer {
  unsigned status = 0;
  boost::json::value body;
  std::chrono::system_clock::time_point arrived;  // when its last byte had been read
};

// The whole gateway in this process, on the built-in policy and ephemeral ports: its control
// thread, workers, storage, recorder, API. Sinks: `recorder` (ogg) and `archive` (rtp).
class RunningService {
 public:
  struct Options {
    std::uint16_t archive_port = 0;  // where the rtp sink listens
    std::uint16_t port_first = 0;    // media ports; 0: some free block of 200
    std::uint16_t port_last = 0;
    std::filesystem::path state{};  // empty: a folder of its own
    std::filesystem::path ip_database{};
    std::filesystem::path policy{};  // policy.yaml; empty: the built-in one
    std::string policy_text{};       // or what one says
    std::filesystem::path transfers{};
    std::string sinks{};     // lines under `sinks:` besides
    std::string webhooks{};  // lines under `webhooks:`
    std::string exports{};   // lines under `exports:`
    std::string janus{};   // lines under `janus:`; whatever port it names, it listens on a free one
    std::string whip{};    // lines under `whip:`, the same
    std::string keypad{};  // lines under `keypad:`
    std::string gateway_place{"NL"};
    std::string server_place{"NL"};
    std::string postgresql{};    // the database, in libpq's words; empty: a file in `state`
    std::string storage{};       // keys under `storage:` besides, each with a comma before it
    bool while_opening = false;  // do not wait until the ledger is open, or refused
  };
  explicit RunningService(Options options);
  ~RunningService();
  RunningService(const RunningService&) = delete;
  RunningService& operator=(const RunningService&) = delete;

  // Orderly, as on SIGTERM. Idempotent.
  void stop();

  // As on SIGHUP; returns when it is done.
  void reload();
  // The control thread does nothing for so long; the future is ready when it goes on.
  std::future<void> stall_control(std::chrono::milliseconds period);
  // What was logged so far.
  [[nodiscard]] std::string log() const;
  [[nodiscard]] bool log_says(std::string_view word) const;

  // `key`: of Idempotency-Key.
  ApiAnswer call(std::string_view method, const std::string& path, std::string_view body = {},
                 std::string_view key = {});
  // With another's token. The participant's and the guardian's are about `caller` in `standup`.
  ApiAnswer call_as(Role role, std::string_view method, const std::string& path,
                    std::string_view body = {}, std::string_view key = {});
  // Of another privacy officer than the role's.
  ApiAnswer call_as_second_officer(std::string_view method, const std::string& path,
                                   std::string_view body = {});
  // call() that has to succeed; throws with what was answered instead.
  boost::json::value ask(std::string_view method, const std::string& path,
                         std::string_view body = {});

  [[nodiscard]] std::uint16_t api_port() const { return service_->api_port(); }
  [[nodiscard]] std::uint16_t janus_port() const { return service_->janus_port(); }
  [[nodiscard]] std::uint16_t whip_port() const { return service_->whip_port(); }
  [[nodiscard]] static std::string bearer(Role role);  // "Bearer ..."
  [[nodiscard]] const std::filesystem::path& state() const { return state_; }

 private:
  ApiAnswer send(const std::string& authorization, std::string_view method, const std::string& path,
                 std::string_view body, std::string_view key);

  TemporaryFolder folder_;
  std::filesystem::path state_;
  Config config_;
  mutable std::mutex lines_access_;
  std::string lines_;
  Log log_;
  boost::asio::io_context context_{1};
  std::unique_ptr<Service> service_;
  std::thread control_;
};

// The consent that the built-in policy asks for.
[[nodiscard]] std::string grant();
inline constexpr std::string_view refusal =
    R"({"statement": "refused", "method": "online", "default_state": "unticked"})";

}  // namespace assent::gateway::test

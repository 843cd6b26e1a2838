#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/call_transfers.hpp"
#include "gateway/export_queue.hpp"
#include "gateway/export_sender.hpp"
#include "gateway/exports_config.hpp"
#include "gateway/log.hpp"
#include "gateway/metrics.hpp"
#include "gateway/policy_in_force.hpp"
#include "gateway/storage.hpp"
#include "gateway/turn.hpp"
#include "media/sdes.hpp"

namespace assent::gateway {

// How one target stands.
struct ExportStatus {
  const ExportConfig& config;
  const ExportState& state;
  bool failing = false;
  bool disabled = false;  // by the receiver, until the next start
};

// Gives call detail records to the targets that the configuration names: each record that is stored
// is judged for each target (see export_judge.hpp), and what may leave is sent as the processor may
// see it, in the order of the records, at least once, also over a restart. What leaves is
// remembered as a transfer; what may not is counted, and stays.
//
// The queue is the table of records itself, and a place in it for each target: nothing of anybody
// is kept twice. Every attempt reads and judges anew, so that whoever was erased meanwhile, and
// what the policy forbids by now, is not in it. Control thread only. Nothing waits for it.
class Exports {
 public:
  struct Parts {
    Storage& storage;
    const PolicyInForce& policy;
    const TransferPlaces& places;
    media::Entropy entropy;
    Log& log;
  };
  // All of it outlives this object, which outlives its coroutines: stop() waits for them.
  Exports(boost::asio::any_io_executor executor, const std::vector<ExportConfig>& configured,
          Parts parts);
  ~Exports();
  Exports(const Exports&) = delete;
  Exports& operator=(const Exports&) = delete;

  // Before anybody can be recorded: a new target gets what is stored from here on, or from when
  // storage answers if it does not now.
  boost::asio::awaitable<void> find_places();
  void start();
  boost::asio::awaitable<void> stop();

  // What was on its way has left, and is remembered; nothing else leaves while this is held.
  // Nothing: storage does not remember it now, or the service ends.
  boost::asio::awaitable<std::optional<std::vector<Turn::Hold>>> hold();

  [[nodiscard]] std::vector<ExportStatus> status() const;
  [[nodiscard]] std::vector<ExportMetrics> metrics() const;

 private:
  struct Target;
  struct Round;

  boost::asio::awaitable<void> forget_others();
  boost::asio::awaitable<void> watch();
  boost::asio::awaitable<void> serve(Target& target);
  boost::asio::awaitable<std::chrono::milliseconds> take_round(Target& target);
  boost::asio::awaitable<ExportOutcome> send(Target& target, const ExportBatch& batch,
                                             ExportPlace& place);
  boost::asio::awaitable<bool> store(Target& target, ExportChange change);
  boost::asio::awaitable<void> rest(Target& target, std::chrono::milliseconds pause);
  [[nodiscard]] Round judge(const Target& target, const std::vector<CdrEntry>& found) const;
  void tell_refusals(Target& target, const Round& round);
  std::chrono::milliseconds failed(Target& target, const Round& round);
  void spawn(boost::asio::awaitable<void> coroutine);
  [[nodiscard]] double chance() const;

  boost::asio::any_io_executor executor_;
  Parts parts_;
  std::unique_ptr<boost::asio::thread_pool> files_;  // where a target has files
  std::vector<std::unique_ptr<Target>> targets_;
  bool stopping_ = false;
  std::size_t running_ = 0;          // coroutines
  boost::asio::steady_timer look_;   // of watch()
  boost::asio::steady_timer ended_;  // cancelled when running_ is 0
};

}  // namespace assent::gateway

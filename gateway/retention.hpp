#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "gateway/conference.hpp"
#include "gateway/log.hpp"
#include "gateway/retention_config.hpp"
#include "gateway/retention_plan.hpp"
#include "gateway/sink_places.hpp"
#include "gateway/storage.hpp"

namespace assent::gateway {

// Lets go what has come to the end of its retention: one holding of a room at a time, each a small
// transaction between those of consents. Control thread only.
class Retention {
 public:
  struct Parts {
    Storage& storage;
    SinkPlaces& sinks;
    const PolicyInForce& policy;
    const RetentionConfig& config;
    std::function<boost::asio::awaitable<bool>()> recordings_settled;
    Log& log;
  };
  Retention(const boost::asio::any_io_executor& executor, Parts parts);

  // What went, or would go. One run at a time.
  boost::asio::awaitable<Answered<boost::json::object>> run(bool only_show, std::string actor);

  // Runs once a day at the configured hour, until stop().
  boost::asio::awaitable<void> run_daily();
  // When it comes back, no run is at work; one that was is as far as it came.
  boost::asio::awaitable<void> stop();

 private:
  struct Sums {
    DueLines lines;
    std::size_t holdings = 0;
    std::set<std::string> subjects;  // of whom something went
  };
  boost::asio::awaitable<Answered<ContractEnds>> contract_ends();
  boost::asio::awaitable<Answered<void>> go_through(const ContractEnds& ends, WallTime now,
                                                    bool only_show, Sums& sums);
  boost::asio::awaitable<Answered<void>> dispose(HoldingDisposal disposal, WallTime now);
  boost::asio::awaitable<Answered<void>> forget_answers(WallTime now, bool only_show, Sums& sums);
  boost::asio::awaitable<Answered<void>> forget_gone(const ContractEnds& ends, WallTime now,
                                                     Sums& sums);
  boost::asio::awaitable<Answered<void>> record(const Sums& sums, std::string actor, WallTime now);
  [[nodiscard]] boost::json::object report(const Sums& sums, bool only_show, WallTime now) const;

  Parts parts_;
  boost::asio::steady_timer timer_;
  bool running_ = false;
  bool stopping_ = false;
};

// The report as a table to read.
[[nodiscard]] std::string retention_table(const boost::json::object& report);

}  // namespace assent::gateway

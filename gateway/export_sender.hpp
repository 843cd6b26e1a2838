#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/export_queue.hpp"
#include "gateway/exports_config.hpp"

namespace assent::gateway {

// Records that leave together, as they are shown.
struct ExportBatch {
  std::string id;  // the same in every attempt
  std::string target;
  std::vector<Cdr> records;
};

enum class ExportOutcome : unsigned char {
  sent,
  gone,  // the receiver wants no more
  failed,
};

// Brings records to one target. Control thread only; one batch at a time.
class ExportSender {
 public:
  ExportSender() = default;
  ExportSender(const ExportSender&) = delete;
  ExportSender& operator=(const ExportSender&) = delete;
  virtual ~ExportSender() = default;

  // The record as it will be sent; false: it is too large for any way to send it.
  virtual bool fit(Cdr& record) const {
    (void)record;
    return true;
  }
  // Before send(): where the target is a folder and `place` is not in its newest file, `place`
  // moves to that file, and must be stored so before anything is sent.
  virtual boost::asio::awaitable<ExportOutcome> open(ExportPlace& place) {
    (void)place;
    co_return ExportOutcome::sent;
  }
  // `place` as it was stored; moved on where the target is a folder.
  virtual boost::asio::awaitable<ExportOutcome> send(const ExportBatch& batch,
                                                     ExportPlace& place) = 0;
  // Ends what is under way, soon: it has failed. Nothing is sent after it.
  virtual void cancel() = 0;
  // Why the last attempt failed, for the log.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 protected:
  ExportOutcome fail(std::string problem) {
    problem_ = std::move(problem);
    return ExportOutcome::failed;
  }

 private:
  std::string problem_;
};

// `files`: where what waits for a disk waits, for a target that has any. All outlive the sender.
[[nodiscard]] std::unique_ptr<ExportSender> make_export_sender(
    const boost::asio::any_io_executor& executor, boost::asio::thread_pool* files,
    const ExportConfig& config, const std::string& gateway);

// export_*.cpp
[[nodiscard]] std::unique_ptr<ExportSender> make_file_sender(boost::asio::thread_pool& files,
                                                             const ExportConfig& config,
                                                             const std::string& gateway);
[[nodiscard]] std::unique_ptr<ExportSender> make_webhook_sender(
    const boost::asio::any_io_executor& executor, const ExportConfig& config);
[[nodiscard]] std::unique_ptr<ExportSender> make_hep_sender(
    const boost::asio::any_io_executor& executor, const ExportConfig& config);

}  // namespace assent::gateway

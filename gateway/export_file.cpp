// Records as files, one a day, in one of the forms: <directory>/<target>-2026-11-26.csv, 0600.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include "gateway/call_record.hpp"
#include "gateway/durable_file.hpp"
#include "gateway/export_sender.hpp"
#include "gateway/reply.hpp"
#include "gateway/rfc3339.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

std::error_code last_error() {
  return {errno, std::generic_category()};
}

constexpr std::size_t date_length = 10;
constexpr mode_t owner_only = 0600;

struct Written {
  std::error_code error;
  std::uint64_t size = 0;  // of the file
};

FileHandle open_file(const std::filesystem::path& file) {
  return FileHandle{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, owner_only)};
}

Written measure(const FileHandle& file) {
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return {last_error(), 0};
  return {{}, static_cast<std::uint64_t>(status.st_size)};
}

// One writing, on a thread that may wait for the disk.
class Writing {
 public:
  Writing(std::filesystem::path folder, CdrForm form, std::string gateway, ExportBatch batch,
          ExportPlace place)
      : folder_{std::move(folder)},
        form_{form},
        gateway_{std::move(gateway)},
        batch_{std::move(batch)},
        place_{std::move(place)} {}

  // What an attempt before left behind the place is cut off: whole records, each once.
  [[nodiscard]] Written run() const {
    const auto file = open_file(folder_ / place_.file);
    const auto [unopened, there] = measure(file);
    if (unopened) return {unopened, 0};
    const std::uint64_t whole = std::min(place_.size, there);
    if (::ftruncate(file.get(), static_cast<off_t>(whole)) != 0) return {last_error(), 0};
    const std::string text = text_of(whole == 0);
    auto error = write_at(file.get(), whole, std::as_bytes(std::span{text}));
    if (!error) error = sync_file(file.get());
    if (!error) error = sync_folder(folder_);
    return {error, whole + text.size()};
  }

 private:
  [[nodiscard]] std::string text_of(bool from_the_beginning) const {
    const auto writer = make_cdr_writer(form_, gateway_);
    std::string text;
    if (from_the_beginning) writer->begin(text);
    for (const auto& record : batch_.records)
      writer->add(record, text);
    writer->finish(text);
    return text;
  }

  std::filesystem::path folder_;
  CdrForm form_;
  std::string gateway_;
  ExportBatch batch_;
  ExportPlace place_;
};

class FileSender final : public ExportSender {
 public:
  FileSender(asio::thread_pool& files, const ExportConfig& config, std::string gateway)
      : files_{files},
        name_{config.name},
        config_{std::get<FileExport>(config.to)},
        gateway_{std::move(gateway)} {}

  // What is there already, of a target of the same name before, stays.
  asio::awaitable<ExportOutcome> open(ExportPlace& place) override {
    std::string name = name_of_today(place);
    if (name == place.file) co_return ExportOutcome::sent;
    const auto file = config_.directory / name;
    std::function<Written()> work = [file] { return measure(open_file(file)); };
    const auto opened = co_await on_disk(std::move(work));
    if (opened.error) co_return fail(opened.error.message());
    place.file = std::move(name);
    place.size = opened.size;
    co_return ExportOutcome::sent;
  }
  asio::awaitable<ExportOutcome> send(const ExportBatch& batch, ExportPlace& place) override {
    const auto writing =
        std::make_shared<Writing>(config_.directory, config_.form, gateway_, batch, place);
    std::function<Written()> work = [writing] { return writing->run(); };
    const auto written = co_await on_disk(std::move(work));
    if (written.error) co_return fail(written.error.message());
    place.size = written.size;
    co_return ExportOutcome::sent;
  }
  void cancel() override {}  // a disk answers

 private:
  // Never of an earlier day than the one before: a clock set back must not reopen a file.
  [[nodiscard]] std::string name_of_today(const ExportPlace& place) const {
    const std::string start = name_ + "-";
    std::string date = to_rfc3339(read_clocks().wall).substr(0, date_length);
    if (place.file.starts_with(start))
      date = std::max(date, place.file.substr(start.size(), date_length));
    return start + date + "." + std::string(file_ending(config_.form));
  }
  asio::awaitable<Written> on_disk(std::function<Written()> work) {
    co_return co_await await_reply<Written>([&](Reply<Written> reply) {
      asio::post(files_,
                 [does = std::move(work), to = std::move(reply)]() mutable { to.send(does()); });
    });
  }

  asio::thread_pool& files_;
  const std::string& name_;
  const FileExport& config_;
  std::string gateway_;
};

}  // namespace

std::unique_ptr<ExportSender> make_file_sender(asio::thread_pool& files, const ExportConfig& config,
                                               const std::string& gateway) {
  return std::make_unique<FileSender>(files, config, gateway);
}

std::unique_ptr<ExportSender> make_export_sender(const asio::any_io_executor& executor,
                                                 asio::thread_pool* files,
                                                 const ExportConfig& config,
                                                 const std::string& gateway) {
  if (std::holds_alternative<FileExport>(config.to))
    return make_file_sender(*files, config, gateway);
  if (std::holds_alternative<WebhookExport>(config.to))
    return make_webhook_sender(executor, config);
  return make_hep_sender(executor, config);
}

}  // namespace assent::gateway

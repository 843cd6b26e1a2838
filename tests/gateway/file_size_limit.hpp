#pragma once

#include <sys/resource.h>

#include <csignal>

namespace assent::gateway {

// A disk that is full, without needing one: no file of this process may grow beyond `bytes`.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : before_{limits()} {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit lower = before_;
    lower.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &lower);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  static rlimit limits() {
    rlimit now{};
    ::getrlimit(RLIMIT_FSIZE, &now);
    return now;
  }
  rlimit before_;
};

}  // namespace assent::gateway

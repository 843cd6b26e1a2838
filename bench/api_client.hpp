#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/consent_history.hpp"

namespace assent::bench {

// One keep-alive connection to the gateway's API on 127.0.0.1. Throws std::runtime_error when it
// breaks: a measurement has no use for a second try.
class ApiClient {
 public:
  ApiClient(std::uint16_t port, std::string token);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  struct Answer {
    unsigned status = 0;
    std::string body;
    Nanoseconds answered = 0;  // after the system call that read its last byte
  };
  // `asked` is told the instant just before the first byte is written.
  template <class Asked>
  Answer call(std::string_view method, std::string_view path, std::string_view body,
              Asked&& asked) {
    compose(method, path, body);
    asked(clock_now());
    write();
    return read();
  }

 private:
  void compose(std::string_view method, std::string_view path, std::string_view body);
  void write();
  Answer read();

  std::string token_;
  std::string out_;
  std::string in_;
  int fd_ = -1;
};

}  // namespace assent::bench

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "gateway/config.hpp"

namespace assent::gateway {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

}  // namespace

Surroundings Surroundings::of_process() {
  Surroundings out;
  // systemd separates several folders by colons; the first is ours.
  const std::string_view service = environment("STATE_DIRECTORY");
  const std::string_view user = environment("XDG_STATE_HOME");
  if (!service.empty()) {
    out.state = service.substr(0, service.find(':'));
  } else if (user.starts_with('/')) {  // relative ones are to be ignored (XDG base directories)
    out.state = std::filesystem::path{user} / "assent";
  } else {
    out.state = std::filesystem::path{"build"} / "assent-state";
  }
  out.cores = std::max(1U, std::thread::hardware_concurrency());
  out.log_format = ::isatty(STDERR_FILENO) == 1 ? LogFormat::text : LogFormat::json;
  return out;
}

}  // namespace assent::gateway

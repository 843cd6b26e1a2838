#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "gateway/durable_file.hpp"
#include "gateway/transcribe/engines.hpp"
#include "gateway/transcribe/spoken_line.hpp"

namespace assent::transcribe {
namespace {

using gateway::FileHandle;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds stuck{10};       // with what it is given
constexpr std::chrono::seconds last_words{30};  // after it was given all
constexpr std::size_t bytes_at_once_max = 1u << 20;
constexpr std::size_t utterances_at_once_max = 4'096;

struct Pipe {
  FileHandle read;
  FileHandle write;
};

std::optional<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{FileHandle{ends[0]}, FileHandle{ends[1]}};
}

// A process group of its own, so that its children end with it; signals as if we ignored none.
class ChildAttributes {
 public:
  ChildAttributes() {
    sigset_t signals;
    posix_spawnattr_init(&attributes_);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~ChildAttributes() { posix_spawnattr_destroy(&attributes_); }
  ChildAttributes(const ChildAttributes&) = delete;
  ChildAttributes& operator=(const ChildAttributes&) = delete;

  [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

// -1: it does not start. What it tells of itself goes nowhere: it may be what it hears.
pid_t spawn(const std::vector<std::string>& command, int in, int out) {
  std::vector<char*> arguments;
  for (const std::string& word : command)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);  // others' speech
  const ChildAttributes attributes;
  pid_t child = -1;
  if (::posix_spawnp(&child, arguments[0], &actions, attributes.get(), arguments.data(), environ) !=
      0)
    child = -1;
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

class Command final : public Engine {
 public:
  Command(pid_t child, FileHandle to, FileHandle from)
      : child_{child}, to_{std::move(to)}, from_{std::move(from)} {
    ::fcntl(to_.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(from_.get(), F_SETFL, O_NONBLOCK);
  }
  ~Command() override {
    ::kill(-child_, SIGKILL);
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  bool hear(std::span<const std::int16_t> samples, std::vector<Utterance>& out) override {
    auto bytes = std::as_bytes(samples);  // little-endian, as this machine is
    const auto until = Clock::now() + stuck;
    while (!bytes.empty()) {
      const ssize_t taken = ::write(to_.get(), bytes.data(), bytes.size());
      if (taken < 0 && errno != EAGAIN && errno != EINTR) return false;
      if (taken > 0) bytes = bytes.subspan(static_cast<std::size_t>(taken));
      given_bytes_ += taken > 0 ? static_cast<std::uint64_t>(taken) : 0;
      if (!read(out) || (!bytes.empty() && !wait(until))) return false;
    }
    return true;
  }
  bool pause(std::vector<Utterance>& out) override { return read(out); }

  bool finish(std::vector<Utterance>& out) override {
    to_ = FileHandle{};
    const auto until = Clock::now() + last_words;
    while (read(out))
      if (!wait(until)) return false;
    return is_over_;
  }

 private:
  // Until it takes more, or says something. False: not before `until`.
  bool wait(Clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return false;
    std::array<pollfd, 2> ends{{{from_.get(), POLLIN, 0}, {to_.get(), POLLOUT, 0}}};
    const int ready = ::poll(ends.data(), ends.size(), static_cast<int>(left.count()));
    return ready > 0 || (ready < 0 && errno == EINTR);
  }

  // All that it has said. False: it has gone, or says too much at once.
  bool read(std::vector<Utterance>& out) {
    std::array<char, 4'096> some;
    for (std::size_t left = bytes_at_once_max; left > 0;) {
      const ssize_t got = ::read(from_.get(), some.data(), std::min(left, some.size()));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno == EAGAIN;
      is_over_ = got == 0;
      if (is_over_) take_line(out);
      if (is_over_ || !take({some.data(), static_cast<std::size_t>(got)}, out)) return false;
      left -= static_cast<std::size_t>(got);
    }
    return false;
  }

  bool take(std::string_view some, std::vector<Utterance>& out) {
    for (const char c : some) {
      if (c == '\n') {
        take_line(out);
      } else {
        line_ += c;
      }
      if (line_.size() > spoken_line_bytes_max || out.size() > utterances_at_once_max) return false;
    }
    return true;
  }

  void take_line(std::vector<Utterance>& out) {
    auto utterance = lines_.take(line_, given_bytes_ / sizeof(std::int16_t));
    line_.clear();
    if (utterance) out.push_back(*std::move(utterance));
  }

  pid_t child_;
  FileHandle to_;
  FileHandle from_;
  std::string line_;
  std::uint64_t given_bytes_ = 0;
  SpokenLines lines_;
  bool is_over_ = false;
};

}  // namespace

std::unique_ptr<Engine> make_command(const CommandConfig& config) {
  auto in = make_pipe();
  auto out = make_pipe();
  if (!in || !out) return nullptr;
  const pid_t child = spawn(config.command, in->read.get(), out->write.get());
  if (child < 0) return nullptr;
  return std::make_unique<Command>(child, std::move(in->write), std::move(out->read));
}

}  // namespace assent::transcribe

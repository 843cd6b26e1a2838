#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <variant>

namespace assent::gateway {

enum class LogLevel : unsigned char { debug, info, warning, error };
enum class LogFormat : unsigned char { json, text };

// A word that stands in the source code: an event's or a field's name, a closed set's member.
class LogWord {
 public:
  template <std::size_t N>
  consteval LogWord(const char (&literal)[N]) : text_{literal, N - 1} {}  // NOLINT: implicit
  [[nodiscard]] constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// Ids of rooms and participants are the operator's, and many put names or numbers of people into
// them. They are never written: what is written is 12 hex digits of an HMAC-SHA-256 under a key
// drawn at the start of the process and never stored. Within one run the same room has the same
// pseudonym; between runs nothing can be linked, and nothing can be looked up by guessing names.
// The API shows a room's pseudonym beside its id, to those who may see the id.
struct LoggedRoom {
  std::string_view room;
};
struct LoggedParticipant {
  std::string_view room;
  std::string_view participant;
};

// Text that the operator or the operating system wrote: paths, names of sinks, purposes and tokens,
// messages of errors. Never text out of a request, a session description or a packet.
struct OperatorText {
  std::string_view text;
};

// One name and value. There is no way in for a string as such: who adds one has to say what it is.
// Addresses, subjects, tokens, keys, session descriptions and evidence have no type here.
class LogField {
 public:
  using Value = std::variant<bool, std::int64_t, std::uint64_t, double, std::chrono::microseconds,
                             std::string_view, std::error_code, LoggedRoom, LoggedParticipant>;

  // Exactly bool: a pointer to characters would become one too.
  template <std::same_as<bool> T>
  LogField(LogWord name, T value) : name_{name}, value_{value} {}
  template <std::signed_integral T>
  LogField(LogWord name, T value) : name_{name}, value_{static_cast<std::int64_t>(value)} {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) LogField(LogWord name, T value)
      : name_{name}, value_{static_cast<std::uint64_t>(value)} {}
  template <std::floating_point T>
  LogField(LogWord name, T value) : name_{name}, value_{static_cast<double>(value)} {}
  template <class Rep, class Period>
  LogField(LogWord name, std::chrono::duration<Rep, Period> value)
      : name_{name}, value_{std::chrono::duration_cast<std::chrono::microseconds>(value)} {}
  LogField(LogWord name, LogWord value) : name_{name}, value_{value.text()} {}
  LogField(LogWord name, OperatorText value) : name_{name}, value_{value.text} {}
  LogField(LogWord name, std::error_code value) : name_{name}, value_{value} {}
  LogField(LogWord name, LoggedRoom value) : name_{name}, value_{value} {}
  LogField(LogWord name, LoggedParticipant value) : name_{name}, value_{value} {}
  // A member of a closed set whose to_string gives its word: a state, a reason, a cause.
  template <class E>
  requires std::is_enum_v<E> && requires(E e) {
    { to_string(e) } -> std::same_as<std::string_view>;
  }
  LogField(LogWord name, E value) : name_{name}, value_{to_string(value)} {}

  [[nodiscard]] std::string_view name() const { return name_.text(); }
  [[nodiscard]] const Value& value() const { return value_; }

 private:
  LogWord name_;
  Value value_;
};

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::json;
  // Where lines go, each without its line feed; empty: standard error. Called under a lock.
  std::function<void(std::string_view line)> to;
};

// The events of the gateway, one a line, to be searched by name and field rather than by sentence:
//   log.info("consent.withdrawn", {{"room", LoggedRoom{room}}, {"latency", elapsed}});
//   {"time":"2026-11-24T18:00:00.123Z","level":"info","event":"consent.withdrawn",
//    "room":"9f86d081884c","latency_us":1840}
// Any thread. Never from the packet path.
class Log {
 public:
  using Fields = std::initializer_list<LogField>;

  explicit Log(LogOptions options);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void debug(LogWord event, Fields fields = {});
  void info(LogWord event, Fields fields = {});
  void warning(LogWord event, Fields fields = {});
  void error(LogWord event, Fields fields = {});

  [[nodiscard]] std::string pseudonym(LoggedRoom room) const;
  [[nodiscard]] std::string pseudonym(LoggedParticipant participant) const;

 private:
  class Writer;
  std::unique_ptr<Writer> writer_;
};

}  // namespace assent::gateway

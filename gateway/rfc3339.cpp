#include "gateway/rfc3339.hpp"

#include <array>
#include <cstdio>

namespace assent::gateway {
namespace {

// Takes characters off the front; sticky, so that a grammar reads as one line after the other.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_{text} {}

  int digits(std::size_t count) {
    if (rest_.size() < count) return fail();
    int number = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return fail();
      number = number * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return number;
  }

  char one_of(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_.front()) == std::string_view::npos) {
      fail();
      return '\0';
    }
    const char taken = rest_.front();
    rest_.remove_prefix(1);
    return taken;
  }

  bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool next_is_digit() const {
    return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
  }
  bool done() const { return sound_ && rest_.empty(); }

 private:
  int fail() {
    sound_ = false;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool sound_ = true;
};

std::chrono::milliseconds fraction(Cursor& cursor) {
  int milliseconds = 0;
  int weight = 100;
  do {
    milliseconds += cursor.digits(1) * weight;
    weight /= 10;
  } while (cursor.next_is_digit());
  return std::chrono::milliseconds{milliseconds};
}

}  // namespace

std::optional<UtcTime> parse_rfc3339(std::string_view text) {
  Cursor cursor{text};
  const std::chrono::year year{cursor.digits(4)};
  cursor.one_of("-");
  const std::chrono::month month{static_cast<unsigned>(cursor.digits(2))};
  cursor.one_of("-");
  const std::chrono::day day{static_cast<unsigned>(cursor.digits(2))};
  cursor.one_of("Tt");
  const int hour = cursor.digits(2);
  cursor.one_of(":");
  const int minute = cursor.digits(2);
  cursor.one_of(":");
  const int second = cursor.digits(2);
  std::chrono::milliseconds cut{0};
  if (cursor.next_is('.')) {
    cursor.one_of(".");
    cut = fraction(cursor);
  }
  const char zone = cursor.one_of("Zz+-");
  std::chrono::minutes offset{0};
  if (zone == '+' || zone == '-') {
    const int hours = cursor.digits(2);
    cursor.one_of(":");
    const int minutes = cursor.digits(2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    offset = std::chrono::minutes{(zone == '-' ? -1 : 1) * (hours * 60 + minutes)};
  }
  const std::chrono::year_month_day date{year, month, day};
  if (!cursor.done() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const UtcTime time = std::chrono::sys_days{date} + std::chrono::hours{hour} +
                       std::chrono::minutes{minute} + std::chrono::seconds{second} + cut - offset;
  if (time < UtcTime{}) return std::nullopt;
  return time;
}

std::optional<UtcTime> parse_day_or_time(std::string_view text) {
  constexpr std::size_t day_size = 10;  // "2025-01-31"
  std::string whole{text};
  if (text.size() == day_size) whole += "T00:00:00Z";
  return parse_rfc3339(whole);
}

std::string to_rfc3339(UtcTime time) {
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss clock{time - midnight};
  std::array<char, 48> text{};
  const int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
      static_cast<int>(clock.subseconds().count()));
  return std::string(text.data(), static_cast<std::size_t>(length));
}

}  // namespace assent::gateway

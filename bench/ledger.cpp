// What a durable, signed entry costs: entries a second when many wait, and the latency of entries
// that come at a given rate, each until its receipt. Also fills ledgers for tests of their files.
//   bench_ledger [--folder DIR] [--rate ENTRIES/S] [--seconds N]
//   bench_ledger --folder DIR --fill COUNT
#include "gateway/ledger.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace assent::bench {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t waiting = 256;  // as many as ask at once when it is to be kept busy
constexpr std::uint64_t subjects = 1'000;

gateway::LedgerEntry consent(std::uint64_t number) {
  gateway::LedgerEntry entry;
  entry.kind = gateway::LedgerKind::consent;
  entry.at = policy::WallTime{std::chrono::milliseconds{1'764'000'000'000} +
                              std::chrono::milliseconds{static_cast<std::int64_t>(number)}};
  entry.session = "k3v9q1ha7x2m";
  entry.purpose = "recording";
  entry.state = "granted";
  entry.jurisdiction = "NL";
  entry.rules = "sha256:8c1f2b7ad0e64a52b9f0c1d2e3f405162738495a6b7c8d9eafb0c1d2e3f40516";
  entry.epoch = number + 1;
  entry.subject = "subject-" + std::to_string(number % subjects);
  entry.data = R"({"participant":"p","method":"online","notice":"n-1"})";
  return entry;
}

gateway::LedgerOptions options_in(const std::filesystem::path& folder) {
  gateway::LedgerOptions options;
  options.folder = folder / "ledger";
  options.key = folder / "ledger.key";
  options.subject_keys = folder / "subject-keys";
  options.origin = "assent.example/ledger";
  return options;
}

[[noreturn]] void give_up(const gateway::Ledger& ledger) {
  std::fprintf(stderr, "the ledger took no entry: %s\n", ledger.health().problem.c_str());
  std::exit(1);
}

// Takes numbers until there are none left.
asio::awaitable<void> append_in_turn(gateway::Ledger& ledger, std::uint64_t& next,
                                     std::uint64_t end) {
  while (next < end) {
    const auto receipt = co_await ledger.append(consent(next++));
    if (!receipt) give_up(ledger);
  }
}

// Entries a second with `waiting` of them under way.
double append_busily(gateway::Ledger& ledger, std::uint64_t count) {
  asio::io_context loop;
  std::uint64_t next = 0;
  const auto started = Clock::now();
  for (std::uint64_t i = 0; i < std::min(waiting, count); ++i)
    asio::co_spawn(loop, append_in_turn(ledger, next, count), asio::detached);
  loop.run();
  return static_cast<double>(count) / std::chrono::duration<double>(Clock::now() - started).count();
}

asio::awaitable<void> append_once(gateway::Ledger& ledger, std::uint64_t number,
                                  Clock::time_point due, std::vector<double>& milliseconds) {
  const auto receipt = co_await ledger.append(consent(number));
  if (!receipt) give_up(ledger);
  milliseconds.push_back(std::chrono::duration<double, std::milli>(Clock::now() - due).count());
}

// Entries are due at even intervals, whether those before them are done or not.
asio::awaitable<void> offer(gateway::Ledger& ledger, std::uint64_t rate, std::uint64_t count,
                            std::vector<double>& milliseconds) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer{executor};
  const auto started = Clock::now();
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto due = started + std::chrono::nanoseconds{1'000'000'000 / rate * i};
    timer.expires_at(due);
    co_await timer.async_wait(asio::use_awaitable);
    asio::co_spawn(executor, append_once(ledger, i, due, milliseconds), asio::detached);
  }
}

void report_offered(gateway::Ledger& ledger, std::uint64_t rate, std::uint64_t seconds) {
  std::vector<double> milliseconds;
  asio::io_context loop;
  const auto before = ledger.health();
  asio::co_spawn(loop, offer(ledger, rate, rate * seconds, milliseconds), asio::detached);
  loop.run();
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto quantile = [&](double share) {
    return milliseconds[static_cast<std::size_t>(share *
                                                 static_cast<double>(milliseconds.size() - 1))];
  };
  const auto after = ledger.health();
  std::printf("offered %6llu/s for %llu s: p50 %.2f ms, p99 %.2f ms, max %.2f ms, %.1f a commit\n",
              static_cast<unsigned long long>(rate), static_cast<unsigned long long>(seconds),
              quantile(0.5), quantile(0.99), milliseconds.back(),
              static_cast<double>(after.entries - before.entries) /
                  static_cast<double>(after.commits - before.commits));
}

int run(const std::map<std::string, std::string>& given) {
  const auto number = [&](const char* name, std::uint64_t otherwise) {
    const auto at = given.find(name);
    return at == given.end() ? otherwise : std::strtoull(at->second.c_str(), nullptr, 10);
  };
  const auto at = given.find("--folder");
  const std::filesystem::path folder{at == given.end() ? "build/bench/ledger" : at->second};
  std::filesystem::create_directories(folder);
  gateway::Ledger ledger{options_in(folder)};
  if (const auto count = number("--fill", 0); count != 0) {
    append_busily(ledger, count);
    return 0;
  }
  append_busily(ledger, waiting);  // the keys of subjects, the first files
  std::printf("busy: %.0f durable entries/s with %llu waiting\n", append_busily(ledger, 50'000),
              static_cast<unsigned long long>(waiting));
  report_offered(ledger, number("--rate", 1'000), number("--seconds", 5));
  return 0;
}

}  // namespace
}  // namespace assent::bench

int main(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2)
    given[argv[i]] = argv[i + 1];
  return assent::bench::run(given);
}

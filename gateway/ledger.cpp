#include "gateway/ledger.hpp"

#include <utility>

#include "gateway/ledger_thread.hpp"

namespace assent::gateway {

std::string_view to_string(LedgerError error) {
  switch (error) {
    case LedgerError::refused:
      return "refused";
    case LedgerError::unavailable:
      return "unavailable";
    case LedgerError::queue_full:
      return "queue_full";
    case LedgerError::malformed:
      return "malformed";
    case LedgerError::closed:
      return "closed";
  }
  return "unknown";
}

Ledger::Ledger(LedgerOptions options) : thread_{std::make_unique<Thread>(std::move(options))} {}
Ledger::~Ledger() {
  stop();
}

boost::asio::awaitable<Entered<LedgerReceipt>> Ledger::append(LedgerEntry entry) {
  std::vector<LedgerEntry> together;
  together.push_back(std::move(entry));
  co_return co_await append(std::move(together));
}

boost::asio::awaitable<Entered<LedgerReceipt>> Ledger::append(std::vector<LedgerEntry> together) {
  using Answer = Entered<LedgerReceipt>;
  if (together.empty()) co_return LedgerError::malformed;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(LedgerJob{std::move(together), {}, std::move(reply)});
  });
}

boost::asio::awaitable<Entered<LedgerReceipt>> Ledger::erase(std::string subject,
                                                             policy::WallTime at) {
  using Answer = Entered<LedgerReceipt>;
  std::vector<LedgerEntry> tombstone(1);
  tombstone.front().kind = LedgerKind::erasure;
  tombstone.front().at = at;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(LedgerJob{std::move(tombstone), std::move(subject), std::move(reply)});
  });
}

LedgerHealth Ledger::health() const {
  return thread_->health();
}

std::string Ledger::checkpoint() const {
  return thread_->checkpoint();
}

void Ledger::stop() {
  thread_->stop();
}

}  // namespace assent::gateway

#include "gateway/storage.hpp"

#include <algorithm>
#include <utility>

#include "gateway/storage_thread.hpp"

namespace assent::gateway {
namespace {

std::size_t size_of(const ConsentEvent& event) {
  return event.evidence.size() + event.notice.size();
}
std::size_t size_of(const StoredReceipt& receipt) {
  return receipt.key.size() + receipt.body.size();
}
std::size_t size_of(const CdrEntry& entry) {
  return entry.json.size();
}
std::size_t size_of(const AcceptedPolicy& accepted) {
  const auto& [policy, jurisdictions, transfers] = accepted.texts;
  return policy.text.size() + jurisdictions.text.size() + transfers.text.size();
}
std::size_t size_of(const RoomEvent& event) {
  return event.json.size();
}
std::size_t size_of(const ClosedRecording& recording) {
  return recording.json.size();
}
std::size_t size_of(const LedgerCheckpoint& checkpoint) {
  return checkpoint.note.size();
}
std::size_t size_of(const PrivacyAction& action) {
  return action.json.size();
}

bool too_large(const Record& record) {
  return std::visit([](const auto& of) { return size_of(of) > record_bytes_max; }, record);
}

}  // namespace

Storage::Storage(StorageOptions options) : thread_{std::make_unique<Thread>(std::move(options))} {}
Storage::~Storage() {
  stop();
}

boost::asio::awaitable<Stored<RecordId>> Storage::append(Record record) {
  std::vector<Record> together;
  together.push_back(std::move(record));
  co_return co_await append(std::move(together));
}

boost::asio::awaitable<Stored<RecordId>> Storage::append(std::vector<Record> together) {
  if (std::any_of(together.begin(), together.end(), too_large)) co_return StorageError::too_large;
  co_return co_await await_reply<Stored<RecordId>>([&](Reply<Stored<RecordId>> reply) {
    thread_->put(AppendJob{std::move(together), std::move(reply), false});
  });
}

boost::asio::awaitable<Stored<RecordId>> Storage::append_patiently(std::vector<Record> together) {
  if (std::any_of(together.begin(), together.end(), too_large)) co_return StorageError::too_large;
  co_return co_await await_reply<Stored<RecordId>>([&](Reply<Stored<RecordId>> reply) {
    thread_->put(AppendJob{std::move(together), std::move(reply), true});
  });
}

boost::asio::awaitable<Stored<std::optional<StoredReceipt>>> Storage::find_receipt(
    std::string key) {
  using Answer = Stored<std::optional<StoredReceipt>>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(FindReceiptJob{std::move(key), std::move(reply)});
  });
}

boost::asio::awaitable<Stored<std::vector<ConsentEvent>>> Storage::latest_consents(
    std::string room, std::string session) {
  using Answer = Stored<std::vector<ConsentEvent>>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(LatestConsentsJob{std::move(room), std::move(session), std::move(reply)});
  });
}

boost::asio::awaitable<Stored<std::vector<CdrEntry>>> Storage::cdrs(CdrQuery query) {
  using Answer = Stored<std::vector<CdrEntry>>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(QueryCdrsJob{std::move(query), std::move(reply)});
  });
}

boost::asio::awaitable<Stored<std::vector<CdrEntry>>> Storage::last_of_chains(ChainQuery query) {
  using Answer = Stored<std::vector<CdrEntry>>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(LastOfChainsJob{std::move(query), std::move(reply)});
  });
}

boost::asio::awaitable<Stored<std::vector<SignedReceipt>>> Storage::receipts(ReceiptQuery query) {
  using Answer = Stored<std::vector<SignedReceipt>>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(ReceiptsJob{std::move(query), std::move(reply)});
  });
}

boost::asio::awaitable<Stored<SubjectFile>> Storage::subject_file(std::string subject) {
  using Answer = Stored<SubjectFile>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(SubjectFileJob{std::move(subject), std::move(reply)});
  });
}

boost::asio::awaitable<Stored<Erased>> Storage::erase(Erasure erasure) {
  using Answer = Stored<Erased>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(EraseJob{std::move(erasure), std::move(reply)});
  });
}

// The value waits here, while this coroutine is suspended.
template <class Value, class Ask>
boost::asio::awaitable<Stored<Value>> Storage::ask(Ask ask) {
  Value value{};
  using Answer = Stored<bool>;
  const auto asked = co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(
        AskJob{[&value, &ask](Database& database) { value = ask(database); }, std::move(reply)});
  });
  if (!asked) co_return asked.error();
  co_return Stored<Value>{boost::system::in_place_value, std::move(value)};
}

boost::asio::awaitable<Stored<ExportState>> Storage::exports(ExportChange change) {
  const auto apply = [&change](Database& database) { return database.exports(change); };
  co_return co_await ask<ExportState>(apply);
}

boost::asio::awaitable<Stored<RecordId>> Storage::newest_cdr() {
  const auto read = [](Database& database) { return database.newest_cdr(); };
  co_return co_await ask<RecordId>(read);
}

boost::asio::awaitable<Stored<std::vector<EndedHolding>>> Storage::ended_holdings(
    RecordId after, std::size_t limit) {
  const auto read = [=](Database& database) { return database.ended_holdings(after, limit); };
  co_return co_await ask<std::vector<EndedHolding>>(read);
}

boost::asio::awaitable<Stored<std::vector<StatementCounted>>> Storage::statements_between(
    WallTime from, WallTime until, RecordId after, std::size_t limit) {
  const auto read = [=](Database& database) {
    return database.statements_between(from, until, after, limit);
  };
  co_return co_await ask<std::vector<StatementCounted>>(read);
}

boost::asio::awaitable<Stored<HoldingKept>> Storage::kept_of(EndedHolding holding) {
  const auto read = [&holding](Database& database) { return database.kept_of(holding); };
  co_return co_await ask<HoldingKept>(read);
}

boost::asio::awaitable<Stored<std::size_t>> Storage::forget_answers(WallTime before,
                                                                    std::size_t limit,
                                                                    bool only_count) {
  const auto forget = [=](Database& database) {
    return database.forget_answers(before, limit, only_count);
  };
  co_return co_await ask<std::size_t>(forget);
}

boost::asio::awaitable<Stored<std::vector<PrivacyAction>>> Storage::changes_of_subjects() {
  const auto read = [](Database& database) { return database.changes_of_subjects(); };
  co_return co_await ask<std::vector<PrivacyAction>>(read);
}

boost::asio::awaitable<Stored<Disposed>> Storage::dispose(HoldingDisposal disposal, Disposition how,
                                                          WallTime at) {
  using Answer = Stored<Disposed>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(DisposeJob{std::move(disposal), std::move(how), at, std::move(reply)});
  });
}

boost::asio::awaitable<Stored<Erased>> Storage::finish_disposals() {
  Erasure of_nobody;
  co_return co_await erase(std::move(of_nobody));
}

boost::asio::awaitable<Stored<std::optional<AcceptedPolicy>>> Storage::find_policy(
    std::string hash) {
  using Answer = Stored<std::optional<AcceptedPolicy>>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(FindPolicyJob{std::move(hash), std::move(reply)});
  });
}

boost::asio::awaitable<Stored<std::optional<AcceptedPolicy>>> Storage::newest_policy() {
  return find_policy({});
}

boost::asio::awaitable<Stored<WebhookState>> Storage::webhooks(WebhookChange change) {
  using Answer = Stored<WebhookState>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(WebhookJob{std::move(change), std::move(reply)});
  });
}

boost::asio::awaitable<Stored<std::vector<CdrEntry>>> Storage::begin_run(
    WallTime now, std::optional<AcceptedPolicy> in_force) {
  using Answer = Stored<std::vector<CdrEntry>>;
  co_return co_await await_reply<Answer>([&](Reply<Answer> reply) {
    thread_->put(BeginRunJob{now, std::move(in_force), std::move(reply)});
  });
}

StorageHealth Storage::health() const {
  return thread_->health();
}

void Storage::stop() {
  thread_->stop();
}

}  // namespace assent::gateway

// What the storage thread answers to each kind of question.
#include <exception>
#include <utility>

#include "gateway/storage_thread.hpp"

namespace assent::gateway {
namespace {

// What the database says, or `unavailable` where it throws.
template <class Value, class Ask, class Fail>
Stored<Value> asked(bool open, Ask ask, Fail fail) {
  if (!open) return StorageError::unavailable;
  try {
    return ask();
  } catch (const std::exception& error) {
    fail(error);
    return StorageError::unavailable;
  }
}

}  // namespace

void Storage::Thread::answer(AppendJob&) {}  // append_all did

void Storage::Thread::answer(FindReceiptJob& job) {
  job.reply.send(asked<std::optional<StoredReceipt>>(
      database_.has_value(), [&] { return database_->find_receipt(job.key); },
      [&](const std::exception& error) { lost(error); }));
}

void Storage::Thread::answer(LatestConsentsJob& job) {
  job.reply.send(asked<std::vector<ConsentEvent>>(
      database_.has_value(), [&] { return database_->latest_consents(job.room, job.session); },
      [&](const std::exception& error) { lost(error); }));
}

void Storage::Thread::answer(ReceiptsJob& job) {
  job.reply.send(asked<std::vector<SignedReceipt>>(
      takes_records() && ledger_,
      [&] {
        std::vector<SignedReceipt> receipts;
        for (auto& [event, leaf] : database_->statements(job.query)) {
          auto jws = ledger_->sign_receipt(event.receipt, leaf);
          receipts.push_back({event.id, std::move(event.session), std::move(event.room),
                              std::move(event.participant), std::move(event.subject),
                              std::move(event.purpose), std::move(event.giver),
                              std::move(event.state), event.at, std::move(jws)});
        }
        return receipts;
      },
      [&](const std::exception& error) { lost(error); }));
}

void Storage::Thread::answer(QueryCdrsJob& job) {
  job.reply.send(asked<std::vector<CdrEntry>>(
      database_.has_value(), [&] { return database_->cdrs(job.query); },
      [&](const std::exception& error) { lost(error); }));
}

void Storage::Thread::answer(LastOfChainsJob& job) {
  job.reply.send(asked<std::vector<CdrEntry>>(
      database_.has_value(), [&] { return database_->last_of_chains(job.query); },
      [&](const std::exception& error) { lost(error); }));
}

void Storage::Thread::answer(FindPolicyJob& job) {
  job.reply.send(asked<std::optional<AcceptedPolicy>>(
      database_.has_value(), [&] { return database_->find_policy(job.hash); },
      [&](const std::exception& error) { lost(error); }));
}

void Storage::Thread::answer(BeginRunJob&) {}  // begin_run did

void Storage::Thread::begin_run(BeginRunJob& job) {
  job.reply.send(asked<std::vector<CdrEntry>>(
      takes_records(), [&] { return store_beginning(job); },
      [&](const std::exception& error) { lost(error); }));
}

void Storage::Thread::answer(WebhookJob& job) {
  job.reply.send(asked<WebhookState>(
      database_.has_value(), [&] { return database_->webhooks(job.change); },
      [&](const std::exception& error) { lost(error); }));
}

void Storage::Thread::answer(SubjectFileJob& job) {
  job.reply.send(asked<SubjectFile>(
      database_.has_value(),
      [&] {
        SubjectFile file = database_->file_of(job.subject);
        for (auto& [event, leaf] : database_->statements_of_subject(job.subject)) {
          std::string jws;
          if (!event.receipt.empty() && leaf >= 0 && ledger_ && takes_records())
            jws = ledger_->sign_receipt(event.receipt, static_cast<std::uint64_t>(leaf));
          file.statements.push_back({std::move(event), std::move(jws)});
        }
        return file;
      },
      [&](const std::exception& error) { lost(error); }));
}

void Storage::Thread::answer(AskJob& job) {
  job.reply.send(asked<bool>(
      database_.has_value(),
      [&] {
        job.ask(*database_);
        return true;
      },
      [&](const std::exception& error) { lost(error); }));
}

void Storage::Thread::answer(DisposeJob& job) {
  job.reply.send(asked<Disposed>(
      takes_records(),
      [&] {
        begin();
        const Disposed disposed = database_->dispose(job.disposal, job.how);
        commit(leaves_of(disposed, job.at));
        return disposed;
      },
      [&](const std::exception& error) { lost(error); }));
  if (ledger_) tell_of_ledger();
}

void Storage::Thread::answer(EraseJob& job) {
  begin_erasure(std::move(job));
}

}  // namespace assent::gateway

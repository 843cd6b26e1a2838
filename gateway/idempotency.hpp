#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http_message.hpp"
#include "gateway/sha256.hpp"

namespace assent::gateway {

struct IdempotencyLimits {
  std::size_t entries_max = 4096;
  std::size_t bytes_max = 16U << 20U;  // of stored bodies
  std::chrono::steady_clock::duration keep = std::chrono::hours{1};
};

// What makes two requests the same one: token, method, path and key.
[[nodiscard]] std::string idempotency_scope(const HttpRequest& request);

// An Idempotency-Key is 1 to 128 visible ASCII characters.
[[nodiscard]] bool is_idempotency_key(std::string_view key);

// Answers to requests that carried an Idempotency-Key, so that a repetition changes nothing and
// gets the same answer. In memory, bounded: the oldest are forgotten first, and all at a restart
// (what must outlast that, receipts of consents, is in storage). Failures of the gateway itself
// (5xx) are not kept: to try again is what the key is for.
//
// A repeated PUT or POST whose object has been changed since by somebody else's request is not
// answered as if it still held: a replayed grant after a withdrawal is refused (superseded).
class IdempotencyCache {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Ticket = std::uint64_t;

  explicit IdempotencyCache(IdempotencyLimits limits = {});

  struct Begun {
    std::optional<Ticket> ticket;        // do it, then finish() or abandon()
    std::optional<HttpResponse> answer;  // or: this is the answer
  };
  // `request` carries a key and the hash of its body.
  [[nodiscard]] Begun begin(Time now, const HttpRequest& request);
  void finish(Ticket ticket, Time now, const HttpResponse& response);
  void abandon(Ticket ticket);

  // A request has changed what is at `path`; if it deleted it, also everything below.
  // `by`: the ticket of that request, if it carried a key.
  void changed(std::string_view path, bool deleted, std::optional<Ticket> by);

  [[nodiscard]] std::size_t entries() const { return entries_.size(); }

 private:
  struct Entry {
    Ticket ticket = 0;
    std::string scope;
    std::string path;
    HttpMethod method = HttpMethod::put;
    Sha256 body_hash{};
    bool finished = false;
    bool superseded = false;
    Time finished_at{};
    unsigned status = 0;
    std::string content_type;
    std::string body;
  };
  using Entries = std::list<Entry>;  // the oldest first

  static HttpResponse repeat(const Entry& entry, const HttpRequest& request);
  void forget(Entries::iterator entry);
  void make_room(Time now);
  Entries::iterator find(Ticket ticket);

  IdempotencyLimits limits_;
  Entries entries_;
  std::map<std::string, Entries::iterator, std::less<>> by_scope_;
  Ticket last_ticket_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace assent::gateway

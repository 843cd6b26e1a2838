#include "bench/consent_clients.hpp"

#include <atomic>
#include <boost/json.hpp>
#include <exception>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>

#include "bench/api_client.hpp"

namespace assent::bench {
namespace {

namespace json = boost::json;

std::optional<std::int64_t> cut_in(const json::value& receipt, std::string_view sink,
                                   std::uint32_t ssrc) {
  for (const auto& mark : receipt.at("cut").as_array()) {
    if (mark.at("sink").as_string() != sink) continue;
    if (mark.at("ssrc").to_number<std::uint32_t>() != ssrc) continue;
    return mark.at("last_sequence").to_number<std::int64_t>();
  }
  return std::nullopt;
}

// One connection and the people whom it speaks for.
class Client {
 public:
  Client(const ConsentOrder& order, std::vector<Person*> people, std::uint64_t seed)
      : order_{order},
        people_{std::move(people)},
        has_granted_(people_.size()),
        random_{seed},
        api_{order.api, order.token} {}

  void run(std::atomic<std::int64_t>& left, const std::atomic<bool>& failed) {
    while (!failed && left.fetch_sub(1) > 0) {
      if (order_.pause.count() > 0) {
        std::this_thread::sleep_for(std::chrono::microseconds{
            random_() % static_cast<std::uint64_t>(order_.pause.count())});
      }
      state(random_() % people_.size());
    }
    for (std::size_t i = 0; i < people_.size() && !failed; ++i)
      if (has_granted_[i]) state(i);
  }
  void add_to(ConsentTotals& totals) const {
    totals.grants.insert(totals.grants.end(), own_.grants.begin(), own_.grants.end());
    totals.withdrawals.insert(totals.withdrawals.end(), own_.withdrawals.begin(),
                              own_.withdrawals.end());
    totals.cuts += own_.cuts;
  }

 private:
  void state(std::size_t who) {
    Person& person = *people_[who];
    const bool grants = !has_granted_[who];
    Nanoseconds asked = 0;
    const auto answer = api_.call(
        grants ? "PUT" : "DELETE", person.path + "/consents/" + order_.purpose,
        grants ? std::string_view{order_.grant} : std::string_view{}, [&](Nanoseconds now) {
          asked = now;
          person.history.asked(grants, now);
        });
    if (answer.status != 200) {
      throw std::runtime_error{"a " + std::string{grants ? "grant" : "withdrawal"} +
                               " was answered with " + std::to_string(answer.status) + ": " +
                               answer.body};
    }
    std::optional<std::int64_t> cut;
    if (!grants) {
      cut = cut_in(json::parse(answer.body), order_.sink, person.ssrc);
      if (order_.names_cuts) person.withdrawals.push_back(answer.body);
    }
    person.history.answered(answer.answered, cut);
    has_granted_[who] = grants;
    own_.cuts += cut.has_value();
    (grants ? own_.grants : own_.withdrawals)
        .push_back(static_cast<float>(answer.answered - asked) / 1e6F);
  }

  const ConsentOrder& order_;
  std::vector<Person*> people_;
  std::vector<bool> has_granted_;
  std::mt19937_64 random_;
  ApiClient api_;
  ConsentTotals own_;
};

}  // namespace

void state_consents(const ConsentOrder& order, std::deque<Person>& people, ConsentTotals& totals) {
  const auto count = std::min(order.clients, people.size());
  std::deque<Client> clients;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<Person*> own;
    for (std::size_t k = i; k < people.size(); k += count)
      own.push_back(&people[k]);
    clients.emplace_back(order, std::move(own), order.seed * 1'000 + i);
  }
  std::atomic<std::int64_t> left{static_cast<std::int64_t>(order.statements)};
  std::atomic<bool> failed = false;
  std::mutex access;
  std::exception_ptr first;
  std::vector<std::thread> threads;
  for (auto& client : clients) {
    threads.emplace_back([&] {
      try {
        client.run(left, failed);
      } catch (...) {
        const std::lock_guard lock{access};
        if (!first) first = std::current_exception();
        failed = true;
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
  if (first) std::rethrow_exception(first);
  for (const auto& client : clients)
    client.add_to(totals);
}

}  // namespace assent::bench

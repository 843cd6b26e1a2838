#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "bench/consent_history.hpp"

namespace assent::bench {

struct Person {
  std::string path;  // of the API, without the consent
  std::uint32_t ssrc = 0;
  ConsentHistory history;
  std::vector<std::string> withdrawals;  // their answers, JSON, where these are asked for
};

struct ConsentOrder {
  std::uint16_t api = 0;
  std::string token;
  std::string purpose;
  std::string grant;  // the body
  std::string sink;   // whose cut counts
  std::size_t clients = 1;
  std::uint64_t statements = 0;       // grants and withdrawals together
  std::chrono::microseconds pause{};  // at most, before each
  std::uint64_t seed = 0;
  bool names_cuts = false;
};

struct ConsentTotals {
  std::vector<float> grants;       // milliseconds from request to answer
  std::vector<float> withdrawals;  // likewise
  std::uint64_t cuts = 0;          // withdrawals that named a last packet
};

// So many clients at once grant and withdraw, each for its own share of the people, somebody at
// random at a random instant; at the end everybody has withdrawn. Adds to the totals. Throws
// std::runtime_error with the first answer that was no acknowledgement.
void state_consents(const ConsentOrder& order, std::deque<Person>& people, ConsentTotals& totals);

}  // namespace assent::bench

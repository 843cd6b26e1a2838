#pragma once

#include <boost/system/result.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config.hpp"
#include "gateway/policy_file.hpp"
#include "gateway/room_event_json.hpp"
#include "policy/rules.hpp"

namespace assent::gateway {

// Why a record cannot be read back, for the operator.
struct RecordFault {
  std::string what;
};
template <class T>
using FromRecord = boost::system::result<T, RecordFault>;
// value() of one that holds a fault is a programming error of the caller.
[[noreturn]] void throw_exception_from_error(const RecordFault& fault,
                                             const boost::source_location& location);

// What is otherwise than it was, for a replay.
struct ChangedRules {
  PolicyFiles files;                        // in place of the recorded ones, where not empty
  std::vector<policy::Mechanism> annulled;  // from `on`
  policy::Date on{};
};

// The rules that recorded rooms were under, by the hash of their texts; or those rules with a
// change.
class RuleBooks {
 public:
  // The accepted texts of this hash, or nothing.
  using TextsOf = std::function<std::optional<PolicyTexts>(const std::string& hash)>;
  explicit RuleBooks(TextsOf texts_of, std::optional<ChangedRules> change = std::nullopt);

  // Stays where it is as long as this object lives.
  [[nodiscard]] FromRecord<const policy::RuleBook*> book(const RulesInForce& rules);

 private:
  [[nodiscard]] FromRecord<policy::RuleBook> read(const RulesInForce& rules) const;

  TextsOf texts_of_;
  std::optional<ChangedRules> change_;
  std::map<std::string, std::unique_ptr<policy::RuleBook>> books_;
};

}  // namespace assent::gateway

#pragma once

#include <array>
#include <boost/json/fwd.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/problem.hpp"
#include "gateway/request_reader.hpp"
#include "policy/rules.hpp"

namespace assent::gateway {

// A layer of the policy as a request writes it, for a room or for one participant's leg: the words
// of a tenant of policy.yaml. Its form is sound; whether it fits the policy is for judge_layer().
struct PolicyLayer {
  struct OfPurpose {
    bool prohibit = false;
    std::optional<policy::Strength> least;
    std::optional<policy::Rule> rule;
    std::string notice;
  };
  std::map<std::string, OfPurpose, std::less<>> purposes;
  std::vector<std::string> deny_sinks;
  std::vector<std::string> deny_processors;
  // In the order of the words' table: the strict word, or the lax one, which is no more than a
  // repetition of what the policy says.
  std::array<std::optional<bool>, 5> strict_choices;
};

[[nodiscard]] PolicyLayer read_policy_layer(ObjectReader& reader);

// The layer, if it can only tighten what is `above` it: the rules, and the layers there already.
// Pointers are into a body that has it under "policy".
[[nodiscard]] Answered<policy::Tightening> judge_layer(const PolicyLayer& layer,
                                                       const policy::RuleBook& rules,
                                                       const policy::Tightening& above);

// In the same words.
[[nodiscard]] boost::json::object layer_object(const policy::Tightening& layer);

}  // namespace assent::gateway

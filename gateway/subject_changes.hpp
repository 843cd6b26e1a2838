#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/problem.hpp"
#include "gateway/storage_record.hpp"

namespace assent::gateway {

inline constexpr std::size_t corrections_max = 16;

// What a record of the subject's should say, in words. The record itself stays as it is.
struct Correction {
  std::int64_t record = 0;  // its id, as in the archive
  std::string field;
  std::string correct;
};

// What PATCH /v1/subjects/{subject} adds.
struct SubjectChange {
  std::optional<WallTime> contract_end;
  // For good, in every room, now and later: nothing takes them back.
  bool opt_out_of_sale = false;
  bool opt_out_of_new_purposes = false;
  std::vector<std::string> known_purposes;  // of the policy then; others are new
  std::vector<Correction> corrections;
};

// What holds now: a later change supersedes an earlier one.
struct SubjectState {
  std::optional<WallTime> contract_end;
  std::optional<WallTime> sale_opt_out;          // since
  std::optional<WallTime> new_purposes_opt_out;  // since
  std::vector<Correction> corrections;

  void add(const SubjectChange& change, WallTime at);
};

[[nodiscard]] Answered<SubjectChange> parse_subject_change(const boost::json::value& body);
[[nodiscard]] boost::json::object to_json(const SubjectChange& change);
[[nodiscard]] boost::json::object to_json(const SubjectState& state);

// Of one action; nothing when it is no change.
[[nodiscard]] std::optional<SubjectChange> stored_change(const PrivacyAction& action);
// Of all that was recorded of a subject, in order.
[[nodiscard]] SubjectState state_of(std::span<const PrivacyAction> actions);

}  // namespace assent::gateway

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
  std::vector<Correction> corrections;
};

// What holds now: a later change supersedes an earlier one.
struct SubjectState {
  std::optional<WallTime> contract_end;
  std::vector<Correction> corrections;

  void add(const SubjectChange& change, WallTime at);
};

[[nodiscard]] Answered<SubjectChange> parse_subject_change(const boost::json::value& body);
[[nodiscard]] boost::json::object to_json(const SubjectChange& change);
[[nodiscard]] boost::json::object to_json(const SubjectState& state);

// Of all that was recorded of a subject, in order.
[[nodiscard]] SubjectState state_of(std::span<const PrivacyAction> actions);

}  // namespace assent::gateway

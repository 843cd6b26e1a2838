// What the database keeps beside its records, judged by those.
#include <soci/soci.h>

#include <boost/json/parse.hpp>
#include <limits>

#include "gateway/database.hpp"
#include "gateway/database_session.hpp"

namespace assent::gateway {
namespace {

using soci::into;
using soci::use;
namespace json = boost::json;

// What an answer says of the consent.
struct Answer {
  std::string room;
  std::string participant;
  std::string purpose;
  std::string state;
  long long epoch = 0;
};

std::optional<Answer> parse_answer(const std::string& body) {
  boost::system::error_code error;
  const auto parsed = json::parse(body, error);
  const auto* const object = error ? nullptr : parsed.if_object();
  if (object == nullptr) return std::nullopt;
  const auto text = [&](std::string_view key) -> std::string {
    const auto* const value = object->if_contains(key);
    return value != nullptr && value->is_string() ? std::string{value->get_string()}
                                                  : std::string{};
  };
  const auto* const epoch = object->if_contains("epoch");
  if (epoch == nullptr) return std::nullopt;
  Answer answer{text("room"), text("participant"), text("purpose"), text("state"), 0};
  answer.epoch = epoch->to_number<long long>(error);
  return error ? std::nullopt : std::optional{answer};
}

bool has_consent(soci::session& sql, const Answer& answer, long long before) {
  int found = 0;
  sql << "SELECT count(*) FROM consents WHERE room = :room AND participant = :participant"
         " AND purpose = :purpose AND state = :state AND epoch = :epoch AND id < :before",
      use(answer.room), use(answer.participant), use(answer.purpose), use(answer.state),
      use(answer.epoch), use(before), into(found);
  return found != 0;
}

}  // namespace

std::size_t Database::misjudged_chains() {
  constexpr std::string_view unfinished =
      "SELECT session, participant FROM cdrs c WHERE kind <> 'stop' AND NOT EXISTS"
      " (SELECT 1 FROM cdrs later WHERE later.session = c.session"
      " AND later.participant = c.participant AND later.record_seq > c.record_seq)";
  constexpr std::string_view listed = "SELECT session, participant FROM open_chains";
  long long missing = 0;
  long long made_up = 0;
  session_->sql << joined(
      {"SELECT count(*) FROM (", unfinished, " EXCEPT ", listed, ") AS of_rows"}),
      into(missing);
  session_->sql << joined(
      {"SELECT count(*) FROM (", listed, " EXCEPT ", unfinished, ") AS of_list"}),
      into(made_up);
  return static_cast<std::size_t>(missing + made_up);
}

Database::JudgedAnswers Database::judge_answers() {
  auto& sql = session_->sql;
  JudgedAnswers judged;
  long long after = std::numeric_limits<long long>::min();
  for (std::vector<std::pair<long long, std::string>> page;; page.clear()) {
    IdAndText row;
    soci::statement statement{sql};
    statement.exchange(use(after));
    fetch_all(statement, row,
              "SELECT id, body FROM receipts WHERE id > :after ORDER BY id LIMIT 500", page);
    if (page.empty()) return judged;
    for (const auto& [id, body] : page) {
      ++judged.all;
      const auto answer = parse_answer(body);
      if (!answer || !has_consent(sql, *answer, id)) ++judged.contradicting;
      after = id;
    }
  }
}

}  // namespace assent::gateway

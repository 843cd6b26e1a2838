// The body of every operation that takes one: a fault is told with a pointer into the body, and
// what is accepted is within its limits.
#include <boost/json/value.hpp>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/id.hpp"
#include "gateway/request_reader.hpp"
#include "gateway/requests.hpp"

using namespace assent::gateway;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_problem(const Problem& problem) {
  require(status_of(problem.type) >= 400 && status_of(problem.type) < 500);
  require(problem.pointer.empty() || problem.pointer.front() == '/');
  require(parse_json(to_json(problem)).has_value());
}

template <class Body>
void check(const boost::system::result<Body, Problem>& body, const auto& sound) {
  if (!body) return check_problem(body.error());
  require(sound(*body));
}

void check_bodies(const boost::json::value& value) {
  const auto any = [](const auto&) { return true; };
  const auto has_sdp = [](const auto& body) {
    return !body.sdp.empty() && body.sdp.size() <= sdp_bytes_max;
  };
  check(parse_put_room(value),
        [](const PutRoom& body) { return !body.tenant || is_id(*body.tenant); });
  check(parse_patch_room(value), any);
  check(parse_put_participant(value), [](const PutParticipant& body) {
    return is_id(body.subject) && body.jurisdictions.declared.size() <= jurisdictions_max;
  });
  check(parse_patch_participant(value), any);
  check(parse_offer(value), has_sdp);
  check(parse_answer(value), has_sdp);
  check(parse_put_consent(value), [](const PutConsent& body) {
    return body.evidence.size() <= evidence_entries_max &&
           (!body.notice || body.notice->hash.size() == 64);
  });
  check(parse_put_notice(value),
        [](const PutNotice& body) { return body.notice.hash.size() == 64; });
  check(parse_put_questions(value), [](const PutQuestions& body) {
    return !body.purposes.empty() && body.answer_within >= answer_within_min &&
           body.answer_within <= answer_within_max && body.notices.size() <= body.purposes.size();
  });
  check(parse_put_purpose(value), [](const PutPurpose& body) {
    return !body.sinks || body.sinks->size() <= sinks_of_purpose_max;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = parse_json({reinterpret_cast<const char*>(data), size});
  if (!value) {
    check_problem(value.error());
    return 0;
  }
  check_bodies(*value);
  return 0;
}

// What each operation of the API does: read, ask the conference, answer.
#include "gateway/api.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "gateway/access.hpp"
#include "gateway/api_candidates.hpp"
#include "gateway/api_json.hpp"
#include "gateway/api_receipts.hpp"
#include "gateway/consent_receipts.hpp"
#include "gateway/embedded.hpp"
#include "gateway/policy_json.hpp"
#include "gateway/request_reader.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

using Response = asio::awaitable<HttpResponse>;

std::optional<media::Profile> profile_of(const std::optional<TransportProfile>& wanted) {
  if (!wanted) return std::nullopt;
  switch (*wanted) {
    case TransportProfile::rtp_avp:
      return media::Profile::avp;
    case TransportProfile::rtp_savp:
      return media::Profile::savp;
    case TransportProfile::dtls:
      break;
  }
  return media::Profile::dtls_savpf;
}

// The body, read by `parse`.
template <class Parse>
auto read_body(const HttpRequest& request, Parse parse)
    -> decltype(parse(std::declval<const json::value&>())) {
  const auto value = parse_json(request.body);
  if (!value) return value.error();
  return parse(*value);
}

HttpResponse sdp_response(const Answered<std::string>& sdp) {
  if (!sdp) return problem_response(sdp.error());
  return json_response(json::serialize(json::object{{"sdp", *sdp}}));
}

// None where the request carries no key: nobody could ask for it again.
Conference::ReceiptOf receipt_of(const HttpRequest& request, const Conference& conference) {
  if (!request.idempotency_key) return {};
  return [&request, &conference](const ConsentOutcome& outcome) {
    auto body = receipt_json(conference, request.parameter("participant"),
                             request.parameter("purpose"), outcome);
    return consent_receipt(request, std::move(body), outcome.at);
  };
}

// The router lets nothing else through than the two words.
std::optional<policy::Giver> giver_asked(const HttpRequest& request) {
  const auto asked = request.query.find("giver");
  if (asked == request.query.end()) return std::nullopt;
  return asked->second == "guardian" ? policy::Giver::guardian : policy::Giver::participant;
}

class Api {
 public:
  explicit Api(ApiBackend& backend) : backend_{backend} {}

  Response put_room(const HttpRequest& request) {
    auto body = read_body(request, parse_put_room);
    if (!body) co_return problem_response(body.error());
    auto tenant = body->tenant.value_or("");
    const auto put = co_await backend_.conferences.put(request.parameter("room"), std::move(tenant),
                                                       std::move(body->policy));
    if (!put) co_return problem_response(put.error());
    co_return json_response(room_json(**put));
  }

  Response get_room(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    co_return json_response(room_json(**room));
  }

  Response patch_room(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    auto body = read_body(request, parse_patch_room);
    if (!body) co_return problem_response(body.error());
    const auto tightened = co_await (*room)->tighten(std::move(body->policy));
    if (!tightened) co_return problem_response(tightened.error());
    co_return json_response(room_json(**room));
  }

  Response delete_room(const HttpRequest& request) {
    const auto closed = co_await backend_.conferences.close(request.parameter("room"),
                                                            CauseForClosing::room_closed);
    if (!closed) co_return problem_response(closed.error());
    co_return empty_response();
  }

  Response put_participant(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    auto body = read_body(request, parse_put_participant);
    if (!body) co_return problem_response(body.error());
    const auto& participant = request.parameter("participant");
    auto join = join_request(participant, std::move(*body), backend_.ip_database);
    backend_.opt_outs.apply(join, (*room)->rules().rules());
    const auto joined = co_await (*room)->join(std::move(join));
    if (!joined) co_return problem_response(joined.error());
    co_return json_response(participant_json(**room, participant), 201);
  }

  Response get_participant(const HttpRequest& request) {
    const auto room = find_with_participant(request);
    if (!room) co_return problem_response(room.error());
    co_return json_response(participant_json(**room, request.parameter("participant")));
  }

  Response patch_participant(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    auto body = read_body(request, parse_patch_participant);
    if (!body) co_return problem_response(body.error());
    const auto may = may_change(request, *body);
    if (!may) co_return problem_response(may.error());
    const auto& participant = request.parameter("participant");
    auto change = participant_change(*body, backend_.ip_database);
    const auto changed = co_await (*room)->change(participant, std::move(change));
    if (!changed) co_return problem_response(changed.error());
    co_return json_response(participant_json(**room, participant));
  }

  Response delete_participant(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    const auto left = co_await (*room)->leave(request.parameter("participant"),
                                              CauseForClosing::participant_left);
    if (!left) co_return problem_response(left.error());
    co_return empty_response();
  }

  Response post_offer(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    auto body = read_body(request, parse_offer);
    if (!body) co_return problem_response(body.error());
    const auto from = body->from == Side::client ? media::Side::client : media::Side::server;
    const auto toward = profile_of(body->transport);
    auto carrier = body->carrier.value_or("");
    ConnectionName of{request.parameter("participant"), std::move(body->connection)};
    const auto sdp = co_await (*room)->offer(std::move(of), from, std::move(body->sdp), toward,
                                             std::move(carrier));
    co_return sdp_response(sdp);
  }

  Response delete_offer(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    ConnectionName of{request.parameter("participant"), {}};
    const auto named = request.query.find("connection");
    if (named != request.query.end()) of.connection = named->second;
    const auto undone = co_await (*room)->roll_back_offer(std::move(of));
    if (!undone) co_return problem_response(undone.error());
    co_return empty_response();
  }

  Response post_answer(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    auto body = read_body(request, parse_answer);
    if (!body) co_return problem_response(body.error());
    ConnectionName of{request.parameter("participant"), std::move(body->connection)};
    const auto sdp = co_await (*room)->answer(std::move(of), std::move(body->sdp));
    co_return sdp_response(sdp);
  }

  Response delete_connection(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    ConnectionName of{request.parameter("participant"), request.parameter("connection")};
    const auto closed = co_await (*room)->close_connection(std::move(of));
    if (!closed) co_return problem_response(closed.error());
    co_return empty_response();
  }

  Response put_consent(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    auto body = read_body(request, parse_put_consent);
    if (!body) co_return problem_response(body.error());
    const auto giver = giver_for(request, body->giver);
    if (!giver) co_return problem_response(giver.error());
    body->giver = *giver;
    const auto& participant = request.parameter("participant");
    const auto& purpose = request.parameter("purpose");
    auto stated = consent_stated(participant, purpose, std::move(*body),
                                 request.idempotency_key.value_or(""));
    const auto outcome =
        co_await (*room)->state_consent(std::move(stated), receipt_of(request, **room));
    if (!outcome) co_return problem_response(outcome.error());
    co_return json_response(receipt_json(**room, participant, purpose, *outcome));
  }

  Response withdraw_consent(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    const auto giver = giver_for(request, giver_asked(request));
    if (!giver) co_return problem_response(giver.error());
    policy::ConsentWithdrawn withdrawal;
    withdrawal.giver = *giver;
    withdrawal.participant = request.parameter("participant");
    withdrawal.purpose = request.parameter("purpose");
    const auto outcome = co_await (*room)->withdraw(withdrawal, receipt_of(request, **room));
    if (!outcome) co_return problem_response(outcome.error());
    co_return json_response(
        receipt_json(**room, withdrawal.participant, withdrawal.purpose, *outcome));
  }

  Response put_notice(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    auto body = read_body(request, parse_put_notice);
    if (!body) co_return problem_response(body.error());
    const auto& participant = request.parameter("participant");
    const auto& purpose = request.parameter("purpose");
    auto notice = notice_given(participant, purpose, std::move(*body));
    const auto given = co_await (*room)->give_notice(std::move(notice));
    if (!given) co_return problem_response(given.error());
    co_return json_response(
        decisions_json((*room)->rules().decisions_for_purpose(participant, purpose)));
  }

  Response put_questions(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    auto body = read_body(request, parse_put_questions);
    if (!body) co_return problem_response(body.error());
    auto what = question_to_ask(request.parameter("participant"), std::move(*body));
    const auto asked = co_await (*room)->ask(std::move(what));
    if (!asked) co_return problem_response(asked.error());
    co_return json_response(question_json(*asked));
  }

  Response delete_questions(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    const auto stopped = co_await (*room)->stop_asking(request.parameter("participant"));
    if (!stopped) co_return problem_response(stopped.error());
    co_return empty_response();
  }

  Response put_purpose(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    auto body = read_body(request, parse_put_purpose);
    if (!body) co_return problem_response(body.error());
    const auto withhold = body->withhold;
    auto start = purpose_started(request.parameter("purpose"), std::move(*body));
    const auto started = co_await (*room)->start_purpose(std::move(start), withhold);
    if (!started) co_return problem_response(started.error());
    co_return json_response(room_json(**room));
  }

  Response delete_purpose(const HttpRequest& request) {
    const auto room = backend_.conferences.find(request.parameter("room"));
    if (!room) co_return problem_response(room.error());
    const auto stopped = co_await (*room)->stop_purpose(request.parameter("purpose"));
    if (!stopped) co_return problem_response(stopped.error());
    co_return empty_response();
  }

  Response get_ledger_checkpoint(const HttpRequest&) {
    const auto health = backend_.storage.health();
    if (health.checkpoint.empty()) co_return problem_response(no_ledger());
    HttpResponse response;
    response.content_type = "text/plain; charset=utf-8";
    response.body = health.checkpoint;
    co_return response;
  }

  Response get_ledger_key(const HttpRequest&) {
    const auto health = backend_.storage.health();
    if (health.verifier_key.empty()) co_return problem_response(no_ledger());
    co_return json_response(ledger_key_json(health.verifier_key));
  }

  Response get_decision(const HttpRequest& request) {
    const auto room = find_with_participant(request);
    if (!room) co_return problem_response(room.error());
    const auto& participant = request.parameter("participant");
    const auto& purpose = request.parameter("purpose");
    const auto& rules = (*room)->rules();
    if (!rules.rules().purposes.contains(purpose)) {
      co_return problem_response(
          make_problem(ProblemType::not_found, "The policy declares no such purpose."));
    }
    const auto explain = request.query.find("explain");
    if (explain != request.query.end() && explain->second == "true") {
      const bool is_staff = request.principal && !is_bound(request.principal->role);
      auto explanations = rules.explain(participant, purpose,
                                        is_staff ? policy::Others::named : policy::Others::unnamed);
      for (auto& explanation : explanations)
        explanation.at = read_clocks().wall;
      co_return json_response(explanations_json(explanations));
    }
    co_return json_response(decisions_json(rules.decisions_for_purpose(participant, purpose)));
  }

  Response get_policy(const HttpRequest&) {
    co_return json_response(policy_in_force_json(backend_.policy.now(), read_clocks().wall));
  }

  Response put_policy(const HttpRequest& request) {
    auto proposal = read_body(request, parse_policy_proposal);
    if (!proposal) co_return problem_response(proposal.error());
    const auto dry_run = request.query.find("dry_run");
    if (dry_run != request.query.end() && dry_run->second == "true") {
      const auto preview = co_await backend_.policy_changes.preview(std::move(*proposal));
      if (!preview) co_return problem_response(preview.error());
      co_return json_response(policy_report_json(*preview, true));
    }
    auto by = request.principal ? request.principal->token_name : std::string{};
    const auto report =
        co_await backend_.policy_changes.propose(std::move(*proposal), std::move(by));
    if (!report) co_return problem_response(report.error());
    co_return json_response(policy_report_json(*report, false));
  }

  Response get_accepted_policy(const HttpRequest& request) {
    const auto found = co_await backend_.storage.find_policy("sha256:" + request.parameter("hash"));
    if (!found) {
      co_return problem_response(
          make_problem(ProblemType::unavailable, "The records cannot be read now. See /readyz."));
    }
    if (!*found) {
      co_return problem_response(
          make_problem(ProblemType::not_found,
                       "No policy with this hash (64 hexadecimal digits) was ever in "
                       "force here."));
    }
    co_return json_response(accepted_policy_json(**found));
  }

  Response get_events(const HttpRequest& request) { co_return backend_.events.subscribe(request); }

  Response get_openapi(const HttpRequest&) {
    co_return json_response(std::string(embedded("openapi.json").value_or("{}")));
  }

  Response get_metrics(const HttpRequest&) {
    HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = co_await backend_.metrics();
    co_return response;
  }

  Response get_health(const HttpRequest&) { co_return json_response("{\"status\":\"alive\"}"); }

  Response get_readiness(const HttpRequest& request) {
    const bool is_staff = request.principal && !is_bound(request.principal->role);
    const auto ready = backend_.readiness(is_staff);
    if (!ready) co_return problem_response(ready.error());
    co_return json_response(*ready);
  }

 private:
  static Problem no_ledger() {
    return make_problem(ProblemType::unavailable, "The ledger is not open. See /readyz.");
  }

  Answered<std::shared_ptr<Conference>> find_with_participant(const HttpRequest& request) const {
    auto room = backend_.conferences.find(request.parameter("room"));
    if (room && !(*room)->has(request.parameter("participant"))) {
      return make_problem(ProblemType::not_found, "No such participant in this room.");
    }
    return room;
  }

  ApiBackend& backend_;
};

}  // namespace

void bind_api(Dispatcher& dispatcher, ApiBackend& backend) {
  using Handler = Response (Api::*)(const HttpRequest&);
  const std::pair<Operation, Handler> handlers[] = {
      {Operation::put_room, &Api::put_room},
      {Operation::get_room, &Api::get_room},
      {Operation::patch_room, &Api::patch_room},
      {Operation::delete_room, &Api::delete_room},
      {Operation::put_participant, &Api::put_participant},
      {Operation::get_participant, &Api::get_participant},
      {Operation::patch_participant, &Api::patch_participant},
      {Operation::delete_participant, &Api::delete_participant},
      {Operation::post_offer, &Api::post_offer},
      {Operation::delete_offer, &Api::delete_offer},
      {Operation::post_answer, &Api::post_answer},
      {Operation::delete_connection, &Api::delete_connection},
      {Operation::put_consent, &Api::put_consent},
      {Operation::withdraw_consent, &Api::withdraw_consent},
      {Operation::put_notice, &Api::put_notice},
      {Operation::put_questions, &Api::put_questions},
      {Operation::delete_questions, &Api::delete_questions},
      {Operation::put_purpose, &Api::put_purpose},
      {Operation::delete_purpose, &Api::delete_purpose},
      {Operation::get_decision, &Api::get_decision},
      {Operation::get_policy, &Api::get_policy},
      {Operation::put_policy, &Api::put_policy},
      {Operation::get_accepted_policy, &Api::get_accepted_policy},
      {Operation::get_events, &Api::get_events},
      {Operation::get_ledger_checkpoint, &Api::get_ledger_checkpoint},
      {Operation::get_ledger_key, &Api::get_ledger_key},
      {Operation::get_openapi, &Api::get_openapi},
      {Operation::get_metrics, &Api::get_metrics},
      {Operation::get_health, &Api::get_health},
      {Operation::get_readiness, &Api::get_readiness},
  };
  const auto api = std::make_shared<Api>(backend);  // one owner a handler: std::function copies
  for (const auto& [operation, handler] : handlers) {
    dispatcher.bind(operation, [api, method = handler](const HttpRequest& request) {
      return ((*api).*method)(request);
    });
  }
  bind_receipts(dispatcher, backend);
  bind_candidates(dispatcher, backend);
  dispatcher.on_keyed_request([&storage = backend.storage](const HttpRequest& request) {
    return repeat_consent_receipt(storage, request);
  });
  auto& lines = backend.totals.api;  // one an operation, then one for what had no route
  for (const auto& route : api_routes())
    lines.emplace_back().operation = route.operation_id;
  lines.emplace_back();
  dispatcher.on_answered([&lines](std::optional<Operation> operation, unsigned status,
                                  std::chrono::steady_clock::duration took) {
    auto& line = operation ? lines[static_cast<std::size_t>(*operation)] : lines.back();
    ++line.by_status[status];
    line.duration.observe(std::chrono::duration_cast<std::chrono::microseconds>(took));
  });
}

}  // namespace assent::gateway

#include "gateway/api_routes.hpp"

#include <array>

namespace assent::gateway {
namespace {

constexpr std::array<std::string_view, 1> explain{"explain"};
constexpr std::array<std::string_view, 1> giver{"giver"};
constexpr std::array<std::string_view, 1> connection{"connection"};
constexpr std::array<std::string_view, 1> receipt{"receipt"};
constexpr std::array<std::string_view, 4> whose_receipts{"subject", "session", "participant",
                                                         "after"};
constexpr std::array<std::string_view, 1> room{"room"};
constexpr std::array<std::string_view, 9> of_cdrs{
    "room", "participant", "subject", "since", "until", "processor", "format", "after", "limit"};
constexpr std::array<std::string_view, 1> dry_run{"dry_run"};
constexpr std::array<std::string_view, 2> language_and_result{"language", "result"};
constexpr std::array<std::string_view, 3> shown_page{"language", "result", "receipts"};
constexpr std::array<std::string_view, 10> of_transfers{
    "subject", "room", "processor", "mechanism", "from", "to", "since", "until", "by", "format"};
constexpr std::span<const std::string_view> none{};

constexpr RoleSet server = for_roles(Role::conference_server);
constexpr RoleSet running = for_roles(Role::conference_server, Role::operator_);
constexpr RoleSet staff =
    for_roles(Role::conference_server, Role::operator_, Role::privacy_officer);
// Who may see, change and erase all that is kept about somebody.
constexpr RoleSet officer = for_roles(Role::privacy_officer);
constexpr RoleSet audit = for_roles(Role::operator_, Role::privacy_officer);
constexpr RoleSet everyone = staff | for_roles(Role::participant);
// A person may add to what is known of it, as far as that restricts; see may_change().
constexpr RoleSet changing = for_roles(Role::conference_server, Role::participant);
// Consent is the participant's, and for a minor the guardian's, too; the server passes both on. No
// officer or operator grants for anyone.
constexpr RoleSet consenting =
    for_roles(Role::conference_server, Role::participant, Role::guardian);
// What restricts may also be done for somebody.
constexpr RoleSet withdrawing = consenting | for_roles(Role::privacy_officer);

// Whoever has a link to somebody's consent page can answer for that person: no officer or operator
// makes one.
constexpr RoleSet linking = for_roles(Role::conference_server, Role::participant);

constexpr Takes body = Takes::json;
constexpr Takes no_body = Takes::nothing;
constexpr Takes form = Takes::form;
constexpr bool open = true;
constexpr bool closed = false;

using enum HttpMethod;
using enum Operation;

// In the order of Operation.
constexpr std::array<ApiRoute, operations> routes{{
    {put_room, "putRoom", put, "/v1/rooms/{room}", none, body, closed, running},
    {get_room, "getRoom", get, "/v1/rooms/{room}", none, no_body, closed, staff},
    {patch_room, "patchRoom", patch, "/v1/rooms/{room}", none, body, closed, running},
    {delete_room, "deleteRoom", delete_, "/v1/rooms/{room}", none, no_body, closed, running},
    {put_participant, "putParticipant", put, "/v1/rooms/{room}/participants/{participant}", none,
     body, closed, server},
    {get_participant, "getParticipant", get, "/v1/rooms/{room}/participants/{participant}", none,
     no_body, closed, everyone},
    {patch_participant, "patchParticipant", patch, "/v1/rooms/{room}/participants/{participant}",
     none, body, closed, changing},
    {delete_participant, "deleteParticipant", delete_,
     "/v1/rooms/{room}/participants/{participant}", none, no_body, closed, running},
    {post_offer, "postOffer", post, "/v1/rooms/{room}/participants/{participant}/offer", none, body,
     closed, server},
    {delete_offer, "deleteOffer", delete_, "/v1/rooms/{room}/participants/{participant}/offer",
     connection, no_body, closed, server},
    {post_answer, "postAnswer", post, "/v1/rooms/{room}/participants/{participant}/answer", none,
     body, closed, server},
    {delete_connection, "deleteConnection", delete_,
     "/v1/rooms/{room}/participants/{participant}/connections/{connection}", none, no_body, closed,
     server},
    {post_candidates, "postCandidates", post,
     "/v1/rooms/{room}/participants/{participant}/candidates", none, body, closed, server},
    {put_consent, "putConsent", put,
     "/v1/rooms/{room}/participants/{participant}/consents/{purpose}", none, body, closed,
     consenting},
    {withdraw_consent, "withdrawConsent", delete_,
     "/v1/rooms/{room}/participants/{participant}/consents/{purpose}", giver, no_body, closed,
     withdrawing},
    {post_consent_link, "postConsentLink", post,
     "/v1/rooms/{room}/participants/{participant}/consent-link", none, body, closed, linking},
    {put_notice, "putNotice", put, "/v1/rooms/{room}/participants/{participant}/notices/{purpose}",
     none, body, closed, server},
    {put_questions, "putQuestions", put, "/v1/rooms/{room}/participants/{participant}/questions",
     none, body, closed, server},
    {delete_questions, "deleteQuestions", delete_,
     "/v1/rooms/{room}/participants/{participant}/questions", none, no_body, closed, server},
    {put_purpose, "putPurpose", put, "/v1/rooms/{room}/purposes/{purpose}", none, body, closed,
     running},
    {delete_purpose, "deletePurpose", delete_, "/v1/rooms/{room}/purposes/{purpose}", none, no_body,
     closed, running},
    {get_receipts, "getReceipts", get, "/v1/rooms/{room}/participants/{participant}/receipts",
     receipt, no_body, closed, everyone | for_roles(Role::guardian)},
    {get_decision, "getDecision", get,
     "/v1/rooms/{room}/participants/{participant}/decisions/{purpose}", explain, no_body, closed,
     everyone},
    {find_receipts, "findReceipts", get, "/v1/receipts", whose_receipts, no_body, closed,
     for_roles(Role::privacy_officer)},
    {get_cdrs, "getCdrs", get, "/v1/cdrs", of_cdrs, no_body, closed, audit},
    {get_transfers, "getTransfers", get, "/v1/transfers", of_transfers, no_body, closed, audit},
    {get_exports, "getExports", get, "/v1/exports", none, no_body, closed, audit},
    {get_policy, "getPolicy", get, "/v1/policy", none, no_body, closed, staff},
    {put_policy, "putPolicy", put, "/v1/policy", dry_run, body, closed, audit,
     policy_body_bytes_max},
    {get_accepted_policy, "getAcceptedPolicy", get, "/v1/policies/{hash}", none, no_body, closed,
     staff},
    {get_events, "getEvents", get, "/v1/events", room, no_body, closed, staff},
    {get_ledger_checkpoint, "getLedgerCheckpoint", get, "/v1/ledger/checkpoint", none, no_body,
     closed, staff},
    // A public key: whoever holds a receipt needs it.
    {get_ledger_key, "getLedgerKey", get, "/v1/ledger/key", none, no_body, open, everyone},
    {get_subject, "getSubject", get, "/v1/subjects/{subject}", none, no_body, closed, officer},
    {patch_subject, "patchSubject", patch, "/v1/subjects/{subject}", none, body, closed, officer},
    {delete_subject, "deleteSubject", delete_, "/v1/subjects/{subject}", none, no_body, closed,
     officer},
    {post_retention, "postRetention", post, "/v1/retention", dry_run, no_body, closed, officer},
    {post_disclosure, "postDisclosure", post, "/v1/disclosures", none, body, closed, officer},
    {approve_disclosure, "approveDisclosure", post, "/v1/disclosures/{disclosure}/approvals", none,
     no_body, closed, officer},
    {get_aggregates, "getAggregates", get, "/v1/aggregates/{month}", none, no_body, closed, audit},
    {get_openapi, "getOpenapi", get, "/v1/openapi.json", none, no_body, open, everyone},
    {get_metrics, "getMetrics", get, "/metrics", none, no_body, closed, running},
    {get_health, "getHealth", get, "/healthz", none, no_body, open, everyone},
    {get_readiness, "getReadiness", get, "/readyz", none, no_body, open, everyone},
    {get_consent_page, "getConsentPage", get, "/consent/{token}", shown_page, no_body, open,
     everyone},
    {post_consent_page, "postConsentPage", post, "/consent/{token}", language_and_result, form,
     open, everyone, form_bytes_max},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i].operation != static_cast<Operation>(i)) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

std::span<const ApiRoute> api_routes() {
  return routes;
}

const ApiRoute& route_of(Operation operation) {
  return routes.at(static_cast<std::size_t>(operation));
}

}  // namespace assent::gateway

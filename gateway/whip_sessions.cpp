#include "gateway/whip_sessions.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http.hpp>
#include <utility>

#include "gateway/id.hpp"
#include "gateway/sha256.hpp"
#include "gateway/whip_answer.hpp"
#include "media/trickle.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::size_t ending_lanes = 64;  // sessions that end at the same time

std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view scheme = "Bearer ";
  if (!beast::iequals(authorization.substr(0, scheme.size()), scheme)) return {};
  return authorization.substr(scheme.size());
}

// Of what may be secret, or longer than an id.
std::string hashed_id(char kind, std::string_view what) {
  std::string id{kind, '-'};
  id += to_hex(sha256(what)).substr(0, id_bytes_max - id.size());
  return id;
}

WhipResponse no_session() {
  return whip_problem(make_problem(ProblemType::not_found, "There is no such session."));
}

}  // namespace

class WhipSessions::Use {
 public:
  Use(WhipSessions& of, Sessions::iterator at) : sessions_{of.sessions_}, at_{at} {
    ++at_->second.users;
  }
  ~Use() {
    if (--at_->second.users == 0 && at_->second.ended) sessions_.erase(at_);
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  Sessions& sessions_;
  Sessions::iterator at_;
};

bool WhipSessions::has(std::string_view id) const {
  const auto known = sessions_.find(id);
  return known != sessions_.end() && !known->second.ended;
}

// 130 bits: nobody can guess it.
std::string WhipSessions::new_name() const {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz234567";
  std::array<std::byte, 26> random{};
  parts_.entropy(random);
  std::string name;
  for (const auto byte : random)
    name += letters[std::to_integer<unsigned>(byte) & 31U];
  return name;
}

std::string WhipSessions::location_of(const std::string& id) const {
  std::string location = parts_.config.public_url;
  location += whip_session_path;
  location += id;
  return location;
}

WhipRequest WhipSessions::request(http::verb method, const std::string& target,
                                  const std::string& authorization) const {
  WhipRequest out;
  out.method(method);
  out.target(target);
  if (!authorization.empty()) out.set(http::field::authorization, authorization);
  return out;
}

// Said at the first time, the second, the fourth...: it may be often.
WhipResponse WhipSessions::unreachable() {
  ++unreachable_;
  if (std::has_single_bit(unreachable_))
    parts_.log.warning("whip.unreachable", {{"since_start", unreachable_}});
  return whip_problem(http::status::bad_gateway, "The server does not answer.");
}

Answered<std::string> WhipSessions::subject_of(const Asked& asked,
                                               const WhipRooms::Who& who) const {
  if (asked.rule->subject_of_token) {
    const auto token = bearer_token(asked.authorization);
    if (token.empty())
      return make_problem(ProblemType::unauthenticated, "This endpoint needs a bearer token.");
    return hashed_id('t', std::string("subject of a bearer token\n").append(token));
  }
  if (asked.place.participant.empty()) return who.second;
  std::string subject = who.first;
  subject += '-';
  subject += who.second;
  if (subject.size() <= id_bytes_max) return subject;
  return hashed_id('x', subject);
}

asio::awaitable<Answered<void>> WhipSessions::enter(Session& session, const Asked& asked) {
  WhipRooms::Who who{asked.place.room, asked.place.participant};
  if (who.first.empty()) who.first = asked.rule->room;
  if (who.second.empty()) who.second = "w-" + new_name();
  const auto subject = subject_of(asked, who);
  if (!subject) co_return subject.error();
  WhipRooms::Guest guest{who, *subject, asked.address};
  const auto entered = co_await parts_.rooms.enter(std::move(guest));
  if (entered) session.who = std::move(who);
  co_return entered;
}

asio::awaitable<WhipResponse> WhipSessions::begin(Asked asked) {
  const auto sound = check_whip_offer(asked.sdp, asked.rule->endpoint);
  if (!sound) co_return whip_problem(sound.error());
  if (sessions_.size() >= parts_.config.sessions_max) {
    co_return whip_problem(
        make_problem(ProblemType::exhausted, "This gateway holds no more sessions."));
  }
  const auto id = new_name();
  const auto at = sessions_.try_emplace(id, parts_.executor).first;
  const Use use{*this, at};
  Session& session = at->second;
  session.connection = "w-" + new_name();
  session.authorization = asked.authorization;
  const auto entered = co_await enter(session, asked);
  if (!entered) {
    session.ended = true;
    co_return whip_problem(entered.error());
  }
  auto response = co_await connect(session, std::move(asked));
  if (response.result() != http::status::created) {
    co_await tear_down(session, CauseForClosing::participant_left);
    co_return response;
  }
  response.set(http::field::location, location_of(id));
  co_return response;
}

asio::awaitable<WhipResponse> WhipSessions::connect(Session& session, Asked asked) {
  const auto room = parts_.conferences.find(session.who.first);
  if (!room) co_return whip_problem(room.error());
  const ConnectionName name{session.who.second, session.connection};
  const auto offer = co_await (*room)->offer(name, media::Side::client, asked.sdp, std::nullopt);
  if (!offer) co_return whip_problem(offer.error());
  auto post = request(http::verb::post, parts_.server.target_of(asked.target), asked.authorization);
  post.set(http::field::content_type, whip_sdp_type);
  post.set(http::field::accept, whip_sdp_type);
  post.body() = *offer;
  const auto said = co_await parts_.server.ask(std::move(post));
  if (!said) co_return unreachable();
  const auto& by_server = said->response;
  if (by_server.result_int() / 100 != 2) co_return whip_refusal_of(by_server);
  const auto location = by_server[http::field::location];
  if (!location.empty()) {
    session.at_server = parts_.server
                            .target_in({location.data(), location.size()}, said->target,
                                       WhipServer::Elsewhere::is_here)
                            .value_or("");
  }
  const auto type = by_server[http::field::content_type];
  if (!is_of_type({type.data(), type.size()}, whip_sdp_type)) co_return whip_refusal_of(by_server);
  const auto answer = co_await (*room)->answer(name, by_server.body());
  if (!answer) co_return whip_problem(http::status::bad_gateway, answer.error().detail);
  session.etag = '"' + new_name() + '"';
  session.offer = std::move(asked.sdp);
  session.answer = by_server.body();
  session.began = session.there = Clock::now();
  auto response = whip_status(http::status::created);
  response.set(http::field::content_type, whip_sdp_type);
  response.set(http::field::etag, session.etag);
  response.set("Accept-Patch", whip_fragment_type);
  for (const auto& link : ice_server_links(by_server))
    response.insert(http::field::link, link);
  response.body() = *answer;
  co_return response;
}

asio::awaitable<WhipResponse> WhipSessions::patch(std::string id, Patch patch) {
  const auto at = sessions_.find(id);
  if (at == sessions_.end()) co_return no_session();
  const Use use{*this, at};
  Session& session = at->second;
  const auto hold = co_await session.turn.take();
  if (session.ended) co_return no_session();
  const auto fragment = media::parse_sdp_fragment(patch.fragment);
  if (!fragment)
    co_return whip_problem(http::status::bad_request, media::to_string(fragment.error()));
  // RFC 9725 §4.3.1; RFC 6585 §3.
  if (patch.if_match.empty())
    co_return whip_problem(http::status::precondition_required,
                           "Say the entity tag of the ICE session in If-Match.");
  if (!if_match_holds(patch.if_match, session.etag))
    co_return whip_problem(http::status::precondition_failed,
                           "This is about another ICE session than the one at hand.");
  const auto ice = ice_words_of(patch.fragment);
  if (ice && ice != ice_words_of(session.offer))
    co_return co_await restart_ice(session, *ice, std::move(patch));
  const auto room = parts_.conferences.find(session.who.first);
  if (!room) co_return no_session();
  ConnectionName name{session.who.second, session.connection};
  auto candidates = fragment->candidates;
  const auto taken =
      co_await (*room)->trickle(std::move(name), media::Side::client, std::move(candidates));
  if (!taken) co_return whip_problem(taken.error());
  co_return whip_status(http::status::no_content);
}

// The client's new credentials are an offer here; the server hears of the gateway's own ones.
// Whatever stands in the way leaves the ICE session that there is (RFC 9725 §4.3.3).
asio::awaitable<WhipResponse> WhipSessions::restart_ice(Session& session, const IceWords& ice,
                                                        Patch patch) {
  const auto room = parts_.conferences.find(session.who.first);
  if (!room) co_return no_session();
  if (session.at_server.empty())
    co_return whip_problem(http::status::unprocessable_entity,
                           "The server has said no URL of its session: it cannot restart ICE.");
  const ConnectionName name{session.who.second, session.connection};
  auto offer = with_ice(session.offer, ice, candidate_lines_of(patch.fragment));
  const auto toward = co_await (*room)->offer(name, media::Side::client, offer, std::nullopt);
  if (!toward) co_return whip_problem(toward.error());
  auto asks = request(http::verb::patch, session.at_server, patch.authorization);
  asks.set(http::field::content_type, whip_fragment_type);
  asks.set(http::field::if_match, "*");
  asks.body() = ice_fragment_of(*toward);
  const auto said = co_await parts_.server.ask(std::move(asks));
  const bool restarted = said && said->response.result() == http::status::ok;
  const auto theirs = restarted ? ice_words_of(said->response.body()) : std::nullopt;
  if (!theirs) {
    co_await roll_back(session);
    if (!said) co_return unreachable();
    co_return whip_refusal_of(said->response);
  }
  auto answer = with_ice(session.answer, *theirs, candidate_lines_of(said->response.body()));
  const auto written = co_await (*room)->answer(name, answer);
  if (!written) {
    co_await roll_back(session);
    co_return whip_problem(http::status::bad_gateway, written.error().detail);
  }
  session.etag = '"' + new_name() + '"';
  session.offer = std::move(offer);
  session.answer = std::move(answer);
  auto response = whip_status(http::status::ok);
  response.set(http::field::content_type, whip_fragment_type);
  response.set(http::field::etag, session.etag);
  response.body() = ice_fragment_of(*written);
  co_return response;
}

asio::awaitable<void> WhipSessions::roll_back(const Session& session) {
  const auto room = parts_.conferences.find(session.who.first);
  if (!room) co_return;
  ConnectionName name{session.who.second, session.connection};
  const auto undone = co_await (*room)->roll_back_offer(std::move(name));
  (void)undone;  // it may be gone with its participant
}

asio::awaitable<std::optional<WhipResponse>> WhipSessions::delete_at_server(
    const Session& session, std::string authorization) {
  if (session.at_server.empty()) co_return std::nullopt;
  auto asks = request(http::verb::delete_, session.at_server, authorization);
  auto said = co_await parts_.server.ask(std::move(asks));
  if (!said) co_return std::nullopt;
  co_return std::move(said->response);
}

asio::awaitable<WhipResponse> WhipSessions::end(std::string id, std::string authorization) {
  const auto at = sessions_.find(id);
  if (at == sessions_.end()) co_return no_session();
  const Use use{*this, at};
  Session& session = at->second;
  const auto hold = co_await session.turn.take();
  if (session.ended) co_return no_session();
  const auto said = co_await delete_at_server(session, std::move(authorization));
  // Whether the client may is the server's to say; whatever else it says, the client goes.
  if (said &&
      (said->result() == http::status::unauthorized || said->result() == http::status::forbidden)) {
    co_return whip_refusal_of(*said);
  }
  session.at_server.clear();
  co_await tear_down(session, CauseForClosing::participant_left);
  co_return whip_status(http::status::ok);
}

asio::awaitable<void> WhipSessions::tear_down(Session& session, CauseForClosing cause) {
  session.ended = true;
  const auto room = parts_.conferences.find(session.who.first);
  if (room) {
    ConnectionName name{session.who.second, session.connection};
    const auto closed = co_await (*room)->close_connection(std::move(name));
    (void)closed;  // it may be gone with its participant
  }
  WhipRooms::Who who = session.who;
  co_await parts_.rooms.leave(std::move(who), cause);
  std::string authorization = session.authorization;
  const auto said = co_await delete_at_server(session, std::move(authorization));
  (void)said;  // a server that does not hear it finds that nobody consents any more (RFC 7675)
}

asio::awaitable<bool> WhipSessions::is_over(std::string id) {
  const auto at = sessions_.find(id);
  if (at == sessions_.end() || at->second.users != 0) co_return false;
  const Use use{*this, at};
  Session& session = at->second;
  const auto room = parts_.conferences.find(session.who.first);
  if (!room) co_return true;
  ConnectionName name{session.who.second, session.connection};
  const auto signs = co_await (*room)->signs_of_life(std::move(name));
  if (!signs) co_return true;  // somebody ended it by the API
  const auto now = Clock::now();
  if (signs->everybody_there) session.there = now;
  const auto heard = std::max(signs->media_heard, session.began);
  co_return now - session.there > parts_.config.lost_after ||
      now - heard > parts_.config.silent_after;
}

asio::awaitable<void> WhipSessions::sweep() {
  std::vector<std::string> all;
  for (const auto& [id, session] : sessions_)
    all.push_back(id);
  std::vector<std::string> over;
  for (const auto& id : all) {
    const bool ends = co_await is_over(id);
    if (ends) over.push_back(id);
  }
  co_await end_these(std::move(over), CauseForClosing::media_timeout);
}

asio::awaitable<void> WhipSessions::end_all() {
  std::vector<std::string> all;
  for (const auto& [id, session] : sessions_)
    all.push_back(id);
  co_await end_these(std::move(all), CauseForClosing::shutdown);
}

asio::awaitable<void> WhipSessions::end_one(std::string id, CauseForClosing cause) {
  const auto at = sessions_.find(id);
  if (at == sessions_.end()) co_return;
  const Use use{*this, at};
  const auto hold = co_await at->second.turn.take();
  if (!at->second.ended) co_await tear_down(at->second, cause);
}

asio::awaitable<void> WhipSessions::end_these(std::vector<std::string> ids, CauseForClosing cause) {
  std::size_t next = 0;
  std::size_t lanes = std::min(ending_lanes, ids.size());
  if (lanes == 0) co_return;
  asio::steady_timer done{parts_.executor, asio::steady_timer::time_point::max()};
  const auto lane = [&]() -> asio::awaitable<void> {
    while (next < ids.size())
      co_await end_one(ids[next++], cause);
    if (--lanes == 0) done.cancel();
  };
  for (std::size_t i = lanes; i > 0; --i)
    asio::co_spawn(parts_.executor, lane(), asio::detached);
  boost::system::error_code all_ended;
  while (lanes != 0)
    co_await done.async_wait(asio::redirect_error(asio::use_awaitable, all_ended));
}

}  // namespace assent::gateway

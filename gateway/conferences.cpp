#include "gateway/conferences.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "gateway/opt_outs.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

// Names one holding of a room; nobody can guess it.
std::string new_session(const media::Entropy& entropy) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz234567";
  std::array<std::byte, 16> random{};
  entropy(random);
  std::string session;
  for (const auto byte : random)
    session += letters[std::to_integer<unsigned>(byte) & 31U];
  return session;
}

// Rooms that move at the same time: they share the syncs of the disk, and leave room in its queue.
constexpr std::size_t adoption_lanes = 256;

struct Adoption {
  std::vector<std::shared_ptr<Conference>> conferences;
  std::shared_ptr<const policy::RuleBook> rules;
  asio::steady_timer done;
  std::size_t next = 0;
  std::size_t lanes = 0;
  AdoptedRules sum{};
};

asio::awaitable<void> move_rooms(Adoption& adoption) {
  while (adoption.next < adoption.conferences.size()) {
    const auto conference = adoption.conferences[adoption.next++];
    const auto adopted = co_await conference->adopt(adoption.rules);
    adoption.sum.rooms += adopted.rooms;
    adoption.sum.on += adopted.on;
    adoption.sum.unrecorded += adopted.unrecorded;
  }
  if (--adoption.lanes == 0) adoption.done.cancel();
}

}  // namespace

Conferences::Conferences(asio::any_io_executor executor, ConferenceServices& services,
                         std::vector<std::unique_ptr<MediaWorker>>& workers)
    : executor_{std::move(executor)}, services_{services}, workers_{workers} {}

Answered<policy::Tightening> Conferences::judge_layer_of_tenant(const std::string& tenant,
                                                                const PolicyLayer& layer) const {
  const policy::RuleBook& rules = services_.policy.now().rules;
  const auto above = rules.tenants.find(tenant);
  return judge_layer(layer, rules,
                     above == rules.tenants.end() ? policy::Tightening{} : above->second);
}

asio::awaitable<Answered<std::shared_ptr<Conference>>> Conferences::put(std::string room,
                                                                        std::string tenant,
                                                                        PolicyLayer layer) {
  auto judged = judge_layer_of_tenant(tenant, layer);
  if (!judged) co_return judged.error();
  const auto known = rooms_.find(room);
  if (known != rooms_.end() && !known->second->is_closed()) {
    if (known->second->identity().tenant != tenant) {
      co_return make_problem(ProblemType::conflict,
                             "The room is open for another tenant. DELETE it first.", "/tenant");
    }
    if (known->second->identity().layer != *judged) {
      co_return make_problem(ProblemType::conflict,
                             "The room was opened with another layer of policy. PATCH the room to "
                             "tighten it; nothing loosens it while it is open.",
                             "/policy");
    }
    co_return known->second;
  }
  if (rooms_.size() >= rooms_max) {
    co_return make_problem(ProblemType::exhausted, "This gateway holds no more rooms.");
  }
  const media::RoomKey key{++last_key_};
  Conference::Identity identity{room, new_session(services_.entropy), std::move(tenant),
                                std::move(*judged), key};
  auto conference =
      std::make_shared<Conference>(executor_, services_, least_busy_worker(), std::move(identity));
  rooms_[room] = conference;
  by_key_[key] = conference;
  const auto opened = co_await conference->open();
  if (!opened) {
    rooms_.erase(room);
    by_key_.erase(key);
    co_return opened.error();
  }
  services_.publish("room_opened", room, "{\"room\":\"" + room + "\"}");
  co_return conference;
}

Answered<std::shared_ptr<Conference>> Conferences::find(std::string_view room) const {
  const auto known = rooms_.find(room);
  if (known == rooms_.end()) {
    return make_problem(ProblemType::not_found, "No such room. PUT it first.");
  }
  return known->second;
}

asio::awaitable<Answered<void>> Conferences::close(std::string room, CauseForClosing cause) {
  const auto known = rooms_.find(room);
  if (known == rooms_.end()) co_return make_problem(ProblemType::not_found, "No such room.");
  const auto conference = known->second;
  co_await conference->close(cause);
  by_key_.erase(conference->identity().key);
  const auto still = rooms_.find(room);
  if (still != rooms_.end() && still->second == conference) rooms_.erase(still);
  services_.publish("room_closed", room, "{\"room\":\"" + room + "\"}");
  co_return Answered<void>{};
}

asio::awaitable<void> Conferences::close_all(CauseForClosing cause) {
  while (!rooms_.empty()) {
    const auto closed = co_await close(rooms_.begin()->first, cause);
    (void)closed;  // there is nothing that could refuse
  }
}

std::vector<std::shared_ptr<Conference>> Conferences::all() const {
  std::vector<std::shared_ptr<Conference>> conferences;
  for (const auto& [id, conference] : rooms_)
    conferences.push_back(conference);
  return conferences;
}

asio::awaitable<AdoptedRules> Conferences::preview(const policy::RuleBook& rules) const {
  AdoptedRules sum;
  for (const auto& conference : all()) {
    if (conference->is_closed()) continue;
    ++sum.rooms;
    sum.on += conference->preview(rules);
    co_await asio::post(executor_, asio::use_awaitable);  // others wait for the control thread, too
  }
  co_return sum;
}

asio::awaitable<AdoptedRules> Conferences::adopt(std::shared_ptr<const policy::RuleBook> rules) {
  Adoption adoption{all(), std::move(rules), asio::steady_timer{executor_}};
  adoption.done.expires_at(asio::steady_timer::time_point::max());
  adoption.lanes = std::min(adoption_lanes, adoption.conferences.size());
  if (adoption.lanes == 0) co_return adoption.sum;
  for (std::size_t lane = adoption.lanes; lane > 0; --lane)
    asio::co_spawn(executor_, move_rooms(adoption), asio::detached);
  boost::system::error_code all_moved;
  if (adoption.lanes != 0) {
    co_await adoption.done.async_wait(asio::redirect_error(asio::use_awaitable, all_moved));
  }
  co_await heed_opt_outs();  // there may be new purposes
  co_return adoption.sum;
}

void Conferences::review_permits() {
  for (auto& conference : all())
    asio::co_spawn(
        executor_,
        [](std::shared_ptr<Conference> of) -> asio::awaitable<void> {
          co_await of->review_permits();
        }(std::move(conference)),
        asio::detached);
}

asio::awaitable<Answered<std::vector<PersonInSession>>> Conferences::erase(std::string subject) {
  std::vector<PersonInSession> all;
  for (const auto& conference : this->all()) {
    const auto persons = co_await conference->erase(subject);
    if (!persons) co_return persons.error();
    all.insert(all.end(), persons->begin(), persons->end());
  }
  co_return all;
}

asio::awaitable<Answered<void>> Conferences::opt_out_of_sale(std::string subject) {
  for (const auto& conference : all()) {
    for (const auto& participant : conference->participants()) {
      const auto* known = conference->known_of(participant);
      if (known == nullptr || known->subject != subject) continue;
      ParticipantChange what;
      what.sale_opt_out = true;
      const auto changed = co_await conference->change(participant, std::move(what));
      const bool gone = !changed && changed.error().type == ProblemType::not_found;
      if (!changed && !gone) co_return changed.error();
    }
  }
  co_return Answered<void>{};
}

asio::awaitable<void> Conferences::heed_opt_outs() {
  const auto rules = services_.policy.rules();
  for (const auto& conference : all()) {
    for (const auto& participant : conference->participants()) {
      const auto* known = conference->known_of(participant);
      if (known == nullptr) continue;
      auto change = services_.opt_outs.change_of(*known, *rules);
      if (!change) continue;
      // It restricts: in effect, also where it cannot be recorded now.
      const auto changed = co_await conference->change(participant, *std::move(change));
      (void)changed;
    }
  }
}

void Conferences::on_relay_events(const std::vector<media::RelayEvent>& events) {
  for (const auto& event : events) {
    const auto key = std::visit([](const auto& what) { return what.room; }, event);
    const auto known = by_key_.find(key);
    if (known == by_key_.end()) continue;
    if (const auto conference = known->second.lock()) conference->on_relay_event(event);
  }
}

std::size_t Conferences::participants() const {
  std::size_t count = 0;
  for (const auto& [id, conference] : rooms_)
    count += conference->participants().size();
  return count;
}

MediaWorker& Conferences::least_busy_worker() {
  std::vector<std::size_t> rooms(workers_.size());
  for (const auto& [id, conference] : rooms_)
    ++rooms[conference->worker().index()];
  const auto least = std::min_element(rooms.begin(), rooms.end()) - rooms.begin();
  return *workers_[static_cast<std::size_t>(least)];
}

}  // namespace assent::gateway

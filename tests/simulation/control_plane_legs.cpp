// What offer and answer do to the relay's legs.
#include <algorithm>
#include <utility>

#include "tests/simulation/control_plane.hpp"

namespace assent::simulation {

Line& ControlPlane::add_line(Hall& hall, Member& member, media::Side side, bool secure) {
  const LegSerial serial{++serials_};
  auto line = std::make_unique<Line>();
  line->serial = serial;
  line->person = member.person;
  line->room = hall.key;
  line->config = any_config(world_.dice, member.source, side, secure);
  settle_peer(*line, {});
  // Two media sections may carry one SSRC: each is a session of its own (RFC 3550 §8.1).
  std::optional<media::Ssrc> same;
  const bool again = side == media::Side::client && !member.clients.empty();
  if (again && world_.dice.chance(150)) {
    same = world_.lines.at(member.clients.front())->talks.back().ssrc;
  }
  begin_talk(world_.dice, *line, same);
  line->config.signalled_ssrcs = signalled(*line);
  line->leg = world_.relay.add_leg(line->config);
  world_.oracle.leg_added(*line);
  return *world_.lines.emplace(serial, std::move(line)).first->second;
}

void ControlPlane::add_legs(Hall& hall, Member& member) {
  settle(member);
  Line& client = add_line(hall, member, media::Side::client, world_.dice.chance(400));
  Line& server = add_line(hall, member, media::Side::server, world_.dice.chance(300));
  client.opposite = server.serial;
  server.opposite = client.serial;
  world_.relay.connect(client.leg, server.leg);
  member.clients.push_back(client.serial);
}

// The description names what the peer sends, or nothing, or what it will send later.
std::vector<media::Ssrc> ControlPlane::signalled(const Line& line) {
  std::vector<media::Ssrc> ssrcs;
  if (world_.dice.chance(500)) ssrcs.push_back(line.talks.back().ssrc);
  if (world_.dice.chance(200)) {
    ssrcs.push_back(media::Ssrc{static_cast<std::uint32_t>(world_.dice.below(4))});
  }
  return ssrcs;
}

void ControlPlane::change_legs(Member& member, LegSerial serial) {
  Line& line = *world_.lines.at(serial);
  settle(member);
  const media::LegConfig before = line.config;
  media::LegConfig after = any_config(world_.dice, member.source, before.side, line.is_secure());
  after.rtcp_mux = before.rtcp_mux;
  const bool stays = world_.dice.chance(600);
  after.remote_rtcp = stays ? before.remote_rtcp : after.remote_rtp;
  if (!stays && !after.rtcp_mux) ++after.remote_rtcp.port;
  if (stays) after.remote_rtp = before.remote_rtp;
  if (line.is_secure() && world_.dice.chance(600)) {
    after.receive_key = before.receive_key;
    after.send_key = before.send_key;
  }
  line.config = std::move(after);
  line.config.signalled_ssrcs = signalled(line);
  settle_peer(line, before);
  world_.relay.reconfigure_leg(line.leg, line.config);
  world_.oracle.leg_changed(line);
}

void ControlPlane::remove_legs(Member& member, LegSerial client) {
  if (world_.fault != Fault::removes_legs_unsettled) settle(member);
  for (const auto serial : {client, world_.lines.at(client)->opposite}) {
    world_.oracle.leg_removed(now_, *world_.lines.at(serial));
    world_.relay.remove_leg(world_.lines.at(serial)->leg);
    world_.lines.erase(serial);
  }
  std::erase(member.clients, client);
}

void ControlPlane::remove_member(Hall& hall, const std::string& id) {
  Member& member = hall.members.at(id);
  settle(member);
  for (const auto client : member.clients) {
    for (const auto serial : {client, world_.lines.at(client)->opposite}) {
      world_.oracle.leg_removed(now_, *world_.lines.at(serial));
      world_.lines.erase(serial);
    }
  }
  world_.relay.remove_source(member.source);
  hall.members.erase(id);
}

}  // namespace assent::simulation

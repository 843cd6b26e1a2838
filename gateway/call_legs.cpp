#include "gateway/call_legs.hpp"

#include <algorithm>
#include <utility>

namespace assent::gateway {
namespace {

constexpr std::array both_sides{media::Side::client, media::Side::server};

constexpr std::size_t index(media::Side side) {
  return static_cast<std::size_t>(side);
}

Problem problem_of(const media::SdpError& error) {
  return make_problem(ProblemType::invalid_value, media::to_string(error), "/sdp");
}

media::LegConfig config_of(const media::LegPlan& plan, media::SourceId source, media::Side side,
                           bool latching) {
  media::LegConfig config;
  config.source = source;
  config.side = side;
  config.receive_key = plan.receive_key;
  config.send_key = plan.send_key;
  config.remote_rtp = plan.remote_rtp;
  config.remote_rtcp = plan.remote_rtcp;
  config.rtcp_mux = plan.rtcp_mux;
  config.peer_listens = media::receives(plan.direction);
  config.latching = latching && side == media::Side::client && !plan.is_secure();
  config.payload_types = plan.payload_types;
  config.takes = plan.takes;
  for (const auto& source_line : plan.sources)
    config.signalled_ssrcs.push_back(source_line.ssrc);
  return config;
}

}  // namespace

CallLegs::CallLegs(PortRange& ports, LegAddresses addresses, media::CipherPolicy toward_server,
                   media::Entropy entropy)
    : ports_{ports},
      addresses_{std::move(addresses)},
      entropy_{std::move(entropy)},
      negotiation_{media::CipherPolicy{}, std::move(toward_server)} {}

const LegAddress* CallLegs::address_for(std::string_view sdp) const {
  // Which family is meant an offerer says with its first c= line.
  const auto connection = sdp.find("\nc=IN IP");
  const bool v6 = connection != std::string_view::npos && sdp.substr(connection + 9, 1) == "6";
  const auto found =
      std::find_if(addresses_.begin(), addresses_.end(),
                   [v6](const LegAddress& address) { return address.bind.is_v4() != v6; });
  return found == addresses_.end() ? nullptr : &*found;
}

Answered<void> CallLegs::open_ports(std::span<const std::size_t> needed, media::Side offerer,
                                    std::string_view sdp) {
  const LegAddress* toward_offerer = address_for(sdp);
  if (toward_offerer == nullptr) {
    return make_problem(ProblemType::refused_by_policy,
                        "The offer is of an address family in which this gateway does not listen. "
                        "Add an address of it to media.addresses, or offer the other family.",
                        "/sdp");
  }
  for (const auto position : needed) {
    if (sections_.size() <= position) sections_.resize(position + 1);
    Section& section = sections_[position];
    for (const auto side : both_sides) {
      auto& opened = section.opened[index(side)];
      if (opened) continue;
      const LegAddress& address = side == offerer ? *toward_offerer : addresses_.front();
      opened = ports_.open(address.bind);
      if (!opened) {
        return make_problem(ProblemType::exhausted,
                            "No pair of media ports is free. Widen media.port_range, or wait for "
                            "calls to end.");
      }
      media::LocalTransport& local = section.local[index(side)];
      local = {address.announce, address.announce};
      local.rtp.port = opened->ports.rtp.local().port;
      local.rtcp.port = opened->ports.rtcp->local().port;
    }
  }
  return {};
}

// A socket of one family cannot send to the other.
Answered<void> CallLegs::check_families() const {
  const auto plans = negotiation_.legs();
  for (std::size_t i = 0; i < sections_.size() && i < plans.size(); ++i) {
    for (const auto side : both_sides) {
      const auto& remote = plans[i].leg(side).remote_rtp;
      const auto& local = sections_[i].local[index(side)].rtp;
      if (plans[i].active && remote.is_set() && remote.is_v4() != local.is_v4()) {
        return make_problem(ProblemType::refused_by_policy,
                            "The answer is of another address family than the leg that listens "
                            "for it. Put the family that the servers use first in "
                            "media.addresses.",
                            "/sdp");
      }
    }
  }
  return {};
}

std::vector<media::LocalTransport> CallLegs::transports(media::Side side) const {
  std::vector<media::LocalTransport> all(media::sdp_media_max);
  for (std::size_t i = 0; i < sections_.size(); ++i)
    all[i] = sections_[i].local[index(side)];
  return all;
}

Answered<std::string> CallLegs::offer(media::Side from, std::string_view sdp,
                                      std::optional<media::Profile> toward_other_side) {
  const auto needed = negotiation_.receive_offer(from, sdp);
  if (!needed) return problem_of(needed.error());
  if (auto opened = open_ports(*needed, from, sdp); !opened) {
    roll_back();
    return opened.error();
  }
  auto written =
      negotiation_.write_offer(toward_other_side, transports(media::other(from)), entropy_);
  if (!written) {
    roll_back();
    return problem_of(written.error());
  }
  return std::move(*written);
}

bool CallLegs::roll_back() {
  if (!negotiation_.roll_back()) return false;
  for (auto& section : sections_) {
    if (!section.legs[0]) section = Section{};
  }
  return true;
}

Answered<std::string> CallLegs::answer(std::string_view sdp) {
  const auto offerer = negotiation_.last_offerer();
  if (!offerer) {
    return make_problem(ProblemType::conflict, "There is no offer to answer. POST one first.");
  }
  if (const auto taken = negotiation_.receive_answer(sdp); !taken) {
    return problem_of(taken.error());
  }
  auto written = negotiation_.write_answer(transports(*offerer), entropy_);
  if (!written) return problem_of(written.error());
  if (const auto fits = check_families(); !fits) return fits.error();
  return std::move(*written);
}

std::vector<LegChange> CallLegs::changes(media::SourceId source, bool latching) {
  std::vector<LegChange> changes;
  const auto plans = negotiation_.legs();
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    Section& section = sections_[i];
    const bool active = i < plans.size() && plans[i].active;
    const bool exists = section.legs[0].has_value();
    if (!active && !exists) continue;
    LegChange change;
    change.section = i;
    change.what = !active  ? LegChange::What::remove
                  : exists ? LegChange::What::reconfigure
                           : LegChange::What::add;
    for (const auto side : both_sides) {
      change.legs[index(side)] = section.legs[index(side)];
      if (!active) continue;
      const auto& plan = plans[i].leg(side);
      change.configs[index(side)] = config_of(plan, source, side, latching);
      change.transports[index(side)] = to_string(plan.profile);
      if (!exists) change.ports[index(side)] = std::move(section.opened[index(side)]->ports);
    }
    if (active) change.media = plans[i].kind == media::MediaKind::video ? "video" : "audio";
    changes.push_back(std::move(change));
  }
  return changes;
}

void CallLegs::added(std::size_t section, media::LegId client, media::LegId server) {
  sections_[section].legs[0] = client;
  sections_[section].legs[1] = server;
}

void CallLegs::removed(std::size_t section) {
  sections_[section] = Section{};
}

bool CallLegs::has_plain_leg(media::Side side) const {
  for (const auto& plan : negotiation_.legs()) {
    if (plan.active && !plan.leg(side).is_secure()) return true;
  }
  return false;
}

}  // namespace assent::gateway

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

std::string_view word_of(media::MediaKind kind) {
  if (kind == media::MediaKind::data) return "data";
  return kind == media::MediaKind::video ? "video" : "audio";
}

// Adds one m-section to what its transport carries.
void carry(media::LegConfig& config, const media::MediaPlan& media, media::Side side,
           media::SectionId section) {
  const auto& plan = media.leg(side);
  if (media.kind == media::MediaKind::data) {
    config.data = section;
    config.sections_on_hold |= std::uint32_t{1} << section;  // of RTP it takes none
    return;
  }
  for (std::size_t type = 0; type < plan.payload_types.size(); ++type) {
    if (plan.payload_types[type] == media::Codec::none) continue;
    config.payload_types[type] = plan.payload_types[type];
    config.takes[type] = plan.takes[type];
    config.bundle.payload_types[type] = section;
  }
  for (const auto& source : plan.sources) {
    config.signalled_ssrcs.push_back(source.ssrc);
    config.bundle.ssrcs.emplace_back(source.ssrc, section);
  }
  // In a BUNDLE an id means the same everywhere (RFC 8859, extmap).
  for (std::size_t i = 0; i < plan.extension_ids.size(); ++i)
    if (config.extension_ids[i] == 0) config.extension_ids[i] = plan.extension_ids[i];
  if (media::receives(plan.direction)) {
    config.peer_listens = true;
  } else {
    config.sections_on_hold |= std::uint32_t{1} << section;
  }
}

// The m-section whose RTP profile, header extensions and unknown payload types speak for all that
// one transport carries: data channels have none of these.
std::size_t speaker_of(std::span<const media::MediaPlan> plans,
                       const std::vector<std::size_t>& carried) {
  const auto rtp = std::find_if(carried.begin(), carried.end(), [plans](std::size_t section) {
    return plans[section].kind != media::MediaKind::data;
  });
  return rtp == carried.end() ? carried.front() : *rtp;
}

// Without a name of its generation it is of the one that is agreed.
bool is_of(const media::Trickled& trickled, const media::IceCredentials& remote) {
  return trickled.ufrag.empty() || trickled.ufrag == remote.ufrag;
}

}  // namespace

CallLegs::CallLegs(PortRange& ports, LegAddresses addresses, WebRtcDoors webrtc,
                   media::CipherPolicy toward_server, media::Entropy entropy)
    : ports_{ports},
      addresses_{std::move(addresses)},
      webrtc_{webrtc},
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

Answered<void> CallLegs::open_transports(std::span<const std::size_t> needed, media::Side offerer,
                                         std::string_view sdp,
                                         std::optional<media::Profile> toward) {
  const LegAddress* toward_offerer = address_for(sdp);
  for (const auto position : needed) {
    if (!negotiation_.passes(position, toward)) continue;
    if (sections_.size() <= position) sections_.resize(position + 1);
    Section& section = sections_[position];
    for (const auto side : both_sides) {
      const bool dtls = media::has_dtls(negotiation_.profile_toward(side, position, toward));
      const LegAddress* address = side == offerer ? toward_offerer : &addresses_.front();
      const auto opened =
          dtls ? open_webrtc(section, position, side, address) : open_ports(section, side, address);
      if (!opened) return opened.error();
    }
  }
  return {};
}

Answered<void> CallLegs::open_ports(Section& section, media::Side side, const LegAddress* address) {
  auto& opened = section.opened[index(side)];
  if (opened) return {};
  if (address == nullptr) {
    return make_problem(ProblemType::refused_by_policy,
                        "The offer is of an address family in which this gateway does not listen. "
                        "Add an address of it to media.addresses, or offer the other family.",
                        "/sdp");
  }
  opened = ports_.open(address->bind);
  if (!opened) {
    return make_problem(ProblemType::exhausted,
                        "No pair of media ports is free. Widen media.port_range, or wait for "
                        "calls to end.");
  }
  media::LocalTransport& local = section.local[index(side)];
  local = {address->announce, address->announce};
  local.rtp.port = opened->ports.rtp.local().port;
  local.rtcp.port = opened->ports.rtcp->local().port;
  return {};
}

// Toward clients no port of its own: the worker's, and credentials to be told apart by. Toward a
// server one of its own, for servers have one address for many of us.
Answered<void> CallLegs::open_webrtc(Section& section, std::size_t position, media::Side side,
                                     const LegAddress* address) {
  auto& identity = section.identity[index(side)];
  if (!identity) identity = webrtc_.certificates.current(std::chrono::system_clock::now());
  if (!identity || webrtc_.candidates.empty()) {
    return make_problem(ProblemType::exhausted,
                        "No certificate could be made: see what the system says of its "
                        "cryptography and entropy.");
  }
  media::LocalTransport& local = section.local[index(side)];
  if (media::is_lite_toward(side)) {
    local = {webrtc_.candidates.front(), {}};
  } else if (!section.legs[index(side)]) {
    if (const auto opened = open_ports(section, side, address); !opened) return opened.error();
    local.rtcp = {};
    section.opened[index(side)]->ports.rtcp.reset();
  }
  const auto& agreed = section.agreed[index(side)];
  // RFC 8445 §9: an answer to a restart restarts.
  const bool keeps = agreed && !negotiation_.restarts_ice(position);
  local.webrtc = {keeps ? agreed->ice : media::make_ice_credentials(entropy_),
                  identity->fingerprint(),
                  media::is_lite_toward(side) ? webrtc_.candidates : std::vector{local.rtp}};
  return {};
}

// What the answer says of where peers are, against what can be done about it.
Answered<void> CallLegs::check_remotes() const {
  if (const auto fits = check_families(); !fits) return fits.error();
  return check_checks();
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

// Toward servers: some candidate may be checked, unless none is known yet.
Answered<void> CallLegs::check_checks() const {
  const auto plans = negotiation_.legs();
  for (std::size_t i = 0; i < sections_.size() && i < plans.size(); ++i) {
    const auto& leg = plans[i].server;
    if (!plans[i].active || !leg.webrtc || leg.bundled_with != i) continue;
    const auto& said = leg.webrtc->remote.candidates;
    const auto allowed = [this](const media::IceCandidate& candidate) {
      return webrtc_.may_check.allows(candidate.endpoint);
    };
    if (!said.empty() && std::none_of(said.begin(), said.end(), allowed)) {
      return make_problem(ProblemType::refused_by_policy,
                          "Every candidate of the server's is an address that this gateway does "
                          "not send checks to, such as " +
                              media::address_text(said.front().endpoint) +
                              ". Add the servers' network to media.candidate_networks.",
                          "/sdp");
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
  const auto opened = open_transports(*needed, from, sdp, toward_other_side);
  if (!opened) {
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
    for (const auto side : both_sides)
      section.local[index(side)].webrtc = section.agreed[index(side)];
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
  if (const auto fits = check_remotes(); !fits) return fits.error();
  return std::move(*written);
}

std::vector<std::size_t> CallLegs::carried_by(std::size_t carrier, media::Side side) const {
  std::vector<std::size_t> carried;
  const auto plans = negotiation_.legs();
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (plans[i].active && plans[i].leg(side).bundled_with == carrier) carried.push_back(i);
  }
  return carried;
}

// The transport of a BUNDLE goes on as long as one of its m-sections does (RFC 8843 §7.5).
std::optional<media::LegId> CallLegs::standing(std::size_t carrier, media::Side side) const {
  if (const auto& own = sections_[carrier].legs[index(side)]) return own;
  for (const auto section : carried_by(carrier, side)) {
    if (const auto& leg = sections_[section].legs[index(side)]) return leg;
  }
  return std::nullopt;
}

std::optional<media::WebRtcConfig> CallLegs::webrtc_of(std::size_t carrier,
                                                       media::Side side) const {
  const auto plans = negotiation_.legs();
  const auto& plan = plans[carrier].leg(side).webrtc;
  const auto& identity = sections_[carrier].identity[index(side)];
  if (!plan || !identity) return std::nullopt;
  const auto& remote = plan->remote;
  media::WebRtcConfig config{plan->local, remote.ice.ufrag, plan->role, remote.fingerprints,
                             *identity};
  if (media::is_lite_toward(side)) return config;
  auto& full = config.full.emplace();
  full.remote_password = remote.ice.password;
  full.remote_is_lite = remote.is_lite;
  // RFC 8445 §6.1.1
  full.role = plan->we_offered ? media::IceRole::controlling : media::IceRole::controlled;
  full.bases.push_back(sections_[carrier].local[index(side)].rtp);
  full.entropy = entropy_;
  for (const auto& candidate : remote.candidates) {
    if (webrtc_.may_check.allows(candidate.endpoint)) full.candidates.push_back(candidate);
  }
  for (const auto& trickled : sections_[carrier].trickled) {
    if (is_of(trickled, remote.ice)) full.candidates.push_back(*trickled.candidate);
  }
  return config;
}

media::LegConfig CallLegs::config_of(std::size_t carrier, media::Side side, media::SourceId source,
                                     bool latching) const {
  const auto plans = negotiation_.legs();
  const auto& plan = plans[carrier].leg(side);
  media::LegConfig config;
  config.source = source;
  config.side = side;
  config.receive_key = plan.receive_key;
  config.send_key = plan.send_key;
  config.remote_rtp = plan.remote_rtp;
  config.remote_rtcp = plan.remote_rtcp;
  config.rtcp_mux = plan.rtcp_mux;
  config.latching = latching && side == media::Side::client && !plan.is_secure();
  config.webrtc = webrtc_of(carrier, side);
  config.peer_listens = false;
  const auto carried = carried_by(carrier, side);
  const auto speaker = speaker_of(plans, carried);
  config.bundle.payload_types.fill(static_cast<media::SectionId>(speaker));
  for (const auto section : carried)
    carry(config, plans[section], side, static_cast<media::SectionId>(section));
  if (config.webrtc && plans[speaker].kind == media::MediaKind::data)
    config.webrtc->use = media::DtlsUse::messages;
  if (carried.size() < 2) return config;
  config.bundle.mid_extension = plans[speaker].leg(side).mid_extension;
  config.bundle.mids.resize(plans.size());
  for (const auto section : carried)
    config.bundle.mids[section] = plans[section].mid;
  return config;
}

void CallLegs::add_changes(media::Side side, media::SourceId source, bool latching,
                           LegChanges& out) {
  const auto plans = negotiation_.legs();
  std::vector<media::LegId> kept;
  for (std::size_t i = 0; i < plans.size() && i < sections_.size(); ++i) {
    if (!plans[i].active || plans[i].leg(side).bundled_with != i) continue;
    LegChange change;
    change.side = side;
    change.carrier = i;
    change.leg = standing(i, side);
    change.what = change.leg ? LegChange::What::reconfigure : LegChange::What::add;
    change.config = config_of(i, side, source, latching);
    const auto carried = carried_by(i, side);
    change.transport = to_string(plans[speaker_of(plans, carried)].leg(side).profile);
    for (const auto section : carried) {
      const std::string word{word_of(plans[section].kind)};
      if (change.media.find(word) != std::string::npos) continue;
      change.media += (change.media.empty() ? "" : "+") + word;
    }
    auto& opened = sections_[i].opened[index(side)];
    if (!change.leg && opened) change.ports = std::move(opened->ports);
    if (change.leg) kept.push_back(*change.leg);
    out.changes.push_back(std::move(change));
  }
  add_removals(side, kept, out);
}

void CallLegs::add_removals(media::Side side, const std::vector<media::LegId>& kept,
                            LegChanges& out) const {
  std::vector<media::LegId> gone;
  for (const auto& section : sections_) {
    const auto& leg = section.legs[index(side)];
    const auto is = [&leg](media::LegId other) { return leg == other; };
    if (!leg || std::any_of(kept.begin(), kept.end(), is) ||
        std::any_of(gone.begin(), gone.end(), is))
      continue;
    gone.push_back(*leg);
    LegChange change;
    change.what = LegChange::What::remove;
    change.side = side;
    change.leg = leg;
    out.changes.push_back(std::move(change));
  }
}

Answered<CallLegs::Taken> CallLegs::trickle(media::Side from,
                                            std::span<const media::Trickled> said) {
  if (!negotiation_.last_offerer() && !has_legs()) {
    return make_problem(ProblemType::conflict,
                        "There is no offer that these candidates could belong to. POST one first.");
  }
  Taken taken;
  if (media::is_lite_toward(from)) return taken;
  for (const auto& trickled : said) {
    if (!trickled.candidate || !webrtc_.may_check.allows(trickled.candidate->endpoint)) continue;
    const auto at = section_of(trickled);
    if (!at) continue;
    auto& kept = sections_[*at].trickled;
    if (kept.size() >= media::ice_candidates_max) continue;
    kept.push_back(trickled);
    ++taken.count;
    const auto& plans = negotiation_.legs();
    const auto& leg = sections_[*at].legs[index(from)];
    if (leg && plans[*at].server.webrtc && is_of(trickled, plans[*at].server.webrtc->remote.ice))
      taken.now.emplace_back(*leg, *trickled.candidate);
  }
  return taken;
}

// What is bundled already is reached by what carries it.
std::optional<std::size_t> CallLegs::section_of(const media::Trickled& trickled) const {
  const auto at = trickled.mid.empty() ? std::optional{trickled.section}
                                       : negotiation_.section_of(trickled.mid);
  if (!at || *at >= sections_.size()) return std::nullopt;
  const auto plans = negotiation_.legs();
  const bool agreed = *at < plans.size() && plans[*at].active && plans[*at].server.webrtc;
  return agreed ? plans[*at].server.bundled_with : *at;
}

// Those of the generation that is agreed now stay, and it has a name.
void CallLegs::settle_trickled(std::size_t section) {
  auto& kept = sections_[section].trickled;
  const auto& plan = negotiation_.legs()[section].server.webrtc;
  if (!plan) return kept.clear();
  std::erase_if(kept, [&plan](const media::Trickled& trickled) {
    return !is_of(trickled, plan->remote.ice);
  });
  for (auto& trickled : kept)
    trickled.ufrag = plan->remote.ice.ufrag;
}

LegChanges CallLegs::changes(media::SourceId source, bool latching) {
  LegChanges out;
  for (const auto side : both_sides)
    add_changes(side, source, latching, out);
  const auto plans = negotiation_.legs();
  for (std::size_t i = 0; i < plans.size() && i < sections_.size(); ++i) {
    Section& section = sections_[i];
    if (!plans[i].active) {
      leave(i);
      continue;
    }
    auto& pair = out.pairs.emplace_back();
    pair.section = i;
    for (const auto side : both_sides) {
      const auto carrier = plans[i].leg(side).bundled_with;
      pair.carriers[index(side)] = carrier;
      pair.legs[index(side)] = section.legs[index(side)] = standing(carrier, side);
    }
  }
  settle_transports();
  return out;
}

// The m-section is over; its ports are not, where others are bundled on them.
void CallLegs::leave(std::size_t position) {
  const auto plans = negotiation_.legs();
  Section& section = sections_[position];
  for (const auto side : both_sides) {
    auto& opened = section.opened[index(side)];
    for (std::size_t i = 0; opened && i < sections_.size() && i < plans.size(); ++i) {
      const bool carries = i != position && plans[i].active && plans[i].leg(side).bundled_with == i;
      if (!carries || sections_[i].opened[index(side)]) continue;
      if (section.legs[index(side)] && sections_[i].legs[index(side)] == section.legs[index(side)])
        sections_[i].opened[index(side)] = std::move(opened);
    }
  }
  section = Section{};
}

// What is bundled has the port, the credentials and the certificate of what carries it, also when
// that is refused one day and another one carries. It needs no port of its own any more.
void CallLegs::settle_transports() {
  const auto plans = negotiation_.legs();
  for (std::size_t i = 0; i < plans.size() && i < sections_.size(); ++i) {
    if (!plans[i].active) continue;
    for (const auto side : both_sides) {
      const auto position = plans[i].leg(side).bundled_with;
      const Section& carrier = sections_[position];
      sections_[i].local[index(side)] = carrier.local[index(side)];
      if (position != i) sections_[i].opened[index(side)].reset();
      sections_[i].agreed[index(side)] = carrier.local[index(side)].webrtc;
      sections_[i].identity[index(side)] = carrier.identity[index(side)];
    }
    settle_trickled(i);
  }
}

void CallLegs::added(media::Side side, std::size_t carrier, media::LegId leg) {
  for (const auto section : carried_by(carrier, side))
    sections_[section].legs[index(side)] = leg;
}

LegChanges CallLegs::close() {
  LegChanges out;
  for (const auto side : both_sides)
    add_removals(side, {}, out);
  sections_.clear();
  return out;
}

bool CallLegs::has_legs() const {
  return std::any_of(sections_.begin(), sections_.end(), [](const Section& section) {
    return section.legs[0].has_value() || section.legs[1].has_value();
  });
}

std::vector<media::LegId> CallLegs::standing_legs() const {
  std::vector<media::LegId> all;
  for (const auto& section : sections_) {
    for (const auto& leg : section.legs) {
      if (leg && std::ranges::find(all, *leg) == all.end()) all.push_back(*leg);
    }
  }
  return all;
}

bool CallLegs::has_plain_leg(media::Side side) const {
  for (const auto& plan : negotiation_.legs()) {
    if (plan.active && !plan.leg(side).is_secure()) return true;
  }
  return false;
}

}  // namespace assent::gateway

#include "media/negotiation.hpp"

#include <algorithm>
#include <utility>

#include "media/sdp_rewrite.hpp"

namespace assent::media {

// What the gateway put before the side that answers, in one m-section.
struct Negotiation::Proposal {
  Profile profile = Profile::avp;
  std::vector<SdpCrypto> cryptos;  // the gateway's own
  std::optional<LocalWebRtc> webrtc{};
  bool only_multiplexed = false;    // it listens for RTCP nowhere but on the RTP port
  std::optional<unsigned> taken{};  // the tag that an answer has chosen
};

struct Negotiation::Exchange {
  Side from;
  Sdp offer;
  std::vector<MediaDescription> offered;
  std::vector<Proposal> proposals{};  // empty until the offer is written
  bool is_written = false;
  bool is_complete = false;
  std::optional<Sdp> answer{};
  std::vector<MediaDescription> answered{};

  [[nodiscard]] bool is_offered(std::size_t section) const {
    return offered[section].standing == Standing::wanted;
  }
  [[nodiscard]] bool is_taken(std::size_t section) const {
    return is_offered(section) && answered[section].standing == Standing::wanted;
  }
  // The m-section of that name, if both sides want it and the one asked about speaks DTLS.
  [[nodiscard]] std::optional<std::size_t> taken_with_dtls(std::string_view mid,
                                                           bool by_answerer) const {
    for (std::size_t i = 0; i < offered.size(); ++i) {
      const auto& side = by_answerer ? answered[i] : offered[i];
      if (offered[i].mid == mid && is_taken(i) && side.webrtc) return i;
    }
    return std::nullopt;
  }
};

namespace {

std::string name_of(std::size_t section) {
  return "m-section " + std::to_string(section + 1);
}

SdpError downgrade(std::size_t line) {
  return {line, "the m-section is plain on a leg that is or was offered as secure",
          "describe it as RTP/SAVP or RTP/SAVPF with a=crypto, or refuse it with port 0"};
}

SdpError other_keying(std::size_t line) {
  return {line, "the m-section is keyed in another way than so far: by DTLS, or in the description",
          "keep the profile of a leg that is in use, or remove the m-section first (port 0)"};
}

SdpError both_lite(std::size_t line) {
  return {line, "both agents are lite: nobody would make ICE's checks",
          "let a full ICE agent speak to the gateway (RFC 8445 §2.5)"};
}

std::optional<SdpError> check_webrtc(const LocalTransport& transport, std::size_t section) {
  if (transport.webrtc && transport.rtp.is_set()) return std::nullopt;
  return SdpError{0, name_of(section) + " has no ICE and DTLS on this side",
                  "ask for RTP/AVP or RTP/SAVP toward that side"};
}

std::optional<SdpError> check_transport(const LocalTransport& transport, bool multiplexed,
                                        std::size_t section) {
  if (!transport.rtp.is_set())
    return SdpError{0, name_of(section) + " has no local RTP port",
                    "give a transport for every m-section that needs one, by index"};
  if (!transport.rtcp.is_set() && !multiplexed)
    return SdpError{0, name_of(section) + " has no local RTCP port, and is not offered rtcp-mux",
                    "give a second port for RTCP"};
  return std::nullopt;
}

std::optional<SdpError> check_count(std::size_t given, std::size_t sections) {
  if (given >= sections) return std::nullopt;
  return SdpError{
      0,
      std::to_string(given) + " local transports for " + std::to_string(sections) + " m-sections",
      "give one for each m-section, by index; unset where none is needed"};
}

// RFC 3264 §6: an answer has the m-lines of the offer, in their order.
std::optional<SdpError> check_same_media(const Sdp& offer, const Sdp& answer) {
  if (offer.media.size() != answer.media.size())
    return SdpError{0,
                    "the answer has " + std::to_string(answer.media.size()) +
                        " m-sections and the offer " + std::to_string(offer.media.size()),
                    "answer every m= line in its order, with port 0 to refuse (RFC 3264 §6)"};
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    if (offer.media[i].kind != answer.media[i].kind)
      return SdpError{answer.media[i].number, name_of(i) + " is of another kind than in the offer",
                      "answer the m= lines in the order of the offer (RFC 3264 §6)"};
  }
  return std::nullopt;
}

std::vector<RefusedMedia> refusals(const Sdp& sdp, std::span<const MediaDescription> sections) {
  std::vector<RefusedMedia> refused;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (sections[i].standing != Standing::unsupported) continue;
    constexpr std::size_t quoted_max = 32;
    const auto what = sections[i].kind == MediaKind::data
                          ? std::string("a second m-section of data channels")
                          : "m=" + sdp.media[i].kind.substr(0, quoted_max);
    refused.push_back({i, what + " is not relayed, only audio, video and one of data channels over "
                                 "UDP/DTLS/SCTP are: passed on with port 0"});
  }
  return refused;
}

std::vector<SdpLine> crypto_lines(std::span<const SdpCrypto> cryptos) {
  std::vector<SdpLine> lines;
  for (const auto& crypto : cryptos)
    lines.push_back(write_crypto(crypto.tag, crypto.key));
  return lines;
}

// The first of the BUNDLE that is still there carries all of it; without one, `otherwise`.
template <class Find>
std::size_t carrier_of(const std::vector<std::string>& bundle, std::size_t otherwise, Find find) {
  for (const auto& mid : bundle) {
    if (const auto section = find(mid)) return *section;
  }
  return otherwise;
}

std::optional<SdpError> check_lite(Side from, const MediaDescription& section) {
  if (section.webrtc->is_lite && is_lite_toward(from)) return both_lite(section.line);
  return std::nullopt;
}

// RFC 8839 §5.3: a lite agent says so for the session. RFC 8445 §10: a full one, that it nominates
// no pair that is not valid.
SdpLine ice_of_session(Side toward) {
  return {'a', is_lite_toward(toward) ? "ice-lite" : "ice-options:trickle ice2", 0};
}

// What one side agreed to: `own` is its description, `far` the other side's.
LegPlan plan_leg(const MediaDescription& own, const MediaDescription& far, bool multiplexed) {
  LegPlan leg;
  leg.profile = own.profile;
  leg.direction = direction_of(sends(own.direction) && receives(far.direction),
                               receives(own.direction) && sends(far.direction));
  leg.remote_rtp = own.rtp;
  leg.remote_rtcp = multiplexed ? own.rtp : own.rtcp;
  leg.rtcp_mux = multiplexed;
  leg.sources = own.sources;
  leg.mid_extension = own.mid_extension;
  leg.extension_ids = own.extension_ids;
  for (std::size_t type = 0; type < leg.payload_types.size(); ++type) {
    const auto& meaning = far.payload_types[type] != Codec::none ? far : own;
    leg.payload_types[type] = meaning.payload_types[type];
    leg.clocks_hz[type] = meaning.clocks_hz[type];
    const Codec codec = own.payload_types[type];
    const bool agreed = std::ranges::find(far.payload_types, codec) != far.payload_types.end();
    leg.takes[type] = agreed ? codec : Codec::none;
  }
  return leg;
}

}  // namespace

Negotiation::Negotiation(CipherPolicy client, CipherPolicy server)
    : policies_{std::move(client), std::move(server)} {}
Negotiation::~Negotiation() = default;
Negotiation::Negotiation(Negotiation&&) noexcept = default;
Negotiation& Negotiation::operator=(Negotiation&&) noexcept = default;

std::optional<Side> Negotiation::offerer() const {
  return exchange_ && !exchange_->is_complete ? std::optional{exchange_->from} : std::nullopt;
}
std::optional<Side> Negotiation::last_offerer() const {
  return exchange_ ? std::optional{exchange_->from} : std::nullopt;
}
std::span<const MediaPlan> Negotiation::legs() const {
  return plans_;
}
std::span<const RefusedMedia> Negotiation::refused() const {
  return refused_;
}
std::optional<std::size_t> Negotiation::section_of(std::string_view mid) const {
  if (!exchange_ || mid.empty()) return std::nullopt;
  const auto found = std::ranges::find(exchange_->offered, mid, &MediaDescription::mid);
  if (found == exchange_->offered.end()) return std::nullopt;
  return static_cast<std::size_t>(found - exchange_->offered.begin());
}
bool Negotiation::roll_back() {
  if (!offerer()) return false;
  exchange_.reset();
  return true;
}

// The plan of an m-section that is in use; null if it is new, refused or removed.
const MediaPlan* Negotiation::going_on(std::size_t section) const {
  return section < plans_.size() && plans_[section].active ? &plans_[section] : nullptr;
}

SdpResult<std::vector<std::size_t>> Negotiation::receive_offer(Side from, std::string_view sdp) {
  if (offerer() == other(from))
    return SdpError{0, "both sides have offered (glare)",
                    "answer or roll back the first offer, then offer again (RFC 3264 §4)"};
  auto offer = parse_sdp(sdp);
  if (!offer) return offer.error();
  auto sections = read_description(*offer);
  if (!sections) return sections.error();
  if (auto error = refuse_offer(from, *sections)) return *std::move(error);

  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < sections->size(); ++i) {
    if ((*sections)[i].standing == Standing::wanted) wanted.push_back(i);
  }
  refused_ = refusals(*offer, *sections);
  exchange_ = std::make_unique<Exchange>(Exchange{from, *std::move(offer), *std::move(sections)});
  return wanted;
}

std::optional<SdpError> Negotiation::refuse_offer(
    Side from, std::span<const MediaDescription> sections) const {
  if (sections.size() < plans_.size())
    return SdpError{0,
                    "the offer has " + std::to_string(sections.size()) + " m-sections, and had " +
                        std::to_string(plans_.size()),
                    "keep removed m= lines in their place with port 0 (RFC 3264 §8.2)"};
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const auto& section = sections[i];
    if (section.standing != Standing::wanted) continue;
    const auto* const before = going_on(i);
    if (before && is_secure(section.profile) &&
        has_dtls(section.profile) != has_dtls(before->leg(from).profile))
      return other_keying(section.line);
    if (has_dtls(section.profile)) {
      if (auto error = check_lite(from, section)) return error;
    } else if (has_sdes(section.profile)) {
      if (choose_crypto(policy(from), section.cryptos) == nullptr)
        return SdpError{section.line, "no a=crypto line has a suite that is allowed here",
                        "offer a suite of the configured list"};
    } else if (before && before->leg(from).is_secure()) {
      return downgrade(section.line);
    }
  }
  return std::nullopt;
}

// Asked for, or done so already for what has RTP; where there is none, as the offerer does.
bool Negotiation::speaks_dtls(Side side, std::optional<Profile> wanted) const {
  if (wanted) return has_dtls(*wanted);
  bool any_rtp = false;
  for (std::size_t i = 0; i < exchange_->offered.size(); ++i) {
    if (!exchange_->is_offered(i) || exchange_->offered[i].kind == MediaKind::data) continue;
    if (has_dtls(profile_toward(side, i, wanted))) return true;
    any_rtp = true;
  }
  return !any_rtp;
}

bool Negotiation::passes(std::size_t section, std::optional<Profile> wanted) const {
  if (!exchange_->is_offered(section)) return false;
  return exchange_->offered[section].kind != MediaKind::data ||
         speaks_dtls(other(exchange_->from), wanted);
}

SdpResult<std::string> Negotiation::write_offer(std::optional<Profile> wanted,
                                                std::span<const LocalTransport> transports,
                                                const Entropy& entropy) {
  if (!exchange_ || exchange_->is_written)
    return SdpError{0, "there is no offer to write", "receive an offer first"};
  const auto& offered = exchange_->offered;
  if (auto error = check_count(transports.size(), offered.size())) return *std::move(error);

  std::vector<Proposal> proposals(offered.size());
  std::vector<MediaRewrite> rewrites(offered.size());
  for (std::size_t i = 0; i < offered.size(); ++i) {
    rewrites[i].protocol = exchange_->offer.media[i].protocol;
    if (!passes(i, wanted)) continue;
    auto proposal = propose(i, wanted, transports[i], entropy);
    if (!proposal) return proposal.error();
    proposals[i] = *std::move(proposal);
    rewrites[i] = {.relayed = true,
                   .protocol = std::string(to_string(proposals[i].profile)),
                   .rtp = transports[i].rtp,
                   // RFC 8035: an offer that can only multiplex names the RTP port.
                   .rtcp = proposals[i].only_multiplexed ? transports[i].rtp : transports[i].rtcp,
                   .rtcp_mux = offered[i].rtcp_mux,
                   .on_hold = offered[i].on_hold,
                   .cryptos = crypto_lines(proposals[i].cryptos),
                   .webrtc = {},
                   .mid = {}};
    if (const auto& local = proposals[i].webrtc) {
      rewrites[i].rtcp = std::nullopt;
      rewrites[i].rtcp_mux = has_rtp(proposals[i].profile);
      rewrites[i].webrtc = write_webrtc(*local, DtlsSetup::actpass);
    }
  }
  const auto session = lines_of_offer(proposals);
  refuse_what_does_not_pass(wanted);
  exchange_->proposals = std::move(proposals);
  exchange_->is_written = true;
  return write_sdp(rewrite(exchange_->offer, rewrites, session));
}

void Negotiation::refuse_what_does_not_pass(std::optional<Profile> wanted) {
  for (std::size_t i = 0; i < exchange_->offered.size(); ++i) {
    if (!exchange_->is_offered(i) || passes(i, wanted)) continue;
    exchange_->offered[i].standing = Standing::unsupported;
    refused_.push_back({i,
                        "data channels are relayed only where both sides speak DTLS, and the "
                        "other one does not: passed on with port 0"});
  }
}

Profile Negotiation::profile_toward(Side side, std::size_t section,
                                    std::optional<Profile> wanted) const {
  const auto offered = exchange_->offered[section].profile;
  if (side == exchange_->from || !has_rtp(offered)) return offered;
  const auto* const plan = going_on(section);
  return wanted.value_or(plan ? plan->leg(side).profile : offered);
}

bool Negotiation::restarts_ice(std::size_t section) const {
  const auto& offered = exchange_->offered[section].webrtc;
  const auto* const plan = going_on(section);
  if (!offered) return false;
  if (!plan || !plan->leg(exchange_->from).webrtc) return true;
  const auto& leg = plan->leg(exchange_->from);
  const auto& carrier = exchange_->offered[leg.bundled_with].webrtc;
  return leg.webrtc->remote.ice.ufrag != (carrier ? *carrier : *offered).ice.ufrag;
}

SdpResult<Negotiation::Proposal> Negotiation::propose(std::size_t section,
                                                      std::optional<Profile> wanted,
                                                      const LocalTransport& transport,
                                                      const Entropy& entropy) const {
  const auto& offered = exchange_->offered[section];
  const auto* const plan = going_on(section);
  const LegPlan* const leg = plan ? &plan->leg(other(exchange_->from)) : nullptr;
  Proposal proposal{.profile = profile_toward(other(exchange_->from), section, wanted),
                    .cryptos = {},
                    .only_multiplexed = !transport.rtcp.is_set()};
  if (leg && is_secure(proposal.profile) && has_dtls(leg->profile) != has_dtls(proposal.profile))
    return other_keying(0);
  if (has_dtls(proposal.profile)) {
    if (auto error = check_webrtc(transport, section)) return *std::move(error);
    proposal.webrtc = transport.webrtc;
    return proposal;
  }
  if (auto error = check_transport(transport, offered.rtcp_mux, section)) return *std::move(error);
  if (!is_secure(proposal.profile)) {
    if (leg && leg->is_secure()) return downgrade(0);
    return proposal;
  }
  proposal.cryptos =
      propose_cryptos(policy(other(exchange_->from)), leg ? leg->send_key : std::nullopt, entropy);
  if (proposal.cryptos.empty())
    return SdpError{0, "no SRTP suite is configured that the gateway would propose",
                    "allow AEAD_AES_128_GCM, AEAD_AES_256_GCM or AES_CM_128_HMAC_SHA1_80"};
  return proposal;
}

SdpResult<void> Negotiation::receive_answer(std::string_view sdp) {
  if (!exchange_ || !exchange_->is_written)
    return SdpError{0, "an answer without an offer", "send the offer first (RFC 3264 §4)"};
  auto answer = parse_sdp(sdp);
  if (!answer) return answer.error();
  if (auto error = check_same_media(exchange_->offer, *answer)) return *std::move(error);
  auto sections = read_description(*answer);
  if (!sections) return sections.error();
  for (std::size_t i = 0; i < sections->size(); ++i) {
    if (!exchange_->is_offered(i) || (*sections)[i].standing != Standing::wanted) continue;
    if (auto error = refuse_answer(exchange_->from, exchange_->proposals[i], (*sections)[i],
                                   exchange_->offered[i].rtcp_mux))
      return *std::move(error);
    if (auto error = refuse_other_key(i, (*sections)[i])) return *std::move(error);
  }
  exchange_->answer = *std::move(answer);
  exchange_->answered = *std::move(sections);
  return {};
}

std::optional<SdpError> Negotiation::refuse_answer(Side offerer, const Proposal& proposal,
                                                   const MediaDescription& answered,
                                                   bool mux_offered) {
  const bool secure = is_secure(proposal.profile);
  if (secure && !is_secure(answered.profile)) return downgrade(answered.line);
  if (!secure && is_secure(answered.profile))
    return SdpError{answered.line, "the answer is secure, and the offer was plain",
                    "answer with the profile of the offer (RFC 3264 §6)"};
  if (secure && has_dtls(proposal.profile) != has_dtls(answered.profile))
    return other_keying(answered.line);
  if (has_dtls(proposal.profile)) {
    if (auto error = check_lite(other(offerer), answered)) return error;
    if (answered.webrtc->setup != DtlsSetup::actpass) return std::nullopt;
    return SdpError{answered.line, "the answer leaves open who begins the DTLS handshake",
                    "answer with a=setup:active or a=setup:passive (RFC 8842 §5.3)"};
  }
  if (secure && !match_cryptos(proposal.cryptos, answered.cryptos))
    return SdpError{answered.line, "no a=crypto line has the tag and the suite of an offered one",
                    "answer with one a=crypto line of the offer's tags (RFC 4568 §5.1.2)"};
  if (proposal.only_multiplexed && !(mux_offered && answered.rtcp_mux))
    return SdpError{answered.line,
                    "the answer wants RTCP on a port of its own, and none was offered",
                    "answer with a=rtcp-mux, or offer with a transport for RTCP"};
  return std::nullopt;
}

// A key that was left is never taken up again: its leg would protect from the beginning, and repeat
// keystream (RFC 3711 §9.1).
std::optional<SdpError> Negotiation::refuse_other_key(std::size_t section,
                                                      const MediaDescription& answered) const {
  const auto& proposal = exchange_->proposals[section];
  if (!proposal.taken) return std::nullopt;
  const auto agreed = match_cryptos(proposal.cryptos, answered.cryptos);
  if (going_on(section) && agreed && agreed->proposed->tag == *proposal.taken) return std::nullopt;
  return SdpError{answered.line,
                  "another answer has chosen another a=crypto line, or refused the m-section",
                  "offer again: a new offer has new keys"};
}

SdpResult<std::string> Negotiation::write_answer(std::span<const LocalTransport> transports,
                                                 const Entropy& entropy) {
  if (!exchange_ || !exchange_->answer)
    return SdpError{0, "there is no answer to write", "receive an answer first"};
  const auto& offered = exchange_->offered;
  if (auto error = check_count(transports.size(), offered.size())) return *std::move(error);

  std::vector<MediaPlan> plans(offered.size());
  std::vector<MediaRewrite> rewrites(offered.size());
  for (std::size_t i = 0; i < offered.size(); ++i) {
    // RFC 3264 §6: the protocol of the answer is that of the offer.
    rewrites[i].protocol = exchange_->offer.media[i].protocol;
    plans[i].kind = offered[i].kind;
    plans[i].mid = offered[i].mid;
    if (offered[i].webrtc) rewrites[i].mid = offered[i].mid;
    if (!exchange_->is_taken(i)) continue;
    if (auto error = has_dtls(offered[i].profile)
                         ? check_webrtc(transports[bundled_by_offerer(i)], i)
                         : check_transport(transports[i], offered[i].rtcp_mux, i))
      return *std::move(error);
    const auto ours = answer_offerer(i, entropy);
    const auto carrier = bundled_by_offerer(i);
    plans[i] = plan(i, ours, transports);
    if (has_dtls(offered[i].profile))
      rewrites[i].webrtc =
          write_webrtc(*transports[carrier].webrtc, setup_of(role_toward_offerer(carrier)));
    rewrites[i].relayed = true;
    rewrites[i].rtp = transports[carrier].rtp;
    if (!offered[i].rtcp_mux) rewrites[i].rtcp = transports[i].rtcp;
    rewrites[i].rtcp_mux = offered[i].rtcp_mux && has_rtp(offered[i].profile);
    rewrites[i].on_hold = exchange_->answered[i].on_hold;
    if (ours) rewrites[i].cryptos.push_back(write_crypto(ours->tag, ours->key));
  }
  auto text = write_sdp(rewrite(*exchange_->answer, rewrites, lines_of_answer()));
  plans_ = std::move(plans);
  for (std::size_t i = 0; i < offered.size(); ++i) {
    if (!exchange_->is_taken(i)) continue;
    auto& proposal = exchange_->proposals[i];
    if (const auto agreed = match_cryptos(proposal.cryptos, exchange_->answered[i].cryptos))
      proposal.taken = agreed->proposed->tag;
  }
  exchange_->is_complete = true;
  return text;
}

// The gateway's line in the answer to a secure offer.
std::optional<SdpCrypto> Negotiation::answer_offerer(std::size_t section,
                                                     const Entropy& entropy) const {
  const auto& offered = exchange_->offered[section];
  if (!has_sdes(offered.profile)) return std::nullopt;
  const auto* const before = going_on(section);
  return answer_crypto(*choose_crypto(policy(exchange_->from), offered.cryptos),
                       before ? before->leg(exchange_->from).send_key : std::nullopt, entropy);
}

DtlsRole Negotiation::role_toward_offerer(std::size_t section) const {
  const auto* const before = going_on(section);
  const LegPlan* const leg = before ? &before->leg(exchange_->from) : nullptr;
  return role_toward(exchange_->offered[section].webrtc->setup,
                     leg && leg->webrtc ? std::optional{leg->webrtc->role} : std::nullopt);
}

std::size_t Negotiation::bundled_by_offerer(std::size_t section) const {
  if (!exchange_->offered[section].webrtc) return section;
  return carrier_of(
      bundle_of(exchange_->offer, exchange_->offered[section].mid), section,
      [this](std::string_view mid) { return exchange_->taken_with_dtls(mid, false); });
}

std::size_t Negotiation::bundled_by_answerer(std::size_t section) const {
  if (!exchange_->answered[section].webrtc) return section;
  return carrier_of(bundle_of(*exchange_->answer, exchange_->offered[section].mid), section,
                    [this](std::string_view mid) { return exchange_->taken_with_dtls(mid, true); });
}

// What the gateway says for the whole session where it speaks ICE: which agent it is, and that all
// of it may go over one transport. Each m-section has one of its own in an offer, for the case that
// the answer does not want that.
std::vector<SdpLine> Negotiation::lines_of_offer(std::span<const Proposal> proposals) const {
  std::vector<SdpLine> lines;
  std::string bundle;
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    if (!proposals[i].webrtc) continue;
    if (lines.empty()) lines.push_back(ice_of_session(other(exchange_->from)));
    if (!exchange_->offered[i].mid.empty()) bundle += ' ' + exchange_->offered[i].mid;
  }
  if (!bundle.empty()) lines.push_back({'a', "group:BUNDLE" + bundle, 0});
  return lines;
}

// Every BUNDLE of the offer, less what was refused (RFC 8843 §7.3).
std::vector<SdpLine> Negotiation::lines_of_answer() const {
  std::vector<SdpLine> lines;
  for (std::size_t i = 0; i < exchange_->offered.size(); ++i) {
    if (lines.empty() && exchange_->is_taken(i) && exchange_->offered[i].webrtc)
      lines.push_back(ice_of_session(exchange_->from));
  }
  for (const auto& group : read_groups(exchange_->offer.lines)) {
    std::string kept;
    for (const auto& mid : group.mids) {
      if (exchange_->taken_with_dtls(mid, false)) kept += ' ' + mid;
    }
    if (group.semantics == "BUNDLE" && !kept.empty())
      lines.push_back({'a', "group:BUNDLE" + kept, 0});
  }
  return lines;
}

MediaPlan Negotiation::plan(std::size_t section, const std::optional<SdpCrypto>& ours,
                            std::span<const LocalTransport> transports) const {
  const auto& offered = exchange_->offered[section];
  const auto& answered = exchange_->answered[section];
  auto toward_offerer = plan_leg(offered, answered, offered.rtcp_mux);
  if (ours) {
    toward_offerer.receive_key = choose_crypto(policy(exchange_->from), offered.cryptos)->key;
    toward_offerer.send_key = ours->key;
  }
  toward_offerer.bundled_with = bundled_by_offerer(section);
  if (offered.webrtc) {
    const auto carrier = toward_offerer.bundled_with;
    toward_offerer.webrtc =
        WebRtcPlan{transports[carrier].webrtc->ice, *exchange_->offered[carrier].webrtc,
                   role_toward_offerer(carrier), false};
  }
  auto toward_answerer = plan_leg(answered, offered, offered.rtcp_mux && answered.rtcp_mux);
  toward_answerer.bundled_with = bundled_by_answerer(section);
  if (answered.webrtc) {
    const auto carrier = toward_answerer.bundled_with;
    const auto& remote = *exchange_->answered[carrier].webrtc;
    toward_answerer.webrtc = WebRtcPlan{exchange_->proposals[carrier].webrtc->ice, remote,
                                        role_toward(remote.setup, std::nullopt), true};
  }
  if (const auto agreed = match_cryptos(exchange_->proposals[section].cryptos, answered.cryptos)) {
    toward_answerer.receive_key = agreed->answered->key;
    toward_answerer.send_key = agreed->proposed->key;
  }
  const bool client_offered = exchange_->from == Side::client;
  return {.kind = offered.kind,
          .mid = offered.mid,
          .active = true,
          .client = client_offered ? toward_offerer : toward_answerer,
          .server = client_offered ? toward_answerer : toward_offerer};
}

}  // namespace assent::media

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/candidate_rules.hpp"
#include "gateway/dtls_certificates.hpp"
#include "gateway/media_path.hpp"
#include "gateway/port_range.hpp"
#include "gateway/problem.hpp"
#include "media/negotiation.hpp"
#include "media/trickle.hpp"

namespace assent::gateway {

// Where legs may listen, and what session descriptions say of it: one, or one of each family.
struct LegAddress {
  media::Endpoint bind;      // port 0
  media::Endpoint announce;  // port 0
};
using LegAddresses = std::vector<LegAddress>;

// Where the WebRTC legs of one worker are reached by clients, the preferred candidate first, by
// which certificates they are known, and where servers may be. Outlives the legs.
struct WebRtcDoors {
  const std::vector<media::Endpoint>& candidates;
  DtlsCertificates& certificates;
  const CandidateRules& may_check;
};

// What the worker has to do so that one participant's legs are as agreed.
struct LegChange {
  enum class What { add, reconfigure, remove };
  What what = What::add;
  media::Side side = media::Side::client;
  std::size_t carrier = 0;  // the m-section that it is the transport of, with what is bundled
  std::string media;        // "audio", "video", "data", "audio+video+data"
  std::optional<media::LegId> leg;
  std::optional<media::LegConfig> config;
  std::optional<LegPorts> ports;  // of legs with ports of their own
  std::string transport;          // "RTP/SAVP"
};

// All of it, in one go between two batches: the changes, and then which leg's m-section is whose.
struct LegChanges {
  std::vector<LegChange> changes;
  struct Pair {
    std::size_t section = 0;
    std::size_t carriers[2] = {0, 0};     // by Side
    std::optional<media::LegId> legs[2];  // that stand already
  };
  std::vector<Pair> pairs;
};

// The offer/answer of one connection of a participant, and the ports and legs that come of it.
// Control side only: it says what is to be done on the worker, and is told the ids that came of it.
class CallLegs {
 public:
  CallLegs(PortRange& ports, LegAddresses addresses, WebRtcDoors webrtc,
           media::CipherPolicy toward_server, media::Entropy entropy);

  Answered<std::string> offer(media::Side from, std::string_view sdp,
                              std::optional<media::Profile> toward_other_side);
  // The session description for the offerer; afterwards changes() tells what the worker has to do.
  // Also once more to an offer that was answered already.
  Answered<std::string> answer(std::string_view sdp);

  // The offer was refused or lost; its ports are free again. False where none waits.
  bool roll_back();

  // Candidates that the side says after its description. A client's are not needed: its own checks
  // show them.
  struct Taken {
    std::size_t count = 0;
    std::vector<std::pair<media::LegId, media::IceCandidate>> now;  // for legs that stand
  };
  Answered<Taken> trickle(media::Side from, std::span<const media::Trickled> said);

  // Once after each answer. `latching`: plain client legs learn their address from the first
  // packet.
  LegChanges changes(media::SourceId source, bool latching);
  void added(media::Side side, std::size_t carrier, media::LegId leg);

  // What the worker has to do for all of it to be gone. Afterwards this is of no more use.
  LegChanges close();
  // Something was agreed, and stands.
  [[nodiscard]] bool has_legs() const;
  [[nodiscard]] std::vector<media::LegId> standing_legs() const;

  [[nodiscard]] std::optional<media::Side> last_offerer() const {
    return negotiation_.last_offerer();
  }
  [[nodiscard]] std::span<const media::RefusedMedia> refused() const {
    return negotiation_.refused();
  }
  // Some leg takes RTP that nothing authenticates.
  [[nodiscard]] bool has_plain_leg(media::Side side) const;

 private:
  struct Section {
    std::optional<PortRange::Opened> opened[2];  // by Side
    media::LocalTransport local[2];
    std::optional<media::LocalWebRtc> agreed[2];  // as the last answer left it
    std::optional<media::DtlsIdentity> identity[2];
    std::vector<media::Trickled> trickled;  // by the server, ice_candidates_max at most
    std::optional<media::LegId> legs[2];    // one that carries several m-sections is each one's
  };

  // The m-sections that the transport of this one carries, on that side.
  [[nodiscard]] std::vector<std::size_t> carried_by(std::size_t carrier, media::Side side) const;
  // The leg that stands and goes on as the transport of this m-section.
  [[nodiscard]] std::optional<media::LegId> standing(std::size_t carrier, media::Side side) const;
  [[nodiscard]] media::LegConfig config_of(std::size_t carrier, media::Side side,
                                           media::SourceId source, bool latching) const;
  [[nodiscard]] std::optional<media::WebRtcConfig> webrtc_of(std::size_t carrier,
                                                             media::Side side) const;
  void leave(std::size_t position);
  void settle_transports();
  void settle_trickled(std::size_t section);
  [[nodiscard]] std::optional<std::size_t> section_of(const media::Trickled& trickled) const;
  void add_changes(media::Side side, media::SourceId source, bool latching, LegChanges& out);
  // Of the legs that stand, but those that are kept.
  void add_removals(media::Side side, const std::vector<media::LegId>& kept, LegChanges& out) const;

  // For each section in need; the offerer's side listens in the family of its offer, the other
  // side on the first address.
  Answered<void> open_transports(std::span<const std::size_t> needed, media::Side offerer,
                                 std::string_view sdp, std::optional<media::Profile> toward);
  Answered<void> open_ports(Section& section, media::Side side, const LegAddress* address);
  Answered<void> open_webrtc(Section& section, std::size_t position, media::Side side,
                             const LegAddress* address);
  [[nodiscard]] const LegAddress* address_for(std::string_view sdp) const;
  [[nodiscard]] Answered<void> check_remotes() const;
  [[nodiscard]] Answered<void> check_families() const;
  [[nodiscard]] Answered<void> check_checks() const;
  [[nodiscard]] std::vector<media::LocalTransport> transports(media::Side side) const;

  PortRange& ports_;
  LegAddresses addresses_;
  WebRtcDoors webrtc_;
  media::Entropy entropy_;
  media::Negotiation negotiation_;
  std::vector<Section> sections_;
};

}  // namespace assent::gateway

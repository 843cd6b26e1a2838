#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/media_path.hpp"
#include "gateway/port_range.hpp"
#include "gateway/problem.hpp"
#include "media/negotiation.hpp"

namespace assent::gateway {

// Where legs may listen, and what session descriptions say of it: one, or one of each family.
struct LegAddress {
  media::Endpoint bind;      // port 0
  media::Endpoint announce;  // port 0
};
using LegAddresses = std::vector<LegAddress>;

// What the worker has to do so that one participant's legs are as agreed.
struct LegChange {
  enum class What { add, reconfigure, remove };
  What what = What::add;
  std::size_t section = 0;
  std::string media;  // "audio", "video"
  // Both of a pair, by Side.
  std::array<std::optional<media::LegId>, 2> legs;
  std::array<std::optional<media::LegConfig>, 2> configs;
  std::array<std::optional<LegPorts>, 2> ports;
  std::array<std::string, 2> transports;  // "RTP/SAVP"
};

// One participant's offer/answer and the ports and legs that come of it. Control side only: it
// says what is to be done on the worker, and is told the ids that came of it.
class CallLegs {
 public:
  CallLegs(PortRange& ports, LegAddresses addresses, media::CipherPolicy toward_server,
           media::Entropy entropy);

  Answered<std::string> offer(media::Side from, std::string_view sdp,
                              std::optional<media::Profile> toward_other_side);
  // The session description for the offerer; afterwards changes() tells what the worker has to do.
  // Also once more to an offer that was answered already.
  Answered<std::string> answer(std::string_view sdp);

  // The offer was refused or lost; its ports are free again. False where none waits.
  bool roll_back();

  // Once after each answer. `latching`: plain client legs learn their address from the first
  // packet.
  std::vector<LegChange> changes(media::SourceId source, bool latching);
  void added(std::size_t section, media::LegId client, media::LegId server);
  void removed(std::size_t section);

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
    std::optional<media::LegId> legs[2];
  };

  // For each section in need; the offerer's side listens in the family of its offer, the other
  // side on the first address.
  Answered<void> open_ports(std::span<const std::size_t> needed, media::Side offerer,
                            std::string_view sdp);
  [[nodiscard]] const LegAddress* address_for(std::string_view sdp) const;
  [[nodiscard]] Answered<void> check_families() const;
  [[nodiscard]] std::vector<media::LocalTransport> transports(media::Side side) const;

  PortRange& ports_;
  LegAddresses addresses_;
  media::Entropy entropy_;
  media::Negotiation negotiation_;
  std::vector<Section> sections_;
};

}  // namespace assent::gateway

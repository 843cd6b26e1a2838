#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "media/endpoint.hpp"
#include "media/sdp.hpp"

namespace assent::media {

// What the gateway puts in place of one m-section's transport.
struct MediaRewrite {
  bool relayed = false;  // false: port 0, and no transport of anybody's is named
  std::string protocol;
  Endpoint rtp;
  std::optional<Endpoint> rtcp;  // nullopt: no a=rtcp (it is multiplexed, and both sides know)
  bool rtcp_mux = false;
  bool on_hold = false;  // the address is written as 0.0.0.0, as the author did
  std::vector<SdpLine> cryptos;
  std::vector<SdpLine> webrtc;  // ICE and DTLS of the gateway
  std::string mid;              // written in place of the author's; empty: the author's stays
};

// The description with the gateway in the author's place: one rewrite for each m-section, by index.
// What named the author's transport or carried a key is gone; every other line is where it was.
// `session`: attributes that the gateway adds to the session.
[[nodiscard]] Sdp rewrite(const Sdp& sdp, std::span<const MediaRewrite> sections,
                          std::span<const SdpLine> session = {});

}  // namespace assent::media

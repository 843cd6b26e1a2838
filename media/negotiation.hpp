#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "media/codec.hpp"
#include "media/endpoint.hpp"
#include "media/sdes.hpp"
#include "media/sdp.hpp"
#include "media/sdp_attributes.hpp"
#include "media/sdp_description.hpp"
#include "media/srtp_key.hpp"

namespace assent::media {

// Where the gateway listens for one m-section of one side. `rtcp` may be unset where that side
// multiplexes RTCP on the RTP port; it is an error where that side does not. `webrtc` is there
// where that side speaks DTLS, and `rtp` is then its first candidate.
struct LocalTransport {
  Endpoint rtp;
  Endpoint rtcp;
  std::optional<LocalWebRtc> webrtc{};
};

// ICE and DTLS as both sides of one transport described them.
struct WebRtcPlan {
  IceCredentials local;
  WebRtcDescription remote;
  DtlsRole role = DtlsRole::server;  // the gateway's
  bool we_offered = false;           // the gateway described itself first
};

// The gateway is a lite agent toward clients, on one port for many of them, and a full one toward
// servers, which may be lite themselves.
[[nodiscard]] constexpr bool is_lite_toward(Side side) {
  return side == Side::client;
}

// What was agreed for one m-section with one side. "The peer" is the client or the server.
struct LegPlan {
  Profile profile = Profile::avp;
  Direction direction = Direction::inactive;  // of the peer: sendonly = it sends, we do not
  std::optional<SrtpKey> receive_key;         // of what the peer sends; both or neither
  std::optional<SrtpKey> send_key;            // of what we send it
  std::optional<WebRtcPlan> webrtc;           // address and keys come by it
  Endpoint remote_rtp;                        // where the peer listens; unset: nowhere (hold)
  Endpoint remote_rtcp;                       // the same as remote_rtp with rtcp_mux
  bool rtcp_mux = false;                      // with this side; the other side's is its own matter
  // What the payload types mean in packets that this peer sends: as the other side asked for them
  // (RFC 3264 §5.1), then as the peer itself named them.
  PayloadTypes payload_types{};
  // What the peer may be sent by somebody who is not the other side: payload types as the peer
  // named them, of codecs that both sides did.
  PayloadTypes takes{};
  std::array<std::uint32_t, 128> clocks_hz{};  // by payload type; 0: not said
  std::vector<SdpSource> sources;              // SSRCs that the peer signalled as its own
  std::size_t bundled_with = 0;    // the m-section whose transport carries this one; its own: none
  std::uint8_t mid_extension = 0;  // by which the peer tells m-sections apart; 0: not
  ExtensionIds extension_ids{};    // in what the peer sends

  [[nodiscard]] bool is_secure() const { return receive_key.has_value() || webrtc.has_value(); }
};

struct MediaPlan {
  MediaKind kind = MediaKind::other;
  std::string mid;      // empty: not said
  bool active = false;  // false: refused, removed or not relayed; its legs then say nothing
  LegPlan client;
  LegPlan server;

  [[nodiscard]] const LegPlan& leg(Side side) const {
    return side == Side::client ? client : server;
  }
};

// An m-section that the gateway itself refused: it is passed on with port 0.
struct RefusedMedia {
  std::size_t section = 0;
  std::string why;
};

// Offer/answer (RFC 3264) of one participant, the gateway being in the middle: an offer is
// received from either side, written toward the other, answered there, and the answer is written
// toward the offerer. Between reading and writing the caller finds ports.
//
//   receive_offer -> write_offer -> receive_answer -> write_answer -> legs()
//
// Until the next offer, the answerer may answer again: a final answer after a provisional one
// (RFC 6337 §3.1). The same description is answered in the same way, with the same keys; another
// one takes the place of the first.
//
// An m-section keeps its index for the life of the session (RFC 3264 §8), so transports are given
// by index. A call that fails changes nothing: the right one may follow. Not written through:
// c=, the address of o=, ports, profiles, a=rtcp, a=rtcp-mux, keys (a=crypto and whatever else
// carries "inline:", k=, key-mgmt, capability negotiation), ICE, DTLS, BUNDLE. All else is kept.
//
// A leg that was offered as secure is secure or nothing: no answer and no later offer makes it
// plain while its m-section is active (only a section that was removed starts anew). Nor does it
// change between keys in the description and DTLS.
class Negotiation {
 public:
  // Which suites each side may use: a server may know fewer than clients do.
  explicit Negotiation(CipherPolicy client = {}, CipherPolicy server = {});
  ~Negotiation();
  Negotiation(Negotiation&&) noexcept;
  Negotiation& operator=(Negotiation&&) noexcept;

  // The indices of the m-sections that need a transport on both sides; others are refused or
  // removed. An offer before the answer to the last one: from the same side it takes its place
  // (the last one was never answered), from the other side it is an error (glare).
  SdpResult<std::vector<std::size_t>> receive_offer(Side from, std::string_view sdp);

  // Whether write_offer() passes the m-section of the offer at hand on when it is called with
  // `wanted`: data channels go only to a side that is spoken to in DTLS, as they came. What does
  // not pass needs no transport.
  [[nodiscard]] bool passes(std::size_t section, std::optional<Profile> wanted) const;
  // What the m-section of the offer at hand is spoken with on that side, once write_offer() is
  // called with `wanted`.
  [[nodiscard]] Profile profile_toward(Side side, std::size_t section,
                                       std::optional<Profile> wanted) const;
  // The offerer describes other ICE credentials than before (RFC 8445 §9), or had none before.
  [[nodiscard]] bool restarts_ice(std::size_t section) const;

  // `wanted` for the profile of every m-section of RTP toward the other side; without it a leg
  // keeps the profile it has, and a new one takes the offerer's. `transports`: one for each
  // m-section of the offer, by index; those that need none may be unset. Keys of legs that go on
  // are kept.
  SdpResult<std::string> write_offer(std::optional<Profile> wanted,
                                     std::span<const LocalTransport> transports,
                                     const Entropy& entropy);

  // From the side that did not offer; the first answer, or one more to the same offer.
  SdpResult<void> receive_answer(std::string_view sdp);

  // Completes the exchange; legs() then tells what to do. `transports` as in write_offer, toward
  // the offerer.
  SdpResult<std::string> write_answer(std::span<const LocalTransport> transports,
                                      const Entropy& entropy);

  // Forgets an offer that was refused or lost by its peer; what was agreed before stays. False
  // where no offer waits for an answer.
  bool roll_back();

  // The m-section of that name, in the last offer.
  [[nodiscard]] std::optional<std::size_t> section_of(std::string_view mid) const;
  // Who has offered and waits for the answer.
  [[nodiscard]] std::optional<Side> offerer() const;
  // Toward whom write_answer() writes: who has offered last, answered or not.
  [[nodiscard]] std::optional<Side> last_offerer() const;

  // m-sections of the last exchange, by index; empty before the first.
  [[nodiscard]] std::span<const MediaPlan> legs() const;

  // What the gateway refused in the last offer received, and written.
  [[nodiscard]] std::span<const RefusedMedia> refused() const;

 private:
  struct Proposal;
  struct Exchange;  // one offer on its way to its answer

  void refuse_what_does_not_pass(std::optional<Profile> wanted);
  [[nodiscard]] bool speaks_dtls(Side side, std::optional<Profile> wanted) const;
  [[nodiscard]] const MediaPlan* going_on(std::size_t section) const;
  [[nodiscard]] std::optional<SdpError> refuse_offer(
      Side from, std::span<const MediaDescription> sections) const;
  [[nodiscard]] SdpResult<Proposal> propose(std::size_t section, std::optional<Profile> wanted,
                                            const LocalTransport& transport,
                                            const Entropy& entropy) const;
  [[nodiscard]] static std::optional<SdpError> refuse_answer(Side offerer, const Proposal& proposal,
                                                             const MediaDescription& answered,
                                                             bool mux_offered);
  [[nodiscard]] std::optional<SdpError> refuse_other_key(std::size_t section,
                                                         const MediaDescription& answered) const;
  [[nodiscard]] std::optional<SdpCrypto> answer_offerer(std::size_t section,
                                                        const Entropy& entropy) const;
  [[nodiscard]] DtlsRole role_toward_offerer(std::size_t section) const;
  // The m-section whose transport carries this one, by the offer's and by the answer's BUNDLE.
  [[nodiscard]] std::size_t bundled_by_offerer(std::size_t section) const;
  [[nodiscard]] std::size_t bundled_by_answerer(std::size_t section) const;
  [[nodiscard]] std::vector<SdpLine> lines_of_offer(std::span<const Proposal> proposals) const;
  [[nodiscard]] std::vector<SdpLine> lines_of_answer() const;
  [[nodiscard]] MediaPlan plan(std::size_t section, const std::optional<SdpCrypto>& ours,
                               std::span<const LocalTransport> transports) const;

  [[nodiscard]] const CipherPolicy& policy(Side side) const {
    return policies_[static_cast<std::size_t>(side)];
  }

  std::array<CipherPolicy, 2> policies_;  // by Side
  std::unique_ptr<Exchange> exchange_;    // the last one, also when it is complete
  std::vector<MediaPlan> plans_;
  std::vector<RefusedMedia> refused_;
};

}  // namespace assent::media

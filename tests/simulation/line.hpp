#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "media/srtp.hpp"
#include "tests/simulation/datagram.hpp"
#include "tests/simulation/dice.hpp"

namespace assent::simulation {

// What a peer must never see of another, or a sink of anybody, is made of this word.
inline constexpr std::string_view canary = "canary";

// A stream that a peer sends.
struct Talk {
  media::Ssrc ssrc{};
  std::int64_t next_frame = 0;
};

// One leg, as offer and answer settled it, and the peer at its other end.
struct Line {
  LegSerial serial{};
  LegSerial opposite{};  // the leg that it is connected with
  Person person{};
  media::RoomKey room{};
  media::LegId leg{};
  media::LegConfig config;
  unsigned key_generation = 0;

  // The peer's side of it.
  std::optional<media::SrtpOutbound> seals;
  std::optional<media::SrtpInbound> opens;
  media::Endpoint sends_from;
  std::vector<Talk> talks;

  [[nodiscard]] bool is_secure() const { return seals.has_value(); }
  [[nodiscard]] bool is_client() const { return config.side == media::Side::client; }
};

using Lines = std::map<LegSerial, std::unique_ptr<Line>>;

// What offer and answer may settle: addresses, codecs, perhaps keys; never another transport for
// a leg that is there.
[[nodiscard]] media::LegConfig any_config(Dice& dice, media::SourceId source, media::Side side,
                                          bool secure);
// The peer takes the line's configuration; keys that stay keep their contexts.
void settle_peer(Line& line, const media::LegConfig& before);

// A stream of the peer's own, or with another's SSRC.
void begin_talk(Dice& dice, Line& line, std::optional<media::Ssrc> taken = {});

// What peers send. The line needs a talk.
[[nodiscard]] Datagram next_rtp(Dice& dice, Line& line);
[[nodiscard]] Datagram any_rtcp(Dice& dice, Line& line);
// What must be dropped: malformed, oversized, foreign or forged.
[[nodiscard]] Datagram any_bad(Dice& dice, Line& line);

}  // namespace assent::simulation

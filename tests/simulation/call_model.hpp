#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "tests/simulation/line.hpp"

namespace assent::simulation {

// What the live call does with a datagram, whatever anybody consents to: is it taken in, and does
// the other side get it? Plain models of addresses, keys, replays and owners of SSRCs.
class CallModel {
 public:
  void leg_added(const Line& line);
  void leg_changed(const Line& line);
  void leg_removed(const Line& line);

  // The place of a sound packet in its stream (0 for RTCP); nullopt: it must be dropped.
  // In the order of arrival, once each.
  [[nodiscard]] std::optional<std::int64_t> take(const Line& line, const Datagram& datagram);

  // Where it must go when nothing is withheld; nullopt: it cannot. `to` is the opposite line.
  [[nodiscard]] std::optional<media::Endpoint> destination(const Line& to,
                                                           const Datagram& datagram) const;
  // It went there.
  void forwarded(const Line& to, const Datagram& datagram);

 private:
  struct Sealed {  // with one key, of one stream
    std::int64_t first = 0;
    std::set<std::int64_t> frames;
  };
  struct Leg {
    media::RoomKey room{};
    Person person{};
    bool is_client = false;
    std::set<media::Ssrc> signalled;
    std::map<media::Ssrc, std::int64_t> heard;  // the frame that counts as extended sequence 0
    media::Endpoint signalled_rtp;
    media::Endpoint rtp;
    media::Endpoint rtcp;
    bool moved = false;
    unsigned key_generation = 0;
    std::set<std::pair<media::Ssrc, std::int64_t>> opened;  // with this key
    std::set<Bytes> opened_rtcp;
    std::map<media::Ssrc, Sealed> sealed;  // with this key
  };

  void claim(const Leg& leg, media::Ssrc ssrc);
  void release_unused(media::RoomKey room, Person person);
  [[nodiscard]] bool is_anothers(const Leg& leg, media::Ssrc ssrc) const;
  void moved_to(Leg& leg, const Line& line, const Datagram& datagram);

  std::map<LegSerial, Leg> legs_;
  std::map<std::pair<media::RoomKey, media::Ssrc>, Person> owners_;
};

}  // namespace assent::simulation

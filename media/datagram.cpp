#include "media/datagram.hpp"

namespace assent::media {

std::string_view to_string(DatagramClass datagram) {
  switch (datagram) {
    case DatagramClass::unknown:
      return "unknown";
    case DatagramClass::stun:
      return "stun";
    case DatagramClass::zrtp:
      return "zrtp";
    case DatagramClass::dtls:
      return "dtls";
    case DatagramClass::turn_channel:
      return "turn_channel";
    case DatagramClass::rtp:
      return "rtp";
    case DatagramClass::rtcp:
      return "rtcp";
  }
  return "unknown";
}

}  // namespace assent::media

#include "media/drop_reason.hpp"

#include <stdexcept>
#include <string>

namespace assent::media {

std::string_view to_string(DropReason reason) {
  switch (reason) {
    case DropReason::too_short: return "too_short";
    case DropReason::bad_version: return "bad_version";
    case DropReason::malformed: return "malformed";
    case DropReason::unknown_protocol: return "unknown_protocol";
    case DropReason::foreign_source: return "foreign_source";
    case DropReason::auth_failed: return "auth_failed";
    case DropReason::replayed: return "replayed";
    case DropReason::foreign_ssrc: return "foreign_ssrc";
    case DropReason::not_connected: return "not_connected";
    case DropReason::outbound_full: return "outbound_full";
    case DropReason::held_for_prompt: return "held_for_prompt";
    case DropReason::too_long: return "too_long";
  }
  return "unknown";
}

void throw_exception_from_error(DropReason reason, const boost::source_location&) {
  throw std::logic_error("value() of a result that holds " + std::string(to_string(reason)));
}

}  // namespace assent::media

#include "gateway/track_sink.hpp"

#include <stdexcept>

namespace assent::gateway {

std::string_view to_string(TrackError error) {
  switch (error) {
    case TrackError::bad_name:
      return "bad_name";
    case TrackError::too_many:
      return "too_many";
    case TrackError::unknown_track:
      return "unknown_track";
    case TrackError::disk:
      return "disk";
    case TrackError::closed:
      return "closed";
  }
  return "unknown";
}

void throw_exception_from_error(TrackError error, const boost::source_location&) {
  throw std::logic_error("value() of a result that holds " + std::string(to_string(error)));
}

}  // namespace assent::gateway

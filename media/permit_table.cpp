#include "media/permit_table.hpp"

namespace assent::media {

std::string_view to_string(Withheld reason) {
  switch (reason) {
    case Withheld::no_permit:
      return "no_permit";
    case Withheld::expired:
      return "expired";
    case Withheld::before_grant:
      return "before_grant";
    case Withheld::unfit_format:
      return "unfit_format";
    case Withheld::ssrc_collision:
      return "ssrc_collision";
    case Withheld::sink_full:
      return "sink_full";
  }
  return "unknown";
}

}  // namespace assent::media

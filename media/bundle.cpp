#include "media/bundle.hpp"

#include <algorithm>
#include <string_view>

namespace assent::media {

SectionId Bundle::section_of(const RtpView& packet) const {
  if (mids.empty()) return payload_types[packet.payload_type()];
  for (const auto& element : packet.extension_elements()) {
    if (mid_extension == 0 || element.id != mid_extension || element.data.empty()) continue;
    const std::string_view mid{reinterpret_cast<const char*>(element.data.data()),
                               element.data.size()};
    const auto named = std::ranges::find(mids, mid);
    if (named != mids.end()) return static_cast<SectionId>(named - mids.begin());
  }
  const auto signalled =
      std::ranges::find(ssrcs, packet.ssrc(), &std::pair<Ssrc, SectionId>::first);
  if (signalled != ssrcs.end()) return signalled->second;
  return payload_types[packet.payload_type()];
}

}  // namespace assent::media

// Any text: the parser stays in its bounds, and what it accepts it can write and read again.
#include "media/sdp.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "media/sdp_attributes.hpp"
#include "media/sdp_description.hpp"

using namespace assent::media;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_error(const SdpError& error) {
  require(error.line <= sdp_lines_max + 1);
  require(!error.what.empty() && !error.remedy.empty());
}

void check_attributes(const SdpMedia& media) {
  (void)read_extmaps(media.lines);
  (void)read_fmtps(media.lines);
  if (const auto cryptos = read_cryptos(media.lines)) {
    for (const auto& crypto : *cryptos) {
      const auto again = read_cryptos({{write_crypto(crypto.tag, crypto.key)}});
      require(again && again->size() == 1 && again->front().key == crypto.key);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto sdp = parse_sdp({reinterpret_cast<const char*>(data), size});
  if (!sdp) {
    check_error(sdp.error());
    return 0;
  }
  const auto text = write_sdp(*sdp);
  const auto again = parse_sdp(text);
  // CRLF in place of LF may pass the limit on the whole.
  if (!again) require(text.size() > sdp_bytes_max);
  if (again) {
    require(*again == *sdp);
    require(write_sdp(*again) == text);
  }
  (void)read_groups(sdp->lines);
  for (const auto& media : sdp->media)
    check_attributes(media);
  if (const auto sections = read_description(*sdp)) {
    require(sections->size() == sdp->media.size());
    for (const auto& section : *sections)
      require(section.standing != Standing::wanted || !is_secure(section.profile) ||
              !section.cryptos.empty());
  } else {
    check_error(sections.error());
  }
  return 0;
}

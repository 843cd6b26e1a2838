// Any text: the parser stays in its bounds, and what it accepts it can write and read again.
#include "media/sdp.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "media/sdp_attributes.hpp"
#include "media/sdp_description.hpp"
#include "media/sdp_recording.hpp"

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

// At most one indication a level, none that says less than is true, and nothing else changed.
void check_told(std::span<const SdpLine> before, std::span<const SdpLine> told, bool session) {
  std::size_t indications = 0;
  for (const auto& line : told) {
    const auto value = attribute(line, "record");
    if (!value) continue;
    ++indications;
    require(*value == to_string(RecordState::paused));
  }
  require(session ? indications == 1 : indications <= 1);
  std::size_t kept = 0;
  for (const auto& line : before)
    if (!attribute(line, "record")) require(told[kept++].type == line.type);
  require(kept + indications == told.size());
}

void check_recording(const Sdp& sdp) {
  RecordIndication indication;
  indication.hear(sdp);
  if (read_record_preference(sdp) != RecordPreference::unsaid) require(is_record_aware(sdp));
  const auto first = indication.tell(sdp, {RecordState::paused, true});
  if (!is_record_aware(sdp)) {
    require(first == sdp);
    return;
  }
  check_told(sdp.lines, first.lines, true);
  for (std::size_t i = 0; i < sdp.media.size(); ++i)
    check_told(sdp.media[i].lines, first.media[i].lines, false);
  const auto again = parse_sdp(write_sdp(indication.tell(sdp, {RecordState::on, false})));
  if (again) require(attribute_value(again->lines, "record") == "on");
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
  check_recording(*sdp);
  (void)read_groups(sdp->lines);
  for (const auto& media : sdp->media)
    check_attributes(media);
  if (const auto sections = read_description(*sdp)) {
    require(sections->size() == sdp->media.size());
    for (const auto& section : *sections)
      require(section.standing != Standing::wanted || !has_sdes(section.profile) ||
              !section.cryptos.empty());
  } else {
    check_error(sections.error());
  }
  return 0;
}

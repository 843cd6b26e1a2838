#include "media/sdp_recording.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "media/sdp_attributes.hpp"

namespace assent::media {
namespace {

constexpr std::array<std::string_view, 6> preference_words{"unsaid",     "nopreference", "on",
                                                           "unreadable", "pause",        "off"};
constexpr std::array<std::string_view, 3> state_words{"off", "paused", "on"};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Literal words of ABNF are without case (RFC 5234 §2.3).
bool says(std::string_view value, std::string_view word) {
  return equal_without_case(trimmed(value), word);
}

RecordPreference preference_of(std::string_view value) {
  using enum RecordPreference;
  for (const auto preference : {none, on, pause, off})
    if (says(value, to_string(preference))) return preference;
  return unreadable;
}

RecordPreference strictest(std::span<const SdpLine> lines) {
  auto strictest = RecordPreference::unsaid;
  for (const auto& line : lines)
    if (const auto value = attribute(line, "recordpref"))
      strictest = std::max(strictest, preference_of(*value));
  return strictest;
}

bool has_attribute_of_recording(std::span<const SdpLine> lines) {
  return find_attribute(lines, "recordpref") != nullptr ||
         find_attribute(lines, "record") != nullptr ||
         find_attribute(lines, "record-aware") != nullptr;
}

// What one level of the server's description says; nothing: the level above holds.
std::optional<RecordState> told_by_server(std::span<const SdpLine> lines) {
  std::optional<RecordState> most;
  for (const auto& line : lines) {
    const auto value = attribute(line, "record");
    if (!value) continue;
    auto state = RecordState::on;  // also where it cannot be read: it may tell of a recording
    for (const auto word : {RecordState::off, RecordState::paused})
      if (says(*value, to_string(word))) state = word;
    most = std::max(most.value_or(state), state);
  }
  return most;
}

RecordState truth(RecordState server, const Recording& recording) {
  if (recording.withheld_from_server) server = std::min(server, RecordState::paused);
  return std::max(server, recording.state);
}

// Attributes are the last lines of a level (RFC 8866 §9).
void replace(std::vector<SdpLine>& lines, std::optional<RecordState> state) {
  std::erase_if(lines, [](const SdpLine& line) { return attribute(line, "record").has_value(); });
  if (state) lines.push_back({'a', "record:" + std::string(to_string(*state)), 0});
}

// "<user> <session> <version> ...".
void raise_version(std::vector<SdpLine>& lines, std::uint64_t by) {
  const auto origin = std::ranges::find(lines, 'o', &SdpLine::type);
  if (by == 0 || origin == lines.end()) return;
  std::string& value = origin->value;
  std::size_t begin = 0;
  std::size_t end = 0;
  for (int field = 0; field < 3; ++field) {
    begin = value.find_first_not_of(' ', end);
    if (begin == std::string::npos) return;
    end = std::min(value.find(' ', begin), value.size());
  }
  std::uint64_t version = 0;
  const auto* const stop = value.data() + end;
  const auto [read, failure] = std::from_chars(value.data() + begin, stop, version);
  const bool fits = version <= std::numeric_limits<std::uint64_t>::max() - by;
  if (failure != std::errc{} || read != stop || !fits) return;
  value.replace(begin, end - begin, std::to_string(version + by));
}

}  // namespace

std::string_view to_string(RecordPreference preference) {
  return preference_words.at(static_cast<std::size_t>(preference));
}

std::string_view to_string(RecordState state) {
  return state_words.at(static_cast<std::size_t>(state));
}

RecordPreference read_record_preference(const Sdp& sdp) {
  auto found = strictest(sdp.lines);
  for (const auto& media : sdp.media)
    found = std::max(found, strictest(media.lines));
  return found;
}

bool is_record_aware(const Sdp& sdp) {
  return has_attribute_of_recording(sdp.lines) ||
         std::ranges::any_of(sdp.media, [](const SdpMedia& media) {
           return has_attribute_of_recording(media.lines);
         });
}

void RecordIndication::hear(const Sdp& from_client) {
  aware_ = aware_ || is_record_aware(from_client);
}

Sdp RecordIndication::tell(Sdp sdp, const Recording& recording) {
  const auto of_session = told_by_server(sdp.lines);
  const bool server_tells = of_session || std::ranges::any_of(sdp.media, [](const SdpMedia& media) {
                              return told_by_server(media.lines).has_value();
                            });
  std::optional<Recording> told;
  if (aware_ || server_tells) {
    told = recording;
    const auto session = truth(of_session.value_or(RecordState::off), recording);
    replace(sdp.lines, session);
    for (auto& media : sdp.media) {
      auto own = told_by_server(media.lines);
      if (own) own = truth(*own, recording);
      replace(media.lines, own == session ? std::nullopt : own);
    }
  }
  if (std::exchange(told_before_, true) && told != told_) ++changes_;
  told_ = told;
  raise_version(sdp.lines, changes_);
  return sdp;
}

}  // namespace assent::media

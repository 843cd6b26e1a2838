#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "media/relay.hpp"
#include "tests/policy/rulebook.hpp"

namespace assent::simulation {

// One stay of somebody in one room; never used again, so that whoever comes back is a new one.
enum class Person : std::uint32_t {};
// One leg for as long as it is there; never used again.
enum class LegSerial : std::uint32_t {};

// Which law everybody in the simulation lives under.
enum class Law : std::uint8_t { per_participant, all_party };

struct SinkPlace {
  media::SinkId id;
  std::string_view name;
  std::string_view purpose;
  media::SinkConfig config;
};

inline constexpr std::array sink_places{
    SinkPlace{media::SinkId{0},
              "recorder",
              "recording",
              {media::codec_bit(media::Codec::opus), false, false}},
    SinkPlace{media::SinkId{1}, "archive", "recording", {media::codecs_forkable, true, false}},
    SinkPlace{media::SinkId{2}, "scribe", "transcription", {media::codecs_forkable, true, false}},
    SinkPlace{
        media::SinkId{16}, "server:recording", "recording", {media::codecs_forkable, false, true}},
    SinkPlace{media::SinkId{17},
              "server:transcription",
              "transcription",
              {media::codecs_forkable, false, true}},
};
inline constexpr std::array<std::string_view, 2> purposes{"recording", "transcription"};

[[nodiscard]] inline const SinkPlace& place_of(media::SinkId id) {
  return *std::find_if(sink_places.begin(), sink_places.end(),
                       [id](const SinkPlace& place) { return place.id == id; });
}
[[nodiscard]] inline const SinkPlace& place_named(std::string_view name) {
  return *std::find_if(sink_places.begin(), sink_places.end(),
                       [name](const SinkPlace& place) { return place.name == name; });
}

[[nodiscard]] inline std::string jurisdiction_of(Law law) {
  return law == Law::all_party ? "DE" : "NL";
}

// One jurisdiction, the operator's own sinks in it: nothing but consent is left to decide.
[[nodiscard]] inline policy::RuleBook rules_under(Law law) {
  policy::RuleBook rules = policy::test::rulebook();
  const auto country = jurisdiction_of(law);
  rules.processors["own"].countries = {country};
  for (auto& [name, sink] : rules.sinks)
    sink.processor = "own", sink.jurisdiction = country;
  rules.server.jurisdiction = country;
  return rules;
}

}  // namespace assent::simulation

#include "media/wav.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace assent::media {
namespace {

// RIFF is little-endian. The caller has checked that the bytes are there.
std::uint32_t load_le(std::span<const std::byte> bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value |= std::to_integer<std::uint32_t>(bytes[at + i]) << (8 * i);
  return value;
}

bool is_tag(std::span<const std::byte> bytes, std::size_t at, std::string_view tag) {
  for (std::size_t i = 0; i < tag.size(); ++i)
    if (std::to_integer<char>(bytes[at + i]) != tag[i]) return false;
  return true;
}

std::optional<WavFault> check_format(std::span<const std::byte> format) {
  constexpr std::uint32_t pcm = 1;
  constexpr std::uint32_t extensible = 0xfffe;  // the tag stands at the front of the subformat
  if (format.size() < 16) return WavFault{"its 'fmt ' chunk is too short"};
  auto tag = load_le(format, 0, 2);
  if (tag == extensible && format.size() >= 26) tag = load_le(format, 24, 2);
  if (tag != pcm) return WavFault{"it is compressed, or not of whole numbers"};
  if (load_le(format, 2, 2) != 1) return WavFault{"it has more than one channel"};
  if (load_le(format, 4, 4) != wav_rate_hz) return WavFault{"its rate is not 48000 Hz"};
  if (load_le(format, 14, 2) != 16) return WavFault{"its samples are not of 16 bits"};
  return std::nullopt;
}

std::vector<std::int16_t> samples_of(std::span<const std::byte> data) {
  std::vector<std::int16_t> samples;
  samples.reserve(data.size() / 2);
  for (std::size_t at = 0; at + 2 <= data.size(); at += 2)
    samples.push_back(static_cast<std::int16_t>(load_le(data, at, 2)));
  return samples;
}

}  // namespace

WavResult<std::vector<std::int16_t>> parse_wav(std::span<const std::byte> file) {
  if (file.size() < 12 || !is_tag(file, 0, "RIFF") || !is_tag(file, 8, "WAVE"))
    return WavFault{"it is not a WAV file"};
  bool format_is_sound = false;
  for (auto rest = file.subspan(12); rest.size() >= 8;) {
    const std::size_t size = load_le(rest, 4, 4);
    const bool is_data = is_tag(rest, 0, "data");
    const bool is_format = is_tag(rest, 0, "fmt ");
    rest = rest.subspan(8);
    if (size > rest.size()) return WavFault{"it ends before its sound does"};
    const auto chunk = rest.first(size);
    if (is_format) {
      if (auto fault = check_format(chunk)) return *std::move(fault);
      format_is_sound = true;
    }
    if (is_data) {
      if (!format_is_sound) return WavFault{"its 'fmt ' chunk does not come first"};
      if (size < 2) return WavFault{"there is no sound in it"};
      if (size / 2 / wav_rate_hz >= static_cast<std::size_t>(wav_length_max.count()))
        return WavFault{"it is longer than two minutes"};
      return samples_of(chunk);
    }
    rest = rest.subspan(std::min(size + size % 2, rest.size()));  // chunks begin at even places
  }
  return WavFault{"there is no sound in it"};
}

}  // namespace assent::media

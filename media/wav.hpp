#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace assent::media {

inline constexpr std::uint32_t wav_rate_hz = 48'000;
inline constexpr std::chrono::seconds wav_length_max{120};

struct WavFault {
  std::string what;  // in words, for whoever made the file
};
template <class T>
using WavResult = boost::system::result<T, WavFault>;

// The samples of a WAV file: uncompressed PCM of 16 bits, mono, 48 kHz, at most wav_length_max.
[[nodiscard]] WavResult<std::vector<std::int16_t>> parse_wav(std::span<const std::byte> file);

}  // namespace assent::media

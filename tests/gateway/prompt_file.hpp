#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace assent::gateway::test {

// A WAV file with a tone, as a prompt has to be, but for what is said otherwise.
inline std::string prompt_wav(int milliseconds, std::uint32_t rate = 48'000) {
  std::string samples;
  for (int i = 0; i < milliseconds * 48; ++i) {
    const auto sample = static_cast<std::int16_t>(8'000 * std::sin(i * 0.05));
    samples += static_cast<char>(sample & 0xff);
    samples += static_cast<char>(sample >> 8 & 0xff);
  }
  const auto number = [](std::uint32_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i)
      out += static_cast<char>(value >> (8 * i) & 0xff);
    return out;
  };
  const auto size = static_cast<std::uint32_t>(samples.size());
  return "RIFF" + number(36 + size, 4) + "WAVEfmt " + number(16, 4) + number(1, 2) + number(1, 2) +
         number(rate, 4) + number(2 * rate, 4) + number(2, 2) + number(16, 2) + "data" +
         number(size, 4) + samples;
}

inline std::string write_file(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream{file, std::ios::binary} << bytes;
  return file.string();
}

}  // namespace assent::gateway::test

#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace assent::media {

// One 16-bit sample as G.711 codes it: sign, exponent and mantissa of the loudness.

[[nodiscard]] constexpr std::byte encode_pcmu(std::int16_t sample) {
  constexpr unsigned bias = 132;
  constexpr unsigned loudest = 32'635;
  const auto loudness = static_cast<unsigned>(sample < 0 ? -int{sample} : int{sample});
  const unsigned biased = std::min(loudness, loudest) + bias;
  const auto exponent = static_cast<unsigned>(std::bit_width(biased)) - 8;
  const unsigned mantissa = biased >> (exponent + 3) & 0xf;
  return static_cast<std::byte>(~((sample < 0 ? 0x80U : 0U) | exponent << 4 | mantissa) & 0xff);
}

[[nodiscard]] constexpr std::byte encode_pcma(std::int16_t sample) {
  const auto loudness = static_cast<unsigned>(sample < 0 ? ~int{sample} : int{sample});
  const auto width = static_cast<unsigned>(std::bit_width(loudness));
  const unsigned exponent = width > 8 ? width - 8 : 0;
  const unsigned mantissa = loudness >> (exponent == 0 ? 4 : exponent + 3) & 0xf;
  return static_cast<std::byte>(((sample < 0 ? 0U : 0x80U) | exponent << 4 | mantissa) ^ 0x55U);
}

[[nodiscard]] constexpr std::int16_t decode_pcmu(std::byte code) {
  constexpr int bias = 132;
  const auto bits = ~std::to_integer<unsigned>(code) & 0xffU;
  const auto exponent = bits >> 4 & 7;
  const int loudness = static_cast<int>(((bits & 0xf) << 3) + bias) << exponent;
  return static_cast<std::int16_t>((bits & 0x80) != 0 ? bias - loudness : loudness - bias);
}

[[nodiscard]] constexpr std::int16_t decode_pcma(std::byte code) {
  const auto bits = std::to_integer<unsigned>(code) ^ 0x55U;
  const auto exponent = bits >> 4 & 7;
  const unsigned step = ((bits & 0xf) << 4) + 8;
  const auto loudness = static_cast<int>(exponent == 0 ? step : (step + 0x100) << (exponent - 1));
  return static_cast<std::int16_t>((bits & 0x80) != 0 ? loudness : -loudness);
}

}  // namespace assent::media

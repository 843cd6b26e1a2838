#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "media/sctp.hpp"

// SCTP as a browser and a server would say it.
namespace assent::media::tests {

using Bytes = std::vector<std::byte>;

inline void put(Bytes& bytes, std::uint32_t value, std::size_t size) {
  for (std::size_t i = size; i-- > 0;)
    bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

inline Bytes chunk(std::uint8_t type, std::uint8_t flags, const Bytes& value) {
  Bytes bytes{std::byte{type}, std::byte{flags}};
  put(bytes, static_cast<std::uint32_t>(value.size() + 4), 2);
  bytes.insert(bytes.end(), value.begin(), value.end());
  return bytes;
}

inline Bytes sctp(std::uint32_t tag, std::initializer_list<Bytes> chunks) {
  Bytes bytes;
  put(bytes, 5000, 2);
  put(bytes, 5000, 2);
  put(bytes, tag, 4);
  put(bytes, 0, 4);
  for (const auto& one : chunks) {
    bytes.resize((bytes.size() + 3) / 4 * 4);
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  bytes.resize((bytes.size() + 3) / 4 * 4);
  seal_sctp(bytes);
  return bytes;
}

inline Bytes text(std::string_view words) {
  const auto bytes = std::as_bytes(std::span{words});
  return {bytes.begin(), bytes.end()};
}

inline constexpr std::uint8_t ends = 1;
inline constexpr std::uint8_t begins = 2;
inline constexpr std::uint8_t whole = begins | ends;
inline constexpr std::uint8_t unordered = 4;

inline Bytes data(std::uint32_t tsn, std::string_view words, std::uint8_t flags = whole,
                  std::uint16_t stream = 1, std::uint16_t message = 0) {
  Bytes value;
  put(value, tsn, 4);
  put(value, stream, 2);
  put(value, message, 2);
  put(value, 51, 4);  // a string, RFC 8831 §8
  const auto said = text(words);
  value.insert(value.end(), said.begin(), said.end());
  return chunk(0, flags, value);
}

inline Bytes i_data(std::uint32_t tsn, std::string_view words, std::uint8_t flags = whole,
                    std::uint16_t stream = 1, std::uint32_t message = 0) {
  Bytes value;
  put(value, tsn, 4);
  put(value, stream, 2);
  put(value, 0, 2);
  put(value, message, 4);
  put(value, 51, 4);
  const auto said = text(words);
  value.insert(value.end(), said.begin(), said.end());
  return chunk(64, flags, value);
}

inline Bytes init(std::uint32_t first_tsn, std::uint8_t type = 1) {
  Bytes value;
  for (const std::uint32_t field : {0x1111U, 131'072U, 0xffffffffU, first_tsn})
    put(value, field, 4);
  return chunk(type, 0, value);
}

inline Bytes sack(std::uint32_t cumulative) {
  Bytes value;
  for (const std::uint32_t field : {cumulative, 131'072U, 0U})
    put(value, field, 4);
  return chunk(3, 0, value);
}

inline Bytes cookie_echo() {
  return chunk(10, 0, Bytes(33, std::byte{0xcc}));
}

struct SkippedMessage {
  std::uint16_t stream = 0;
  std::uint16_t message = 0;
};
inline Bytes forward_tsn(std::uint32_t tsn, std::initializer_list<SkippedMessage> skipped = {}) {
  Bytes value;
  put(value, tsn, 4);
  for (const auto& one : skipped) {
    put(value, one.stream, 2);
    put(value, one.message, 2);
  }
  return chunk(192, 0, value);
}

}  // namespace assent::media::tests

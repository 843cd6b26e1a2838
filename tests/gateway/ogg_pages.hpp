#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace assent::gateway {

// A reader of Ogg pages of the tests' own, written from RFC 3533, not with the library that wrote
// them. Reads up to the first page that is not whole.
struct OggPage {
  std::uint8_t flags = 0;  // 1 continued, 2 first, 4 last
  std::int64_t granule = 0;
  std::uint32_t serial = 0;
  std::uint32_t number = 0;
  std::size_t end = 0;  // offset behind it
  std::vector<std::string> packets;
};

inline std::uint32_t ogg_checksum(std::string page) {
  for (std::size_t i = 22; i < 26; ++i)
    page[i] = 0;
  std::uint32_t sum = 0;
  for (const char c : page) {
    sum ^= static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << 24;
    for (int bit = 0; bit < 8; ++bit)
      sum = (sum << 1) ^ ((sum >> 31) != 0 ? 0x04C11DB7u : 0u);
  }
  return sum;
}

inline std::uint64_t little_endian(const std::string& bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) {
    value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

inline std::vector<OggPage> read_pages(const std::string& bytes) {
  std::vector<OggPage> pages;
  constexpr std::size_t head = 27;
  for (std::size_t at = 0; at + head <= bytes.size();) {
    if (bytes.compare(at, 4, "OggS") != 0) break;
    const std::size_t segments = static_cast<unsigned char>(bytes[at + 26]);
    std::size_t body = at + head + segments;
    if (body > bytes.size()) break;
    OggPage page;
    page.flags = static_cast<std::uint8_t>(bytes[at + 5]);
    page.granule = static_cast<std::int64_t>(little_endian(bytes, at + 6, 8));
    page.serial = static_cast<std::uint32_t>(little_endian(bytes, at + 14, 4));
    page.number = static_cast<std::uint32_t>(little_endian(bytes, at + 18, 4));
    std::vector<std::size_t> sizes;
    std::size_t size = 0;
    std::size_t total = 0;
    for (std::size_t i = 0; i < segments; ++i) {
      const std::size_t lacing = static_cast<unsigned char>(bytes[at + head + i]);
      size += lacing;
      total += lacing;
      if (lacing < 255) sizes.push_back(std::exchange(size, 0));
    }
    if (body + total > bytes.size()) break;
    const std::string whole = bytes.substr(at, body + total - at);
    if (ogg_checksum(whole) != little_endian(bytes, at + 22, 4)) break;
    for (const std::size_t length : sizes) {
      page.packets.push_back(bytes.substr(body, length));
      body += length;
    }
    at += whole.size();
    page.end = at;
    pages.push_back(std::move(page));
  }
  return pages;
}

inline std::string read_bytes(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

// Packets behind the two headers, concealment (two bytes of code 3) left out.
inline std::vector<std::string> sound_packets(const std::vector<OggPage>& pages) {
  std::vector<std::string> found;
  for (std::size_t i = 2; i < pages.size(); ++i) {
    for (const auto& packet : pages[i].packets) {
      if (packet.size() != 2 || (packet[0] & 3) != 3) found.push_back(packet);
    }
  }
  return found;
}

}  // namespace assent::gateway

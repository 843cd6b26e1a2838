// HEP, version 3. tests/interop/cdrs_test has Wireshark's dissector read what goes out.
#include "gateway/hep3.hpp"

#include <gtest/gtest.h>

#include <map>

namespace assent::gateway {
namespace {

using Chunks = std::map<unsigned, std::string>;

unsigned number(const std::string& bytes, std::size_t at, std::size_t size) {
  unsigned value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value = value << 8U | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

Chunks chunks_of(const std::string& packet) {
  EXPECT_EQ(packet.substr(0, 4), "HEP3");
  EXPECT_EQ(number(packet, 4, 2), packet.size());
  Chunks chunks;
  for (std::size_t at = 6; at < packet.size(); at += number(packet, at + 4, 2)) {
    EXPECT_EQ(number(packet, at, 2), 0U);  // the vendor: the protocol itself
    chunks[number(packet, at + 2, 2)] = packet.substr(at + 6, number(packet, at + 4, 2) - 6);
  }
  return chunks;
}

HepPacket sample() {
  HepPacket packet;
  packet.source = *media::parse_endpoint("192.0.2.1", 40'000);
  packet.destination = *media::parse_endpoint("198.51.100.2", 9'060);
  packet.at = policy::WallTime{std::chrono::milliseconds{1'795'694'401'250}};
  packet.capture_id = 2'001;
  packet.payload = "{}";
  return packet;
}

TEST(Hep3, HasAChunkForEachThingThatACaptureServerNeeds) {
  auto packet = sample();
  packet.key = "secret";
  packet.correlation = "session";
  const auto chunks = chunks_of(hep3(packet).value());
  const Chunks expected{{1, "\x02"},
                        {2, "\x11"},
                        {3, std::string("\xC0\x00\x02\x01", 4)},
                        {4, "\xC6\x33\x64\x02"},
                        {7, "\x9C\x40"},
                        {8, "\x23\x64"},
                        {9, "\x6B\x08\x1F\x41"},
                        {10, std::string("\x00\x03\xD0\x90", 4)},
                        {11, "\x64"},
                        {12, std::string("\x00\x00\x07\xD1", 4)},
                        {14, "secret"},
                        {15, "{}"},
                        {17, "session"}};
  EXPECT_EQ(chunks, expected);
}

TEST(Hep3, CarriesIpv6WithItsOwnChunks) {
  auto packet = sample();
  packet.source = *media::parse_endpoint("2001:db8::1", 1);
  packet.destination = *media::parse_endpoint("2001:db8::2", 2);
  const auto chunks = chunks_of(hep3(packet).value());
  EXPECT_EQ(chunks.at(1), "\x0A");
  EXPECT_EQ(chunks.at(5).size(), 16U);
  EXPECT_EQ(chunks.at(6).back(), '\x02');
  EXPECT_FALSE(chunks.contains(3));
  EXPECT_FALSE(chunks.contains(14));  // no key, no correlation
  EXPECT_FALSE(chunks.contains(17));
}

TEST(Hep3, IsNotMadeWhereItsLengthCouldNotBeSaid) {
  auto packet = sample();
  const std::size_t envelope = hep3(packet)->size() - packet.payload.size();
  const std::string most(hep_packet_bytes_max - envelope, 'x');
  packet.payload = most;
  EXPECT_EQ(hep3(packet)->size(), hep_packet_bytes_max);
  const std::string more = most + 'x';
  packet.payload = more;
  EXPECT_FALSE(hep3(packet));
  const std::string far_more(200'000, 'x');
  packet.payload = far_more;
  EXPECT_FALSE(hep3(packet));
}

}  // namespace
}  // namespace assent::gateway

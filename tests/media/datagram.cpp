#include "media/datagram.hpp"

#include <gtest/gtest.h>

#include <array>

namespace assent::media {
namespace {

DatagramClass class_of(unsigned first, unsigned second) {
  const std::array bytes{static_cast<std::byte>(first), static_cast<std::byte>(second)};
  return classify_datagram(bytes);
}

TEST(Datagram, IsClassedByItsFirstByteAsRfc7983Section7Says) {
  for (unsigned first = 0; first < 256; ++first) {
    const auto expected = first <= 3                    ? DatagramClass::stun
                          : first >= 16 && first <= 19  ? DatagramClass::zrtp
                          : first >= 20 && first <= 63  ? DatagramClass::dtls
                          : first >= 64 && first <= 79  ? DatagramClass::turn_channel
                          : first >= 128 && first < 192 ? DatagramClass::rtp
                                                        : DatagramClass::unknown;
    EXPECT_EQ(class_of(first, 0), expected) << first;
  }
}

TEST(Datagram, IsRtcpOnlyForPacketTypes192To223AsRfc5761Section4Says) {
  for (unsigned second = 0; second < 256; ++second) {
    const bool rtcp = second >= 192 && second <= 223;
    EXPECT_EQ(class_of(0x80, second), rtcp ? DatagramClass::rtcp : DatagramClass::rtp) << second;
  }
}

TEST(Datagram, TooShortToTellIsUnknown) {
  EXPECT_EQ(classify_datagram({}), DatagramClass::unknown);
  const std::array one{std::byte{0x80}};
  EXPECT_EQ(classify_datagram(one), DatagramClass::unknown);
  const std::array stun{std::byte{0}};
  EXPECT_EQ(classify_datagram(stun), DatagramClass::stun);
}

TEST(Datagram, EveryClassHasItsWord) {
  EXPECT_EQ(to_string(DatagramClass::rtp), "rtp");
  EXPECT_EQ(to_string(DatagramClass::rtcp), "rtcp");
  EXPECT_EQ(to_string(DatagramClass::stun), "stun");
  EXPECT_EQ(to_string(DatagramClass::dtls), "dtls");
  EXPECT_EQ(to_string(DatagramClass::zrtp), "zrtp");
  EXPECT_EQ(to_string(DatagramClass::turn_channel), "turn_channel");
  EXPECT_EQ(to_string(DatagramClass::unknown), "unknown");
}

}  // namespace
}  // namespace assent::media

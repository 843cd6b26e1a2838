#include "media/endpoint.hpp"

#include <gtest/gtest.h>

namespace assent::media {
namespace {

TEST(Endpoint, OfNowhereIsNotSet) {
  EXPECT_FALSE(Endpoint{}.is_set());
  EXPECT_FALSE(Endpoint{}.is_v4());
}

TEST(Endpoint, ReadsAndWritesBothFamilies) {
  for (const char* text : {"192.0.2.1", "0.0.0.0", "2001:db8::1", "::1", "fe80::1:2"}) {
    const auto endpoint = parse_endpoint(text, 5004);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(address_text(*endpoint), text);
    EXPECT_EQ(endpoint->port, 5004);
    EXPECT_TRUE(endpoint->is_set());
    EXPECT_EQ(endpoint->is_v4(), std::string_view{text}.find(':') == std::string_view::npos);
  }
}

TEST(Endpoint, IsTheSameHoweverAnIPv4AddressIsWritten) {
  EXPECT_EQ(parse_endpoint("192.0.2.1", 9), parse_endpoint("::ffff:192.0.2.1", 9));
  EXPECT_NE(parse_endpoint("192.0.2.1", 9), parse_endpoint("192.0.2.1", 10));
}

TEST(Endpoint, TakesAddressesOnlyAndNothingAroundThem) {
  const std::string long_text(200, '1');
  const std::string with_null{"192.0.2.1\0.evil.example", 23};
  for (const std::string& text :
       {std::string{}, std::string{"localhost"}, std::string{"[::1]"}, std::string{"192.0.2"},
        std::string{"192.0.2.256"}, std::string{"::1%lo"}, std::string{" 192.0.2.1"},
        std::string{"192.0.2.1:80"}, long_text, with_null}) {
    EXPECT_FALSE(parse_endpoint(text, 5004)) << text;
  }
}

}  // namespace
}  // namespace assent::media

#include <gtest/gtest.h>

#include "gateway/webhook_address.hpp"
#include "gateway/webhook_config.hpp"
#include "gateway/webhook_schedule.hpp"
#include "gateway/webhook_signature.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

bool reaches(const char* address, bool allow_private) {
  return may_reach(boost::asio::ip::make_address(address), allow_private);
}

TEST(WebhookSignature, IsThatOfTheStandardsOwnExample) {
  const auto secret = parse_webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
  ASSERT_TRUE(secret);
  EXPECT_EQ(webhook_signature(*secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1'614'265'330,
                              R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookSecret, ThatIsShortOrNoBase64IsNone) {
  for (const char* text :
       {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa Sw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La=aSw", "whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"}) {
    EXPECT_FALSE(parse_webhook_secret(text)) << text;
  }
}

TEST(WebhookAddress, InsideIsReachedOnlyWherePermittedAndSomeNever) {
  for (const char* address : {"8.8.8.8", "172.15.255.255", "172.32.0.1", "2606:4700::1111",
                              "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"}) {
    EXPECT_TRUE(reaches(address, false)) << address;
  }
  for (const char* address :
       {"127.0.0.1", "127.255.255.254", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "100.64.0.1", "100.127.255.255", "::1", "fd12::1", "fc00::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::10.0.0.1"}) {
    EXPECT_FALSE(reaches(address, false)) << address;
    EXPECT_TRUE(reaches(address, true)) << address;
  }
  for (const char* address : {"0.0.0.0",
                              "0.1.2.3",
                              "169.254.169.254",
                              "169.254.1.1",
                              "192.0.0.192",
                              "100.100.100.200",
                              "192.0.2.1",
                              "198.18.0.1",
                              "198.51.100.1",
                              "203.0.113.1",
                              "224.0.0.1",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "fe80::1",
                              "fec0::1",
                              "ff02::1",
                              "fd00:ec2::254",
                              "fd20:ce::254",
                              "168.63.129.16",
                              "2001:db8::1",
                              "2001::1",
                              "2002:7f00:1::1",
                              "3fff::1",
                              "64:ff9b:1::1",
                              "::ffff:169.254.169.254",
                              "64:ff9b::169.254.169.254",
                              "::127.0.0.1"}) {
    EXPECT_FALSE(reaches(address, false)) << address;
    EXPECT_FALSE(reaches(address, true)) << address;
  }
}

TEST(WebhookUrl, IsHttpWithAHostAndNothingHidden) {
  const auto url = parse_webhook_url("https://hooks.example:8443/a/b?c=d");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "hooks.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/a/b?c=d");
  EXPECT_EQ(url->authority, "hooks.example:8443");
  EXPECT_EQ(parse_webhook_url("http://[2001:db8::1]")->host, "2001:db8::1");
  EXPECT_EQ(parse_webhook_url("http://[2001:db8::1]")->target, "/");
  EXPECT_EQ(parse_webhook_url("http://a.example?x")->target, "/?x");
  for (const char* text :
       {"", "hooks.example", "ftp://hooks.example/", "https:///path", "https://user@hooks.example/",
        "https://hooks.example/#part", "https://hooks.example:0/", "https://hooks.example:99999/",
        "https://a%2eb/", "https://a b/", "file:///etc/passwd", "gopher://127.0.0.1:25/"}) {
    EXPECT_FALSE(parse_webhook_url(text)) << text;
  }
}

TEST(WebhookPause, DoublesUpToAnHourAndEndsAfterThreeDays) {
  EXPECT_EQ(webhook_pause(1, 0ms, 0.5), 5s);
  EXPECT_EQ(webhook_pause(2, 0ms, 0.5), 10s);
  EXPECT_EQ(webhook_pause(5, 0ms, 0.5), 80s);
  EXPECT_EQ(webhook_pause(11, 0ms, 0.5), 1h);
  EXPECT_EQ(webhook_pause(4'000'000'000U, 0ms, 0.5), 1h);
  EXPECT_EQ(webhook_pause(1, 0ms, 0), 4s);
  EXPECT_LT(webhook_pause(1, 0ms, 0.999), 6s);
  EXPECT_TRUE(webhook_pause(80, 72h - 1ms, 0.5));
  EXPECT_FALSE(webhook_pause(80, 72h, 0.5));
}

}  // namespace
}  // namespace assent::gateway

#include <gtest/gtest.h>

#include "tests/gateway/file_size_limit.hpp"
#include "tests/gateway/media_peer.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;

TEST(FullDisk, Failure24RefusesGrantsHonoursWithdrawalsCarriesTheCallAndRecoversByItself) {
  Socket archive;
  RunningService service{{.archive_port = archive.port()}};
  service.ask("PUT", "/v1/rooms/full", "{}");
  service.ask("PUT", "/v1/rooms/full/purposes/recording", R"({"by": "sinks"})");
  Caller granted{service, "full", "granted", 1};
  Caller asking{service, "full", "asking", 2};
  granted.connect(service);
  asking.connect(service);
  const auto consent = grant();
  service.ask("PUT", granted.path + "/consents/recording", consent);
  granted.speak();
  ASSERT_TRUE(archive.receive());
  {
    const FileSizeLimit no_growth{4096};
    const auto refused = service.call("PUT", asking.path + "/consents/recording", consent);
    EXPECT_EQ(refused.status, 503U);
    asking.speak();
    EXPECT_TRUE(asking.server.receive());
    EXPECT_EQ(archive.receive(50ms), std::nullopt);

    const auto withdrawn = service.call("DELETE", granted.path + "/consents/recording");
    EXPECT_EQ(withdrawn.status, 503U);
    granted.speak();
    EXPECT_TRUE(granted.server.receive());
    EXPECT_EQ(archive.receive(50ms), std::nullopt);
    EXPECT_EQ(service.call("GET", "/readyz").status, 503U);
  }
  unsigned status = 0;
  for (int i = 0; i < 100 && status != 200; ++i) {
    std::this_thread::sleep_for(50ms);
    status = service.call("PUT", asking.path + "/consents/recording", consent).status;
  }
  EXPECT_EQ(status, 200U);
  bool heard = false;  // where it lasted, permits lapsed, and open again a moment later
  for (int i = 0; i < 100 && !heard; ++i) {
    asking.speak();
    heard = archive.receive(50ms).has_value();
  }
  EXPECT_TRUE(heard);
  EXPECT_EQ(service.call("GET", "/readyz").status, 200U);
}

}  // namespace
}  // namespace assent::gateway::test

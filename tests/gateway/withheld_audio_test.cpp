#include <gtest/gtest.h>

#include "tests/gateway/media_peer.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;

bool is_voice(const Bytes& packet) {
  const auto view = media::parse_rtp(packet);
  return view && view->payload().size() == 40;  // as opus_rtp speaks
}

TEST(WithheldAudio, AServerThatRecordsHearsSilenceOfWhoeverDidNotConsentWhereThatIsAskedFor) {
  RunningService service{{}};
  service.ask("PUT", "/v1/rooms/quiet", "{}");
  service.ask("PUT", "/v1/rooms/quiet/purposes/recording",
              R"({"by": "server", "withhold": "silence"})");
  Caller ann{service, "quiet", "ann", 0x1111};
  ann.connect(service);
  const auto hear = [&ann] {
    ann.speak();
    const auto heard = ann.server.receive();
    return heard ? *heard : Bytes{};
  };
  for (int i = 0; i < 5; ++i) {
    const auto heard = hear();
    ASSERT_FALSE(heard.empty()) << "the stream goes on";
    EXPECT_FALSE(is_voice(heard));
  }
  service.ask("PUT", ann.path + "/consents/recording", grant());
  hear();  // may still be from before
  EXPECT_TRUE(is_voice(hear()));
  service.ask("DELETE", ann.path + "/consents/recording");
  EXPECT_FALSE(is_voice(hear()));
  service.ask("PUT", "/v1/rooms/quiet/purposes/recording", R"({"by": "server"})");
  ann.speak();
  EXPECT_FALSE(ann.server.receive(200ms)) << "asked for otherwise while it runs";
}

TEST(WithheldAudio, IsDroppedWhereNothingIsSaid) {
  RunningService service{{}};
  service.ask("PUT", "/v1/rooms/quiet", "{}");
  service.ask("PUT", "/v1/rooms/quiet/purposes/recording", R"({"by": "server"})");
  Caller ann{service, "quiet", "ann", 0x1111};
  ann.connect(service);
  ann.speak();
  EXPECT_FALSE(ann.server.receive(200ms));
}

}  // namespace
}  // namespace assent::gateway::test

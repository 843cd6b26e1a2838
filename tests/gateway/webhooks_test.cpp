#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <fstream>

#include "gateway/webhook_signature.hpp"
#include "tests/gateway/certificate.hpp"
#include "tests/gateway/media_peer.hpp"
#include "tests/gateway/webhook_receiver.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr std::string_view secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

class Webhook : public testing::Test {
 protected:
  Webhook() {
    std::ofstream{folder.path() / "secret"} << secret << '\n';
    ::chmod((folder.path() / "secret").c_str(), 0600);
  }
  [[nodiscard]] std::string hook(const std::string& url, const std::string& more) const {
    return "  - {name: hook, url: '" + url +
           "', secret_file: " + (folder.path() / "secret").string() + more + "}\n";
  }
  [[nodiscard]] std::string local(const WebhookReceiver& receiver,
                                  const std::string& more = {}) const {
    return hook("http://127.0.0.1:" + receiver.port() + "/hook?x=1",
                ", allow_private: true" + more);
  }
  static bool says(const RunningService& service, const std::string& words) {
    for (int i = 0; i < 300; ++i) {
      if (service.log().find(words) != std::string::npos) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  static bool measures(RunningService& service, const std::string& line) {
    for (int i = 0; i < 300; ++i) {
      const auto metrics = service.call("GET", "/metrics").body;
      if (metrics.as_string().find(line) != std::string::npos) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  TemporaryFolder folder;
};

std::string field(const WebhookReceiver::Request& request, const char* name) {
  return std::string(request[name]);
}

TEST_F(Webhook, IsSignedOverItsIdItsTimeAndItsBody) {
  WebhookReceiver receiver;
  RunningService service{{.webhooks = local(receiver)}};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  const auto requests = receiver.requests(1);
  ASSERT_GE(requests.size(), 1U);
  const auto& request = requests.front();
  EXPECT_EQ(request.target(), "/hook?x=1");
  EXPECT_EQ(field(request, "Host"), "127.0.0.1:" + receiver.port());
  EXPECT_EQ(field(request, "Content-Type"), "application/webhook+json");
  const auto time = std::stoll(field(request, "webhook-timestamp"));
  EXPECT_EQ(field(request, "webhook-signature"),
            webhook_signature(*parse_webhook_secret(secret), field(request, "webhook-id"), time,
                              request.body()));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_NEAR(static_cast<double>(time), std::chrono::duration<double>(now).count(), 60);
  const auto body = json::parse(request.body());
  EXPECT_EQ(body.at("type").as_string(), "room_opened");
  EXPECT_EQ(body.at("data").at("room").as_string(), "standup");
}

TEST_F(Webhook, TellsAWithdrawalWithItsCutAndWhenPurposesAndTheRoomEnd) {
  Socket archive;
  WebhookReceiver receiver;
  RunningService service{
      {.archive_port = archive.port(),
       .webhooks = local(receiver,
                         ", events: [consent, cut, purpose_started, purpose_stopped, "
                         "room_closed]")}};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  service.ask("PUT", caller.path + "/consents/recording", grant());
  caller.speak();
  ASSERT_TRUE(archive.receive());
  const auto receipt = service.ask("DELETE", caller.path + "/consents/recording");
  service.ask("DELETE", "/v1/rooms/standup/purposes/recording");
  service.ask("DELETE", "/v1/rooms/standup");

  std::vector<std::string> told;
  std::optional<json::value> cut;
  for (int i = 0; i < 100 && std::count(told.begin(), told.end(), "room_closed") == 0; ++i) {
    told.clear();
    for (const auto& request : receiver.requests(SIZE_MAX, 100ms)) {
      const auto body = json::parse(request.body());
      const auto& data = body.at("data").as_object();
      std::string word{body.at("type").as_string()};
      if (word == "consent") word += " " + std::string(data.at("state").as_string());
      if (word == "cut" && data.at("sink").as_string() == "archive") cut = data;
      if (told.empty() || told.back() != word) told.push_back(word);
    }
  }
  EXPECT_EQ(told,
            (std::vector<std::string>{"purpose_started", "consent granted", "cut",
                                      "consent withdrawn", "purpose_stopped", "room_closed"}));
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->at("ssrc"), 0xabc);
  EXPECT_TRUE(std::any_of(receipt.at("cut").as_array().begin(), receipt.at("cut").as_array().end(),
                          [&](const json::value& mark) {
                            return mark.at("last_sequence") == cut->at("last_sequence");
                          }));
}

TEST_F(Webhook, ComesAgainAfterAnErrorWithTheSameId) {
  WebhookReceiver receiver{{500}};
  RunningService service{{.webhooks = local(receiver, ", events: [room_opened]")}};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  const auto requests = receiver.requests(2);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(field(requests[0], "webhook-id"), field(requests[1], "webhook-id"));
  EXPECT_EQ(requests[0].body(), requests[1].body());
  EXPECT_NE(field(requests[0], "webhook-timestamp"), field(requests[1], "webhook-timestamp"));
  EXPECT_TRUE(says(service, "webhook.recovered"));
  for (const char* line :
       {R"(assent_webhook_deliveries_total{webhook="hook",outcome="delivered"} 1)",
        R"(assent_webhook_deliveries_total{webhook="hook",outcome="retried"} 1)",
        R"(assent_webhook_waiting{webhook="hook"} 0)"}) {  // once that is in the database, too
    EXPECT_TRUE(measures(service, line)) << line;
  }
}

TEST_F(Webhook, ThatWaitsGoesOnAfterARestart) {
  WebhookReceiver receiver{{503}};
  const auto hooks = local(receiver, ", events: [room_opened]");
  {
    RunningService service{{.state = folder.path(), .webhooks = hooks}};
    service.ask("PUT", "/v1/rooms/standup", "{}");
    ASSERT_EQ(receiver.requests(1).size(), 1U);
    ASSERT_TRUE(says(service, "webhook.failing"));
  }
  RunningService service{{.state = folder.path(), .webhooks = hooks}};
  const auto requests = receiver.requests(2);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(field(requests[0], "webhook-id"), field(requests[1], "webhook-id"));
}

TEST_F(Webhook, DoesNotReachThisMachineWhereItMayNot) {
  WebhookReceiver receiver;
  RunningService service{{.webhooks = hook("https://localhost:" + receiver.port() + "/", "")}};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  EXPECT_TRUE(says(service, R"("outcome":"address_refused")")) << service.log();
  EXPECT_EQ(receiver.connections(), 0U);
}

TEST_F(Webhook, FollowsNoRedirect) {
  WebhookReceiver other;
  WebhookReceiver receiver{{302}, "http://127.0.0.1:" + other.port() + "/"};
  RunningService service{{.webhooks = local(receiver, ", events: [room_opened]")}};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  ASSERT_EQ(receiver.requests(1).size(), 1U);
  EXPECT_TRUE(says(service, R"("outcome":"refused")"));
  EXPECT_EQ(other.connections(), 0U);
}

TEST_F(Webhook, OverTlsReachesOnlyTheHostThatItsAuthorityVouchesFor) {
  boost::asio::ssl::context right{boost::asio::ssl::context::tls_server};
  boost::asio::ssl::context wrong{boost::asio::ssl::context::tls_server};
  use_certificate(right, "localhost", folder.path() / "right.pem");
  use_certificate(wrong, "elsewhere.example", folder.path() / "wrong.pem");
  const auto hooks = [this](const WebhookReceiver& receiver, const std::string& authority) {
    return hook("https://localhost:" + receiver.port() + "/",
                ", allow_private: true, ca_file: " + (folder.path() / authority).string());
  };
  {
    WebhookReceiver receiver{{}, {}, &right};
    RunningService service{{.webhooks = hooks(receiver, "right.pem")}};
    service.ask("PUT", "/v1/rooms/standup", "{}");
    EXPECT_GE(receiver.requests(1).size(), 1U) << service.log();
  }
  // Another's name under a known authority, and the right name under an unknown one.
  for (auto* tls : {&wrong, &right}) {
    WebhookReceiver receiver{{}, {}, tls};
    RunningService service{{.webhooks = hooks(receiver, "wrong.pem")}};
    service.ask("PUT", "/v1/rooms/standup", "{}");
    EXPECT_TRUE(says(service, R"("outcome":"untrusted")")) << service.log();
    EXPECT_TRUE(receiver.requests(1, 0ms).empty());
  }
}

TEST_F(Webhook, EndsWhenItsReceiverIsGone) {
  WebhookReceiver receiver{{410}};
  RunningService service{{.webhooks = local(receiver, ", events: [room_opened]")}};
  service.ask("PUT", "/v1/rooms/standup", "{}");
  ASSERT_TRUE(says(service, "webhook.disabled"));
  service.ask("PUT", "/v1/rooms/other", "{}");
  EXPECT_EQ(receiver.requests(2, 300ms).size(), 1U);
}

TEST_F(Webhook, WithAFaultSaysWhereAndHowToMendIt) {
  const auto fault_of = [](const std::string& hooks) -> std::string {
    try {
      const RunningService service{{.webhooks = hooks}};
    } catch (const std::runtime_error& fault) {
      return fault.what();
    }
    return "none";
  };
  EXPECT_NE(fault_of(hook("http://hooks.example/", "")).find("unencrypted"), std::string::npos);
  EXPECT_NE(fault_of(hook("https://10.0.0.1/", "")).find("allow_private: true"), std::string::npos);
  EXPECT_NE(fault_of(hook("https://169.254.169.254/", ", allow_private: true"))
                .find("is an address that no event is sent to"),
            std::string::npos);
  EXPECT_NE(fault_of(hook("https://hooks.example/", ", events: [consnet]")).find("'consent'"),
            std::string::npos);
  EXPECT_NE(fault_of(hook("https://hooks.example/", "") + hook("https://b.example/", ""))
                .find("that of another webhook"),
            std::string::npos);
  std::ofstream{folder.path() / "secret"} << "whsec_c2hvcnQ=";
  const auto weak = fault_of(hook("https://hooks.example/", ""));
  EXPECT_NE(weak.find("openssl rand -base64 32"), std::string::npos) << weak;
  EXPECT_EQ(weak.find("c2hvcnQ"), std::string::npos) << "a secret is not shown";
  ::chmod((folder.path() / "secret").c_str(), 0644);
  EXPECT_NE(fault_of(hook("https://hooks.example/", "")).find("chmod o="), std::string::npos);
}

}  // namespace
}  // namespace assent::gateway::test

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <functional>
#include <thread>

#include "gateway/sha256.hpp"
#include "gateway/storage.hpp"
#include "media/sdp_crypto.hpp"
#include "tests/gateway/media_peer.hpp"
#include "tests/gateway/prompt_file.hpp"
#include "tests/gateway/webhook_receiver.hpp"

namespace assent::gateway::test {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;
namespace json = boost::json;

constexpr std::uint32_t phone_ssrc = 0xabc;
constexpr std::uint32_t server_ssrc = 0xdef;

std::string description(std::uint16_t port, std::string_view profile, std::string_view formats,
                        const std::string& more = {}) {
  std::string text = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n";
  text += "m=audio " + std::to_string(port) + " " + std::string(profile) + " ";
  text += std::string(formats) + "\r\n";
  if (formats.find("111") != std::string_view::npos) text += "a=rtpmap:111 opus/48000/2\r\n";
  return text + "a=rtpmap:101 telephone-event/8000\r\na=rtcp-mux\r\n" + more;
}

// A person with a telephone, speaking SRTP unless it is told otherwise; the server speaks RTP.
class Telephone {
 public:
  Telephone(RunningService& service, const std::string& name, std::string_view formats = "111 101",
            bool is_secure = true)
      : service_{service}, call_{service, "standup", name, phone_ssrc} {
    std::vector<std::byte> material(30, std::byte{7});
    const auto own =
        *media::SrtpKey::from_bytes(media::SrtpSuite::aes_cm_128_hmac_sha1_80, material);
    const auto crypto = "a=" + media::write_crypto(1, own).value + "\r\n";
    const auto offer = description(call_.phone.port(), is_secure ? "RTP/SAVP" : "RTP/AVP", formats,
                                   is_secure ? crypto : "");
    const auto offered =
        service.ask("POST", call_.path + "/offer", Caller::offer_body(offer, "RTP/AVP"));
    call_.at_server = port_in(std::string(offered.at("sdp").as_string()));
    const auto answer = description(call_.server.port(), "RTP/AVP", formats);
    const auto answered = service.ask("POST", call_.path + "/answer", Caller::answer_body(answer));
    const std::string toward_phone(answered.at("sdp").as_string());
    call_.at_client = port_in(toward_phone);
    if (!is_secure) return;
    const auto parsed = media::parse_sdp(toward_phone);
    seal_.emplace(own);
    open_.emplace(media::read_cryptos(parsed->media[0].lines)->at(0).key);
  }

  [[nodiscard]] const std::string& path() const { return call_.path; }
  [[nodiscard]] std::string questions() const { return call_.path + "/questions"; }

  void send(Bytes packet) {
    if (seal_) {
      const auto size = packet.size();
      packet.resize(size + media::srtp_trailer_bytes_max);
      packet.resize(*seal_->protect_rtp(packet, size));
    }
    call_.phone.send(packet, call_.at_client);
  }
  void send_in_the_clear(const Bytes& packet) { call_.phone.send(packet, call_.at_client); }
  void speak() { send(opus_rtp(next_++, phone_ssrc)); }

  // A report of a key (RFC 4733 §2.3).
  Bytes report(unsigned key, std::uint32_t timestamp, std::uint16_t duration, bool end) {
    Bytes packet(16);
    packet[0] = std::byte{0x80};
    packet[1] = std::byte{101};
    media::store_be16(packet, 2, next_++);
    media::store_be32(packet, 4, timestamp);
    media::store_be32(packet, 8, phone_ssrc);
    packet[12] = static_cast<std::byte>(key);
    packet[13] = end ? std::byte{0x8a} : std::byte{0x0a};
    media::store_be16(packet, 14, duration);
    return packet;
  }
  // As a telephone does: updates, and the end three times.
  void press(unsigned key) {
    timestamp_ += 8'000;
    for (std::uint16_t i = 1; i <= 3; ++i)
      send(report(key, timestamp_, static_cast<std::uint16_t>(160 * i), false));
    for (int i = 0; i < 3; ++i)
      send(report(key, timestamp_, 640, true));
  }
  static constexpr int reports_of_a_press = 6;

  // What arrives at the phone next, in the clear.
  std::optional<Bytes> hear(std::chrono::milliseconds within = 2s) {
    auto packet = call_.phone.receive(within);
    if (!packet || !open_) return packet;
    const auto clear = open_->unprotect_rtp(*packet);
    EXPECT_TRUE(clear) << to_string(clear.error());
    if (!clear) return std::nullopt;
    return Bytes(clear->begin(), clear->end());
  }
  static std::uint32_t ssrc_of(const Bytes& packet) {
    return static_cast<std::uint32_t>(media::parse_rtp(packet)->ssrc());
  }
  // Whether the server is heard, once what else is on the way has arrived.
  bool hears_server() {
    call_.server.send(opus_rtp(server_next_++, server_ssrc), call_.at_server);
    for (auto packet = hear(); packet; packet = hear(100ms)) {
      if (ssrc_of(*packet) == server_ssrc) return true;
    }
    return false;
  }
  Socket& server() { return call_.server; }
  Caller& call() { return call_; }

  std::string consent(const std::string& purpose = "recording") {
    const auto body = service_.ask("GET", call_.path);
    const auto* stated = body.at("consents").as_object().if_contains(purpose);
    return stated != nullptr ? std::string(stated->at("state").as_string()) : "unknown";
  }
  // The consent's state, when it is no longer what it was.
  std::string changed_from(const std::string& before, const std::string& purpose = "recording") {
    for (int i = 0; i < 200 && consent(purpose) == before; ++i)
      std::this_thread::sleep_for(10ms);
    return consent(purpose);
  }

 private:
  RunningService& service_;
  Caller call_;
  std::optional<media::SrtpOutbound> seal_;
  std::optional<media::SrtpInbound> open_;
  std::uint16_t next_ = 1;
  std::uint16_t server_next_ = 1;
  std::uint32_t timestamp_ = 0;
};

constexpr std::string_view about_recording = R"({"purposes": ["recording"], "language": "en"})";

class AskedByKeypad : public testing::Test {
 protected:
  AskedByKeypad() {
    service.ask("PUT", "/v1/rooms/standup", "{}");
    service.ask("PUT", "/v1/rooms/standup/purposes/recording",
                R"({"by": "sinks", "sinks": ["archive"]})");
  }
  std::string prompt(const std::string& purposes, const std::string& name, int milliseconds) {
    const auto file = write_file(folder.path() / name, prompt_wav(milliseconds));
    return "    - {purposes: [" + purposes + "], language: en, file: " + file + "}\n";
  }
  RunningService::Options options(std::string_view more) {
    RunningService::Options options;
    options.archive_port = archive.port();
    options.keypad = "  prompts:\n" + prompt("recording", "one.wav", 400) +
                     prompt("recording, transcription", "two.wav", 60) + std::string(more);
    options.webhooks =
        "    - {name: test, url: 'http://127.0.0.1:" + receiver.port() +
        "/', allow_private: true, events: [question_closed], secret_file: " + secret + "}\n";
    return options;
  }
  // What became of the latest question, as webhooks tell it.
  std::string end_of_question(std::size_t questions = 1) {
    const auto told = receiver.requests(questions);
    return told.size() < questions ? "not told" : told[questions - 1].body();
  }

  TemporaryFolder folder;
  std::string secret = [this] {
    auto file =
        write_file(folder.path() / "secret", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    return file;
  }();
  Socket archive;
  WebhookReceiver receiver;
  RunningService service{options("")};
};

TEST_F(AskedByKeypad, HearsThePromptPressesOneAndConsents) {
  Telephone phone{service, "caller"};
  EXPECT_TRUE(phone.hears_server());
  const auto asked = service.ask("PUT", phone.questions(), about_recording);
  EXPECT_EQ(asked.at("prompt").as_string(), "sha256:" + to_hex(sha256(prompt_wav(400))));

  std::vector<Bytes> prompt;
  for (int i = 0; i < 5; ++i)
    prompt.push_back(phone.hear().value());
  const auto first = media::parse_rtp(prompt[0]);
  for (std::uint16_t i = 0; i < 5; ++i) {
    const auto packet = media::parse_rtp(prompt[i]);
    EXPECT_EQ(packet->payload_type(), 111);
    EXPECT_EQ(packet->ssrc(), first->ssrc());
    EXPECT_EQ(packet->sequence().distance_from(first->sequence()), i);
    EXPECT_EQ(packet->timestamp() - first->timestamp(), i * 960U);
  }
  EXPECT_NE(Telephone::ssrc_of(prompt[0]), server_ssrc);
  EXPECT_EQ(phone.consent(), "unknown");  // nothing is consented to by listening

  phone.press(1);
  EXPECT_EQ(phone.changed_from("unknown"), "granted");
  EXPECT_TRUE(phone.hears_server());
  for (int i = 0; i < Telephone::reports_of_a_press; ++i)
    EXPECT_TRUE(phone.server().receive()) << i;  // the call is untouched
  EXPECT_EQ(archive.receive(50ms), std::nullopt);
  phone.speak();
  EXPECT_EQ(Telephone::ssrc_of(archive.receive().value()), phone_ssrc);
  phone.press(5);
  EXPECT_EQ(archive.receive(50ms), std::nullopt);  // keys are never a sink's
  EXPECT_THAT(end_of_question(), HasSubstr(R"("cause":"consented")"));
  EXPECT_THAT(end_of_question(), HasSubstr(R"("states":{"recording":"granted"})"));
}

TEST_F(AskedByKeypad, Row17IsRecordedWithTheHashOfThePromptAndThePlaceOfTheKey) {
  Telephone phone{service, "caller"};
  service.ask("PUT", phone.questions(), about_recording);
  ASSERT_TRUE(phone.hear());
  phone.press(1);
  EXPECT_EQ(phone.changed_from("unknown"), "granted");
  service.stop();

  boost::asio::io_context context;
  StorageOptions there;
  there.database = service.state() / "assent.db";
  there.cdr_lines = service.state() / "cdr";
  Storage storage{there};
  auto read =
      boost::asio::co_spawn(context, storage.latest_consents("standup"), boost::asio::use_future);
  context.run();
  const auto consents = read.get();
  ASSERT_TRUE(consents);
  ASSERT_FALSE(consents->empty());
  const auto& consent = consents->front();
  EXPECT_EQ(consent.method, "verbal");
  EXPECT_EQ(consent.strength, "firm");
  EXPECT_THAT(consent.evidence, HasSubstr(to_hex(sha256(prompt_wav(400)))));
  EXPECT_THAT(consent.evidence, HasSubstr("ssrc=2748 sequence=1 timestamp=8000"));
  EXPECT_THAT(consent.evidence, HasSubstr(R"("stream":"srtp")"));
  EXPECT_THAT(consent.evidence, HasSubstr(R"("attester":"assent")"));
}

TEST_F(AskedByKeypad, PressesTwoAndRefusesOrWithdraws) {
  Telephone phone{service, "caller"};
  service.ask("PUT", phone.questions(), about_recording);
  phone.press(2);
  EXPECT_EQ(phone.changed_from("unknown"), "refused");

  service.ask("PUT", phone.path() + "/consents/recording", grant());
  phone.speak();
  EXPECT_TRUE(archive.receive());
  service.ask("PUT", phone.questions(), about_recording);
  phone.press(2);
  EXPECT_EQ(phone.changed_from("granted"), "withdrawn");
  phone.speak();
  EXPECT_EQ(archive.receive(50ms), std::nullopt);
  EXPECT_THAT(end_of_question(2), HasSubstr(R"("cause":"declined")"));
}

TEST_F(AskedByKeypad, AnswersForAllOfThePurposesByOneKey) {
  Telephone phone{service, "caller"};
  service.ask("PUT", phone.questions(), R"({"purposes": ["transcription", "recording"]})");
  phone.press(1);
  EXPECT_EQ(phone.changed_from("unknown", "transcription"), "granted");
  EXPECT_EQ(phone.changed_from("unknown", "recording"), "granted");
}

TEST_F(AskedByKeypad, IsNotAnsweredByWhatIsNotAuthentic) {
  Telephone phone{service, "caller"};
  service.ask("PUT", phone.questions(), about_recording);
  phone.send_in_the_clear(phone.report(1, 5'000, 160, false));
  auto forged = phone.report(1, 6'000, 160, true);
  forged.resize(forged.size() + 10, std::byte{0x11});  // where the tag belongs
  phone.send_in_the_clear(forged);
  phone.press(7);
  for (int i = 0; i < Telephone::reports_of_a_press; ++i)
    EXPECT_TRUE(phone.server().receive());  // so all of it was looked at
  EXPECT_EQ(phone.consent(), "unknown");
  phone.press(1);
  EXPECT_EQ(phone.changed_from("unknown"), "granted");
}

TEST_F(AskedByKeypad, IsNoConsentWithoutAQuestion) {
  Telephone phone{service, "caller"};
  phone.press(1);
  for (int i = 0; i < Telephone::reports_of_a_press; ++i)
    EXPECT_TRUE(phone.server().receive());
  service.ask("PUT", phone.questions(), about_recording);
  EXPECT_EQ(service.call("DELETE", phone.questions()).status, 204U);
  EXPECT_TRUE(phone.hears_server());
  phone.press(1);
  for (int i = 0; i < Telephone::reports_of_a_press; ++i)
    EXPECT_TRUE(phone.server().receive());
  EXPECT_EQ(phone.consent(), "unknown");
  EXPECT_EQ(service.call("DELETE", phone.questions()).status, 404U);
  EXPECT_THAT(end_of_question(), HasSubstr(R"("cause":"stopped")"));
}

// The key and the end of the question are under way at the same time.
TEST_F(AskedByKeypad, IsAnsweredOrNotAndWhoEndsTheQuestionIsToldWhich) {
  Telephone phone{service, "caller"};
  for (int i = 0; i < 20; ++i) {
    const auto before = phone.consent();
    service.ask("PUT", phone.questions(), about_recording);
    phone.press(1);
    std::this_thread::sleep_for(std::chrono::microseconds{i * 100});
    const auto status = service.call("DELETE", phone.questions()).status;
    for (int reports = 0; reports < Telephone::reports_of_a_press; ++reports)
      ASSERT_TRUE(phone.server().receive());
    if (status == 204U) {
      EXPECT_EQ(phone.consent(), before);
    } else {
      EXPECT_TRUE(status == 409U || status == 404U) << status;
      EXPECT_EQ(phone.changed_from(before), "granted");
      service.ask("DELETE", phone.path() + "/consents/recording");
    }
  }
}

TEST_F(AskedByKeypad, SaysNoByNotAnswering) {
  Telephone phone{service, "caller"};
  service.ask("PUT", phone.questions(),
              R"({"purposes": ["recording"], "answer_within_seconds": 5})");
  std::this_thread::sleep_for(4s);
  EXPECT_TRUE(phone.hears_server());  // while the answer is waited for
  EXPECT_THAT(end_of_question(), HasSubstr(R"("cause":"expired")"));
  phone.press(1);
  for (int i = 0; i < Telephone::reports_of_a_press; ++i)
    EXPECT_TRUE(phone.server().receive());
  EXPECT_EQ(phone.consent(), "unknown");
}

TEST_F(AskedByKeypad, IsAskedTheLatestQuestionOnly) {
  Telephone phone{service, "caller"};
  service.ask("PUT", phone.questions(), about_recording);
  service.ask("PUT", phone.questions(), R"({"purposes": ["recording", "transcription"]})");
  EXPECT_THAT(end_of_question(), HasSubstr(R"("cause":"replaced")"));
  phone.press(1);
  EXPECT_EQ(phone.changed_from("unknown", "transcription"), "granted");
}

TEST_F(AskedByKeypad, MayLeaveInMidQuestion) {
  Telephone phone{service, "caller"};
  service.ask("PUT", phone.questions(), about_recording);
  service.ask("DELETE", phone.path());
  EXPECT_THAT(end_of_question(), HasSubstr(R"("cause":"left")"));
  EXPECT_EQ(service.call("PUT", phone.questions(), about_recording).status, 404U);
}

TEST_F(AskedByKeypad, IsAskedOnlyWhatThereAreWordsFor) {
  Telephone phone{service, "caller"};
  const auto status = [&](std::string_view body) {
    return service.call("PUT", phone.questions(), body).status;
  };
  EXPECT_EQ(status(R"({"purposes": ["nonsense"]})"), 404U);
  EXPECT_EQ(status(R"({"purposes": ["transcription"]})"), 409U);
  EXPECT_EQ(status(R"({"purposes": ["recording"], "language": "nl"})"), 409U);
  EXPECT_EQ(status(R"({"purposes": []})"), 422U);
  EXPECT_EQ(status(R"({"purposes": ["recording"], "notices": {"recording":
      {"id": "recording", "version": "0", "language": "en", "hash": ")" +
                   std::string(64, 'a') + R"("}}})"),
            422U);
  EXPECT_EQ(service.call_as(Role::participant, "PUT", phone.questions(), about_recording).status,
            403U);
}

TEST_F(AskedByKeypad, OverPlainRtpIsRefused) {
  Telephone phone{service, "caller", "111 101", false};
  const auto refused = service.call("PUT", phone.questions(), about_recording);
  EXPECT_EQ(refused.status, 409U);
  EXPECT_THAT(json::serialize(refused.body), HasSubstr("keypad.accept_plain_rtp"));
  EXPECT_TRUE(phone.hears_server());
}

TEST_F(AskedByKeypad, WhoHasNoLegCannotBeAsked) {
  service.ask("PUT", "/v1/rooms/standup/participants/ann", R"({"subject": "s-1"})");
  EXPECT_EQ(
      service.call("PUT", "/v1/rooms/standup/participants/ann/questions", about_recording).status,
      409U);
}

class AskedOnATelephoneLine : public AskedByKeypad {
 protected:
  RunningService line{options("  accept_plain_rtp: true\n")};
};

TEST_F(AskedOnATelephoneLine, HearsThePromptInG711AndAnswersOverPlainRtp) {
  line.ask("PUT", "/v1/rooms/standup", "{}");
  Telephone phone{line, "caller", "8 101", false};
  line.ask("PUT", phone.questions(), about_recording);
  for (int i = 0; i < 3; ++i) {
    const auto packet = phone.hear();
    ASSERT_TRUE(packet);
    EXPECT_EQ(media::parse_rtp(*packet)->payload_type(), 8);
    EXPECT_EQ(media::parse_rtp(*packet)->payload().size(), 160U);
  }
  phone.press(1);
  EXPECT_EQ(phone.changed_from("unknown"), "granted");
}

}  // namespace
}  // namespace assent::gateway::test

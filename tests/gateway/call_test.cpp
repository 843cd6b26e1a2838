#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "gateway/cdr_chain.hpp"
#include "media/sdp_crypto.hpp"
#include "tests/gateway/media_peer.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

std::vector<Cdr> records_of(RunningService& service, const std::string& room) {
  std::vector<Cdr> records;
  const auto answer = service.ask("GET", "/v1/cdrs?room=" + room);
  for (const auto& record : answer.at("cdrs").as_array()) {
    records.push_back(parse_cdr(json::serialize(record)).value());
  }
  return records;
}

const CdrLeg& client_leg(const Cdr& cdr) {
  for (const auto& leg : cdr.legs) {
    if (leg.side == "client") return leg;
  }
  throw std::runtime_error("no client leg");
}

class Call : public testing::Test {
 protected:
  void open_room() { service.ask("PUT", "/v1/rooms/standup", "{}"); }
  void record() {
    service.ask("PUT", "/v1/rooms/standup/purposes/recording", R"({"by": "sinks"})");
  }
  // All of the participant's record after it left; every record of the room is in balance, and
  // lists what it counts.
  Cdr leave(const Caller& caller) {
    service.ask("DELETE", caller.path);
    std::map<std::string, CdrChain> chains;
    std::string last;
    for (const auto& cdr : records_of(service, "standup")) {
      EXPECT_TRUE(imbalances(cdr).empty()) << to_json(cdr);
      EXPECT_TRUE(chains[cdr.participant].add(cdr).empty()) << to_json(cdr);
      last = cdr.participant;
    }
    return chains[last].whole();
  }

  Socket archive;
  RunningService service{{.archive_port = archive.port()}};
};

TEST_F(Call, PassesBothWaysAndForksOnlyUnderConsent) {
  open_room();
  record();
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  caller.speak();
  EXPECT_EQ(caller.server.receive(), opus_rtp(1, 0xabc));
  caller.server.send(opus_rtp(9, 0xdef), caller.at_server);
  EXPECT_EQ(caller.phone.receive(), opus_rtp(9, 0xdef));
  EXPECT_EQ(archive.receive(50ms), std::nullopt);

  service.ask("PUT", caller.path + "/consents/recording", grant());
  caller.speak();
  EXPECT_EQ(archive.receive(), opus_rtp(2, 0xabc));
  EXPECT_EQ(caller.server.receive(), opus_rtp(2, 0xabc));

  service.ask("PUT", caller.path + "/consents/recording", refusal);
  caller.speak();
  EXPECT_EQ(caller.server.receive(), opus_rtp(3, 0xabc));
  EXPECT_EQ(archive.receive(50ms), std::nullopt);

  const auto last = leave(caller);
  EXPECT_EQ(last.kind, CdrKind::stop);
  EXPECT_EQ(last.cause, CauseForClosing::participant_left);
  for (const auto& route : client_leg(last).routes) {
    if (route.kind == RouteKind::call) continue;
    ASSERT_EQ(route.delivered.size(), 1U) << route.sink;
    EXPECT_EQ(route.delivered[0].packets, 1U);
    EXPECT_EQ(route.withheld.at("consent_unknown"), 1U);
    EXPECT_EQ(route.withheld.at("consent_refused"), 1U);
  }
}

TEST_F(Call, IsDecryptedAndEncryptedWhereTheSidesDiffer) {
  open_room();
  Caller caller{service, "standup", "caller", 0xabc};
  std::vector<std::byte> material(30, std::byte{7});
  const auto own = *media::SrtpKey::from_bytes(media::SrtpSuite::aes_cm_128_hmac_sha1_80, material);
  const auto line = media::write_crypto(1, own).value;
  const auto offered = service.ask(
      "POST", caller.path + "/offer",
      Caller::offer_body(sdp(caller.phone.port(), "RTP/SAVP", "a=" + line + "\r\n"), "RTP/AVP"));
  const std::string toward_server(offered.at("sdp").as_string());
  EXPECT_EQ(toward_server.find("crypto"), std::string::npos);
  const auto answered =
      service.ask("POST", caller.path + "/answer", Caller::answer_body(sdp(caller.server.port())));
  const std::string toward_client(answered.at("sdp").as_string());
  const auto at_client = port_in(toward_client);

  media::SrtpOutbound seal{own};
  auto packet = opus_rtp(1, 0xabc);
  const auto size = packet.size();
  packet.resize(size + media::srtp_trailer_bytes_max);
  packet.resize(*seal.protect_rtp(packet, size));
  caller.phone.send(packet, at_client);
  EXPECT_EQ(caller.server.receive(), opus_rtp(1, 0xabc));
  caller.phone.send(opus_rtp(2, 0xabc), at_client);  // in the clear
  EXPECT_EQ(caller.server.receive(50ms), std::nullopt);

  caller.server.send(opus_rtp(5, 0xdef), port_in(toward_server));
  auto sealed = caller.phone.receive();
  ASSERT_TRUE(sealed);
  const auto parsed = media::parse_sdp(toward_client);
  const auto theirs = media::read_cryptos(parsed->media[0].lines);
  media::SrtpInbound open{theirs->at(0).key};
  const auto clear = open.unprotect_rtp(*sealed);
  ASSERT_TRUE(clear);
  EXPECT_EQ(Bytes(clear->begin(), clear->end()), opus_rtp(5, 0xdef));
  EXPECT_EQ(client_leg(leave(caller)).dropped.at("auth_failed"), 1U);
}

TEST_F(Call, IsUnharmedByWhatDoesNotBelongToIt) {
  open_room();
  Caller caller{service, "standup", "caller", 0xabc};
  Caller other{service, "standup", "other", 0xbad};
  caller.connect(service);
  other.connect(service);
  Socket stranger;
  caller.speak();
  EXPECT_TRUE(caller.server.receive());
  for (std::uint16_t i = 0; i < 200; ++i)
    stranger.send(opus_rtp(i, 0xabc), caller.at_client);
  auto malformed = opus_rtp(7, 0xabc);
  malformed[0] = std::byte{0xbf};  // padding, extension and 15 contributors that are not there
  caller.phone.send(malformed, caller.at_client);
  caller.phone.send(Bytes(3, std::byte{0x80}), caller.at_client);
  other.phone.send(opus_rtp(1, 0xabc), other.at_client);  // with the caller's SSRC
  EXPECT_EQ(other.server.receive(50ms), std::nullopt);
  caller.speak();
  EXPECT_EQ(caller.server.receive(), opus_rtp(2, 0xabc));
  EXPECT_EQ(caller.server.receive(50ms), std::nullopt);
  EXPECT_EQ(client_leg(leave(other)).dropped.at("foreign_ssrc"), 1U);
  const auto last = leave(caller);
  EXPECT_EQ(client_leg(last).dropped.at("foreign_source"), 200U);
  EXPECT_EQ(client_leg(last).packets, 2U);
}

TEST_F(Call, GoesOnWhenTheSinkIsGone) {
  open_room();
  const std::uint16_t port = archive.port();
  archive = Socket{};  // nobody listens there now
  ASSERT_NE(archive.port(), port);
  record();
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  service.ask("PUT", caller.path + "/consents/recording", grant());
  for (int i = 0; i < 50; ++i) {
    caller.speak();
    ASSERT_TRUE(caller.server.receive()) << i;
  }
  const auto last = leave(caller);
  for (const auto& route : client_leg(last).routes) {
    if (route.sink != "archive") continue;
    EXPECT_GE(route.withheld.at("sink_full"), 20U);
  }
}

TEST_F(Call, IsWithheldFromAServerThatRecordsWithoutConsentAndFromNoOther) {
  open_room();
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  const std::string purpose = "/v1/rooms/standup/purposes/recording";
  service.ask("PUT", purpose, R"({"by": "server"})");
  caller.speak();
  EXPECT_EQ(caller.server.receive(50ms), std::nullopt);
  caller.server.send(opus_rtp(9, 0xdef), caller.at_server);
  EXPECT_TRUE(caller.phone.receive());
  service.ask("PUT", caller.path + "/consents/recording", grant());
  caller.speak();
  EXPECT_EQ(caller.server.receive(), opus_rtp(2, 0xabc));
  service.ask("DELETE", caller.path + "/consents/recording");
  caller.speak();
  EXPECT_EQ(caller.server.receive(50ms), std::nullopt);
  service.ask("DELETE", purpose);
  caller.speak();
  EXPECT_EQ(caller.server.receive(), opus_rtp(4, 0xabc));
  (void)leave(caller);
}

TEST_F(Call, IsNotDisturbedWhenAPurposeOfTheServerStartsMovesAndStops) {
  open_room();
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  service.ask("PUT", caller.path + "/consents/recording", grant());
  const std::string purpose = "/v1/rooms/standup/purposes/recording";
  std::atomic<bool> done = false;
  std::uint64_t spoken = 0;  // more than sequence numbers have bits for
  std::uint64_t heard = 0;
  std::thread talk{[&] {
    while (!done) {
      caller.speak();
      ++spoken;
      heard += caller.server.receive(100ms) ? 1 : 0;
    }
  }};
  for (int i = 0; i < 100; ++i) {
    service.ask("PUT", purpose, R"({"by": "server"})");
    if (i % 2 == 0) service.ask("PUT", purpose, R"({"by": "sinks"})");
    service.ask("DELETE", purpose);
  }
  done = true;
  talk.join();
  EXPECT_EQ(heard, spoken);
  const auto last = leave(caller);
  const auto& call = client_leg(last).routes.front();
  EXPECT_EQ(call.kind, RouteKind::call);
  EXPECT_FALSE(call.withheld.contains("server_purpose"));
}

TEST_F(Call, ThatStartsAnotherStreamIsRecordedOnAndCutInBoth) {
  open_room();
  record();
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  service.ask("PUT", caller.path + "/consents/recording", grant());
  for (const std::uint32_t ssrc : {0xabcU, 0xdefU}) {
    caller.ssrc = ssrc;
    for (int i = 0; i < 5; ++i) {
      caller.speak();
      ASSERT_TRUE(caller.server.receive());
    }
  }
  service.ask("DELETE", caller.path + "/consents/recording");
  service.stop();
  std::uint64_t recorded = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{service.state() / "ogg"}) {
    if (entry.path().filename() != "manifest.json") continue;
    std::ifstream in{entry.path()};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    const auto manifest = json::parse(text);
    ASSERT_EQ(manifest.at("tracks").as_array().size(), 2U);
    for (const auto& track : manifest.at("tracks").as_array()) {
      EXPECT_EQ(track.at("state").as_string(), "cut");
      recorded += track.at("packets").to_number<std::uint64_t>();
    }
  }
  EXPECT_EQ(recorded, 10U);
}

TEST_F(Call, IsInBalanceInEveryRecordAndNoRecordGrowsWhileConsentsChangeUnderLoad) {
  open_room();
  record();
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  std::atomic<bool> done = false;
  std::thread talk{[&] {
    while (!done) {
      caller.speak();
      (void)caller.server.receive(100ms);
    }
  }};
  constexpr std::size_t changes = 150;
  const std::string purpose = "/v1/rooms/standup/purposes/recording";
  for (std::size_t i = 0; i < changes; ++i) {
    service.ask("PUT", caller.path + "/consents/recording", grant());
    std::this_thread::sleep_for(2ms);
    service.ask("PUT", caller.path + "/consents/recording", refusal);
    if (i % 15 != 0) continue;
    service.ask("DELETE", purpose);
    record();
  }
  done = true;
  talk.join();
  const auto last = leave(caller);
  std::size_t intervals = 0;
  for (const auto& route : client_leg(last).routes) {
    if (route.kind == RouteKind::call) continue;
    intervals = std::max(intervals, route.delivered.size());
    EXPECT_GT(route.withheld.at("consent_refused"), 0U);
  }
  EXPECT_EQ(client_leg(last).routes.size(), 3U);  // however often the purpose started
  EXPECT_GT(intervals, changes / 2);
  std::vector<std::size_t> sizes;
  for (const auto& cdr : records_of(service, "standup"))
    if (cdr.participant == "caller") sizes.push_back(to_json(cdr).size());
  ASSERT_GT(sizes.size(), 2 * changes);
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  EXPECT_LT(*std::max_element(middle, sizes.end()),
            *std::max_element(sizes.begin() + 10, middle) + 500);
}

TEST_F(Call, Row12And13SaysWhoCarriesItsLegs) {
  open_room();
  Caller caller{service, "standup", "caller", 0xabc};
  json::object offer{{"from", "client"}, {"sdp", sdp(caller.phone.port())}, {"carrier", "telco-7"}};
  service.ask("POST", caller.path + "/offer", json::serialize(offer));
  service.ask("POST", caller.path + "/answer", Caller::answer_body(sdp(caller.server.port())));
  for (const auto& leg : leave(caller).legs)
    EXPECT_EQ(leg.carrier, leg.side == "client" ? "telco-7" : "");
  offer["carrier"] = "+31 20 123";
  EXPECT_EQ(service.call("POST", caller.path + "/offer", json::serialize(offer)).status, 422U);
}

TEST_F(Call, NamesThePolicyAndTheDataThatItWasDecidedBy) {
  open_room();
  Caller caller{service, "standup", "caller", 0xabc};
  const auto last = leave(caller);
  EXPECT_TRUE(last.policy_hash.starts_with("sha256:")) << last.policy_hash;
  EXPECT_TRUE(last.data_hash.starts_with("sha256:")) << last.data_hash;
  EXPECT_NE(last.policy_hash, last.data_hash);
  EXPECT_EQ(last.minor, policy::Minor::no);
}

TEST_F(Call, AnOfferCanBeRolledBackAndAnAnswerRepeated) {
  open_room();
  Caller caller{service, "standup", "caller", 0xabc};
  const auto offer = caller.path + "/offer";
  service.ask("POST", offer, Caller::offer_body(sdp(caller.phone.port())));
  auto glare = json::object{{"from", "server"}, {"sdp", sdp(caller.server.port())}};
  EXPECT_EQ(service.call("POST", offer, json::serialize(glare)).status, 422U);
  EXPECT_EQ(service.call("DELETE", offer).status, 204U);
  EXPECT_EQ(service.call("DELETE", offer).status, 404U);
  caller.connect(service);
  const auto answer = Caller::answer_body(sdp(caller.server.port()));
  const auto again = service.ask("POST", caller.path + "/answer", answer);
  EXPECT_EQ(port_in(std::string(again.at("sdp").as_string())), caller.at_client);
  EXPECT_EQ(service.call("DELETE", offer).status, 404U);
  caller.speak();
  EXPECT_EQ(caller.server.receive(), opus_rtp(1, 0xabc));

  // The final answer is somewhere else.
  Socket elsewhere;
  service.ask("POST", caller.path + "/answer", Caller::answer_body(sdp(elsewhere.port())));
  caller.speak();
  EXPECT_EQ(elsewhere.receive(), opus_rtp(2, 0xabc));
  (void)leave(caller);
}

// One participant, two offer/answer sessions, as with a server that has one to send and one to
// receive.
struct Connection {
  void connect(RunningService& service, const std::string& path, const std::string& name) {
    const auto say = [&](const char* what, json::object body) {
      body["connection"] = name;
      const auto said = service.ask("POST", path + what, json::serialize(body));
      return port_in(std::string(said.at("sdp").as_string()));
    };
    at_server = say("/offer", {{"from", "client"}, {"sdp", sdp(phone.port())}});
    at_client = say("/answer", {{"sdp", sdp(server.port())}});
  }
  Socket phone;
  Socket server;
  std::uint16_t at_client = 0;
  std::uint16_t at_server = 0;
};

TEST_F(Call, WhateverAParticipantSendsOnAnyOfItsConnectionsStandsUnderTheSameConsent) {
  open_room();
  record();
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  Connection screen;
  screen.connect(service, caller.path, "screen");
  screen.phone.send(opus_rtp(1, 0x5c), screen.at_client);
  EXPECT_EQ(screen.server.receive(), opus_rtp(1, 0x5c));
  EXPECT_EQ(archive.receive(50ms), std::nullopt);
  service.ask("PUT", caller.path + "/consents/recording", grant());
  screen.phone.send(opus_rtp(2, 0x5c), screen.at_client);
  EXPECT_EQ(archive.receive(), opus_rtp(2, 0x5c));
  const auto withdrawn = service.ask("DELETE", caller.path + "/consents/recording");
  const auto& cut = withdrawn.at("cut").as_array();
  ASSERT_EQ(cut.size(), 2U) << json::serialize(withdrawn);  // one of each sink
  for (const auto& mark : cut)
    EXPECT_EQ(mark.at("ssrc").to_number<unsigned>(), 0x5cU);
  screen.phone.send(opus_rtp(3, 0x5c), screen.at_client);
  EXPECT_EQ(screen.server.receive(), opus_rtp(2, 0x5c));
  EXPECT_EQ(screen.server.receive(), opus_rtp(3, 0x5c));
  EXPECT_EQ(archive.receive(50ms), std::nullopt);
  caller.speak();
  EXPECT_EQ(caller.server.receive(), opus_rtp(1, 0xabc));
  (void)leave(caller);
}

TEST_F(Call, AConnectionThatIsClosedIsGoneAndTheOthersStay) {
  open_room();
  Caller caller{service, "standup", "caller", 0xabc};
  caller.connect(service);
  Connection screen;
  screen.connect(service, caller.path, "screen");
  const auto path = caller.path + "/connections/screen";
  EXPECT_EQ(service.call("DELETE", path).status, 204U);
  EXPECT_EQ(service.call("DELETE", path).status, 404U);
  screen.phone.send(opus_rtp(1, 0x5c), screen.at_client);
  EXPECT_EQ(screen.server.receive(50ms), std::nullopt);
  caller.speak();
  EXPECT_EQ(caller.server.receive(), opus_rtp(1, 0xabc));
  const json::object late{{"sdp", sdp(screen.server.port())}, {"connection", "screen"}};
  EXPECT_EQ(service.call("POST", caller.path + "/answer", json::serialize(late)).status, 409U);
  screen.connect(service, caller.path, "screen");
  screen.phone.send(opus_rtp(2, 0x5c), screen.at_client);
  EXPECT_EQ(screen.server.receive(), opus_rtp(2, 0x5c));
  EXPECT_EQ(leave(caller).legs.size(), 6U);  // two a connection
}

TEST_F(Call, ConnectionsOfAParticipantAreBounded) {
  open_room();
  Caller caller{service, "standup", "caller", 0xabc};
  const auto offer = [&](const std::string& name) {
    const json::object body{
        {"from", "client"}, {"sdp", sdp(caller.phone.port())}, {"connection", name}};
    return service.call("POST", caller.path + "/offer", json::serialize(body)).status;
  };
  for (int i = 0; i < 32; ++i)
    ASSERT_EQ(offer("c" + std::to_string(i)), 200U);
  EXPECT_EQ(offer("more"), 503U);
  EXPECT_EQ(service.call("DELETE", caller.path + "/offer?connection=c7").status, 204U);
  EXPECT_EQ(offer("more"), 200U);
}

TEST(CallPorts, OfAnOfferThatWasRolledBackAreFreeAgain) {
  RunningService service{{.port_first = 37'100, .port_last = 37'103}};  // one call
  service.ask("PUT", "/v1/rooms/full", "{}");
  Caller first{service, "full", "first", 1};
  Caller second{service, "full", "second", 2};
  service.ask("POST", first.path + "/offer", Caller::offer_body(sdp(first.phone.port())));
  service.ask("DELETE", first.path + "/offer");
  second.connect(service);
  second.speak();
  EXPECT_TRUE(second.server.receive());
}

TEST_F(Call, KeepsTheLanguageThatAParticipantToldWhenItJoined) {
  open_room();
  const std::string path = "/v1/rooms/standup/participants/";
  service.ask("PUT", path + "frisian", R"({"subject": "s1", "language": "fy-NL"})");
  service.ask("PUT", path + "silent", R"({"subject": "s2"})");
  EXPECT_EQ(service.ask("GET", path + "frisian").at("language").as_string(), "fy-NL");
  EXPECT_FALSE(service.ask("GET", path + "silent").as_object().contains("language"));
}

TEST(CallPorts, RunOutWithAClearErrorAndComeBackWhenPeopleLeave) {
  RunningService service{{.port_first = 37'000, .port_last = 37'003}};  // one call
  service.ask("PUT", "/v1/rooms/full", "{}");
  Caller first{service, "full", "first", 1};
  Caller second{service, "full", "second", 2};
  first.connect(service);
  const auto refused =
      service.call("POST", second.path + "/offer", Caller::offer_body(sdp(second.phone.port())));
  EXPECT_EQ(refused.status, 503U);
  EXPECT_NE(json::serialize(refused.body).find("port_range"), std::string::npos);
  first.speak();
  EXPECT_TRUE(first.server.receive());
  service.ask("DELETE", first.path);
  second.connect(service);
  second.speak();
  EXPECT_TRUE(second.server.receive());
}

std::vector<Cdr> stops_of(RunningService& service, const std::string& room) {
  auto records = records_of(service, room);
  std::erase_if(records, [](const Cdr& cdr) { return cdr.kind != CdrKind::stop; });
  return records;
}

TEST(CallRecords, ComePageByPage) {
  RunningService service{{}};
  service.ask("PUT", "/v1/rooms/pages", "{}");
  for (int i = 0; i < 6; ++i) {
    Caller caller{service, "pages", "caller" + std::to_string(i), 1};
    service.ask("DELETE", caller.path);
  }
  service.ask("DELETE", "/v1/rooms/pages");
  const auto whole = service.ask("GET", "/v1/cdrs?room=pages");
  EXPECT_FALSE(whole.as_object().contains("next"));
  json::array paged;
  std::string after;
  int pages = 0;
  do {
    const auto page = service.ask("GET", "/v1/cdrs?room=pages&limit=5" + after);
    const auto& records = page.at("cdrs").as_array();
    paged.insert(paged.end(), records.begin(), records.end());
    const auto* next = page.as_object().if_contains("next");
    EXPECT_TRUE(next == nullptr || records.size() == 5U);
    after = next == nullptr ? "" : "&after=" + std::string(next->as_string());
    ++pages;
  } while (!after.empty());
  EXPECT_GT(pages, 1);
  EXPECT_EQ(paged, whole.at("cdrs").as_array());
  const auto exact = service.ask("GET", "/v1/cdrs?limit=" + std::to_string(paged.size()));
  EXPECT_FALSE(exact.as_object().contains("next"));
  for (const std::string bad : {"limit=0", "limit=1001", "limit=x", "after=", "after=-1",
                                "after=99999999999999999999", "limit=5&limit=6"}) {
    EXPECT_EQ(service.call("GET", "/v1/cdrs?" + bad).status, 400U) << bad;
  }
}

TEST(CallRecords, AreClosedByAnOrderlyEndAndByTheNextStartAfterASuddenOne) {
  const TemporaryFolder orderly;
  const TemporaryFolder sudden;
  {
    RunningService service{{.state = orderly.path()}};
    service.ask("PUT", "/v1/rooms/ended", "{}");
    Caller caller{service, "ended", "caller", 1};
    caller.connect(service);
    (void)records_of(service, "ended");  // answered after what was stored before
    // What a sudden end would leave on the disk.
    std::filesystem::copy(orderly.path(), sudden.path(),
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::overwrite_existing);
    service.stop();
  }
  RunningService after_order{{.state = orderly.path()}};
  RunningService after_sudden_end{{.state = sudden.path()}};
  const auto closed = stops_of(after_order, "ended");
  ASSERT_EQ(closed.size(), 2U);  // the room's and the caller's
  for (const auto& cdr : closed)
    EXPECT_EQ(cdr.cause, CauseForClosing::shutdown);
  const auto restarted = stops_of(after_sudden_end, "ended");
  ASSERT_EQ(restarted.size(), 2U);
  for (const auto& cdr : restarted)
    EXPECT_EQ(cdr.cause, CauseForClosing::restart);
}

}  // namespace
}  // namespace assent::gateway::test

#include "media/dtls.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <thread>

#include "tests/media/webrtc_peer.hpp"

namespace assent::media {
namespace {

using namespace std::chrono_literals;
using tests::make_identity;

struct Pair {
  DtlsIdentity client_identity = make_identity();
  DtlsIdentity server_identity = make_identity();
  std::vector<Fingerprint> of_client{client_identity.fingerprint()};
  std::vector<Fingerprint> of_server{server_identity.fingerprint()};
};

using Datagram = std::vector<std::byte>;

// Carries datagrams to and fro until nobody has anything to say; `lose` may drop some.
template <class Lose>
void exchange(DtlsSession& one, DtlsSession& two, Lose lose) {
  for (bool busy = true; busy;) {
    busy = false;
    for (auto [from, to] : {std::pair{&one, &two}, std::pair{&two, &one}}) {
      for (const auto& datagram : from->take_outgoing()) {
        busy = true;
        EXPECT_LE(datagram.size(), dtls_bytes_max);
        if (!lose(datagram)) to->handle(datagram);
      }
    }
  }
}
void exchange(DtlsSession& one, DtlsSession& two) {
  exchange(one, two, [](const Datagram&) { return false; });
}

TEST(Dtls, AgreesOnKeysThatFitEachOther) {
  const Pair pair;
  DtlsSession client{pair.client_identity, DtlsRole::client, pair.of_server};
  DtlsSession server{pair.server_identity, DtlsRole::server, pair.of_client};
  client.begin();
  exchange(client, server);
  ASSERT_EQ(client.state(), DtlsSession::State::connected);
  ASSERT_EQ(server.state(), DtlsSession::State::connected);
  EXPECT_EQ(client.keys()->send.suite(), SrtpSuite::aead_aes_128_gcm);
  EXPECT_EQ(client.keys()->send, server.keys()->receive);
  EXPECT_EQ(client.keys()->receive, server.keys()->send);
  EXPECT_FALSE(client.keys()->send == client.keys()->receive);
}

// facts/safety.md, DTLS fingerprint mistakes: mutate, omit, duplicate; on either side, in either
// role, there are no keys.
TEST(Dtls, HasNoKeysForACertificateThatTheDescriptionDidNotName) {
  const Pair pair;
  auto mutated = pair.of_client;
  mutated[0].digest[31] ^= std::byte{1};
  const std::vector<std::vector<Fingerprint>> wrong{
      {}, mutated, pair.of_server, {mutated[0], mutated[0]}};
  for (const auto& said : wrong) {
    DtlsSession client{pair.client_identity, DtlsRole::client, pair.of_server};
    DtlsSession server{pair.server_identity, DtlsRole::server, said};
    client.begin();
    exchange(client, server);
    EXPECT_EQ(server.state(), DtlsSession::State::failed);
    EXPECT_FALSE(server.keys());
  }
  auto mutated_server = pair.of_server;
  mutated_server[0].digest[0] ^= std::byte{0x80};
  for (const auto& said : {std::vector<Fingerprint>{}, mutated_server, pair.of_client}) {
    DtlsSession client{pair.client_identity, DtlsRole::client, said};
    DtlsSession server{pair.server_identity, DtlsRole::server, pair.of_client};
    client.begin();
    exchange(client, server);
    EXPECT_EQ(client.state(), DtlsSession::State::failed);
    EXPECT_FALSE(client.keys());
    EXPECT_FALSE(server.keys());
  }
}

TEST(Dtls, SendsTheLastFlightAgainUntilItIsAnswered) {
  const Pair pair;
  DtlsSession client{pair.client_identity, DtlsRole::client, pair.of_server};
  DtlsSession server{pair.server_identity, DtlsRole::server, pair.of_client};
  client.begin();
  bool lost_one = false;
  exchange(client, server, [&lost_one](const Datagram&) { return !std::exchange(lost_one, true); });
  EXPECT_EQ(client.state(), DtlsSession::State::handshaking);
  const TimePoint now{};
  const auto due = client.next_timeout(now);
  ASSERT_TRUE(due);
  EXPECT_LE(*due - now, 300ms);
  std::this_thread::sleep_for(*due - now);
  client.handle_timeout();
  exchange(client, server);
  EXPECT_EQ(client.state(), DtlsSession::State::connected);
  EXPECT_FALSE(client.next_timeout(now));
}

TEST(Dtls, PassesMessagesThroughAsTheyAre) {
  const Pair pair;
  DtlsSession client{pair.client_identity, DtlsRole::client, pair.of_server};
  DtlsSession server{pair.server_identity, DtlsRole::server, pair.of_client};
  EXPECT_FALSE(client.send(Datagram(10)));  // not before there is a key
  client.begin();
  exchange(client, server);
  const Datagram short_one(10, std::byte{7});
  const Datagram long_one(1'100, std::byte{9});
  EXPECT_TRUE(client.send(short_one));
  EXPECT_TRUE(client.send(long_one));
  EXPECT_FALSE(client.send({}));
  exchange(client, server, [](const Datagram&) { return false; });
  EXPECT_EQ(server.take_messages(), (DtlsSession::Datagrams{short_one, long_one}));
  EXPECT_TRUE(server.take_messages().empty());
}

// Data channels alone need no SRTP; whoever has RTP has no connection without it.
TEST(Dtls, NeedsNoSrtpForMessagesAlone) {
  for (const auto use : {DtlsUse::rtp, DtlsUse::messages}) {
    const Pair pair;
    SSL_CTX_set_tlsext_use_srtp(pair.client_identity.context(), "SRTP_AES128_CM_SHA1_32");
    DtlsSession client{pair.client_identity, DtlsRole::client, pair.of_server, use};
    DtlsSession server{pair.server_identity, DtlsRole::server, pair.of_client, use};
    client.begin();
    exchange(client, server);
    const bool connects = use == DtlsUse::messages;
    EXPECT_EQ(server.state() == DtlsSession::State::connected, connects);
    EXPECT_FALSE(client.keys() || server.keys());
    EXPECT_EQ(client.send(Datagram(dtls_message_bytes_max)), connects);
    EXPECT_FALSE(client.send(Datagram(dtls_message_bytes_max + 1)));
    for (const auto& datagram : client.take_outgoing())
      server.handle(datagram);
    EXPECT_EQ(server.take_messages().size(), connects ? 1U : 0U);
  }
}

TEST(Dtls, IsClosedByThePeersGoodbye) {
  const Pair pair;
  DtlsSession client{pair.client_identity, DtlsRole::client, pair.of_server};
  DtlsSession server{pair.server_identity, DtlsRole::server, pair.of_client};
  client.begin();
  exchange(client, server);
  client.close();
  exchange(client, server);
  EXPECT_EQ(client.state(), DtlsSession::State::closed);
  EXPECT_EQ(server.state(), DtlsSession::State::closed);
  EXPECT_FALSE(client.keys() || server.keys());
  EXPECT_FALSE(server.send(Datagram(10)));
}

// A connection that works is not ended by what anybody can write into a datagram.
TEST(Dtls, OutlivesDatagramsThatAreNoneOfThePeers) {
  const Pair pair;
  DtlsSession client{pair.client_identity, DtlsRole::client, pair.of_server};
  DtlsSession server{pair.server_identity, DtlsRole::server, pair.of_client};
  client.begin();
  exchange(client, server);
  const Datagram clear_alert{std::byte{21}, std::byte{0xfe}, std::byte{0xfd}, std::byte{0},
                             std::byte{0},  std::byte{0},    std::byte{0},    std::byte{0},
                             std::byte{0},  std::byte{0},    std::byte{9},    std::byte{0},
                             std::byte{2},  std::byte{2},    std::byte{40}};
  DtlsSession stranger{pair.server_identity, DtlsRole::client, pair.of_client};
  stranger.begin();
  const auto hello = stranger.take_outgoing();
  for (int i = 0; i < 100; ++i) {
    server.handle(clear_alert);
    server.handle(hello.front());
    server.handle(Datagram(static_cast<std::size_t>(i), std::byte{22}));
    (void)server.take_outgoing();
  }
  EXPECT_EQ(server.state(), DtlsSession::State::connected);
  EXPECT_TRUE(client.send(Datagram(5, std::byte{1})));
  exchange(client, server);
  EXPECT_EQ(server.take_messages().size(), 1U);
}

TEST(Fingerprint, IsReadAsDescriptionsWriteIt) {
  const auto own = make_identity().fingerprint();
  EXPECT_EQ(parse_fingerprint(to_string(own)), own);
  auto lower = to_string(own);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  EXPECT_EQ(parse_fingerprint(lower), own);
  const auto text = to_string(own);
  for (const std::string& wrong :
       {std::string{}, std::string{"sha-256"}, text.substr(0, text.size() - 3), text + ":00",
        "sha-1" + text.substr(7), "sha-512" + text.substr(7), "sha-256 " + text}) {
    EXPECT_FALSE(parse_fingerprint(wrong)) << wrong;
  }
}

// RFC 8122 §5: the strongest hash function that is known here counts alone.
TEST(Fingerprint, OfAWeakerHashDoesNotStandInForAWrongStrongerOne) {
  const std::vector<std::byte> certificate(300, std::byte{3});
  const auto right_256 = *fingerprint_of(FingerprintHash::sha_256, certificate);
  auto wrong_512 = *fingerprint_of(FingerprintHash::sha_512, certificate);
  EXPECT_TRUE(matches(std::vector{right_256}, certificate));
  EXPECT_TRUE(matches(std::vector{right_256, wrong_512}, certificate));
  wrong_512.digest[0] ^= std::byte{1};
  EXPECT_FALSE(matches(std::vector{right_256, wrong_512}, certificate));
  EXPECT_FALSE(matches({}, certificate));
}

}  // namespace
}  // namespace assent::media

// Keys, suites and the refusal to be downgraded (RFC 4568, RFC 3264).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "media/negotiation.hpp"
#include "media/sdp_crypto.hpp"
#include "tests/media/conversation.hpp"
#include "tests/media/sdp_samples.hpp"

namespace assent::media {
namespace {

using samples::replaced;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

const std::string plain_audio = "m=audio 5004 RTP/AVP 0\r\n";
const std::string secure_audio = "m=audio 5004 RTP/SAVP 0\r\n";

std::string from_client(std::string_view sections) {
  return description(client_address, sections);
}
std::string from_server(std::string_view sections) {
  return description(server_address, sections);
}

std::vector<SdpCrypto> cryptos_in(std::string_view text, std::size_t section = 0) {
  return *read_cryptos(parse_sdp(text)->media.at(section).lines);
}

// An answer that takes the gateway's proposal of that suite.
std::string secure_answer(std::string_view offer, SrtpSuite suite, std::string_view key) {
  for (const auto& proposed : cryptos_in(offer)) {
    if (proposed.key.suite() == suite)
      return from_server(secure_audio + crypto(proposed.tag, to_string(suite), key));
  }
  ADD_FAILURE() << "not proposed";
  return {};
}

constexpr auto cm80_suite = SrtpSuite::aes_cm_128_hmac_sha1_80;

TEST(NegotiationSecurity, APlainOfferIsMadeSecureWithOneLineASuiteInCipherOrder) {
  Conversation call;
  call.wanted = Profile::savp;
  const auto told = call.offer(Side::client, from_client(plain_audio));
  ASSERT_TRUE(told);
  EXPECT_THAT(*told, HasSubstr("m=audio 40000 RTP/SAVP 0\r\n"));
  const auto proposed = cryptos_in(*told);
  ASSERT_THAT(proposed, SizeIs(3));
  EXPECT_EQ(proposed[0].key.suite(), SrtpSuite::aead_aes_128_gcm);
  EXPECT_EQ(proposed[1].key.suite(), SrtpSuite::aead_aes_256_gcm);
  EXPECT_EQ(proposed[2].key.suite(), SrtpSuite::aes_cm_128_hmac_sha1_80);
  EXPECT_EQ(proposed[0].tag, 1u);
  EXPECT_EQ(proposed[2].tag, 3u);

  const auto answered = call.answer(secure_answer(*told, cm80_suite, key_b));
  ASSERT_TRUE(answered) << to_string(answered.error());
  EXPECT_THAT(*answered, HasSubstr("m=audio 40000 RTP/AVP 0\r\n"));
  EXPECT_THAT(*answered, Not(HasSubstr("crypto")));
  EXPECT_FALSE(call.leg(Side::client).is_secure());
  ASSERT_TRUE(call.leg(Side::server).is_secure());
  EXPECT_EQ(*call.leg(Side::server).send_key, proposed[2].key);
  EXPECT_EQ(*call.leg(Side::server).receive_key,
            cryptos_in(from_server(secure_audio + crypto(3, cm80, key_b)))[0].key);
}

TEST(NegotiationSecurity, ASecureOfferIsOpenedTowardAPlainServer) {
  Conversation call;
  call.wanted = Profile::avp;
  const auto told =
      call.exchange(Side::client, samples::ffmpeg,
                    from_server("m=audio 7000 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n"));
  EXPECT_THAT(told.answerer, HasSubstr("m=audio 40000 RTP/AVP 97\r\n"));
  EXPECT_THAT(told.answerer, Not(HasSubstr("crypto")));
  EXPECT_THAT(told.offerer, HasSubstr("m=audio 40000 RTP/SAVP 97\r\n"));
  const auto ours = cryptos_in(told.offerer);
  ASSERT_THAT(ours, SizeIs(1));
  EXPECT_EQ(ours[0].tag, 1u);
  EXPECT_EQ(*call.leg(Side::client).send_key, ours[0].key);
  EXPECT_EQ(*call.leg(Side::client).receive_key, cryptos_in(samples::ffmpeg)[0].key);
  EXPECT_FALSE(call.leg(Side::server).is_secure());
}

TEST(NegotiationSecurity, ARepeatedAnswerKeepsTheKeysAndOneWithAnotherSuiteNeedsANewOffer) {
  Conversation call;
  call.wanted = Profile::savp;
  const auto offered = call.offer(Side::client, from_client(secure_audio + crypto(1, cm80, key_a)));
  ASSERT_TRUE(offered);
  const auto first = call.answer(secure_answer(*offered, cm80_suite, key_b));
  ASSERT_TRUE(first);
  const auto again = call.answer(secure_answer(*offered, cm80_suite, key_b));
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(*again, *first);

  const std::string gcm_key(38, 'A');
  const auto other =
      call.answer(secure_answer(*offered, SrtpSuite::aead_aes_128_gcm, gcm_key + "=="));
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().what, HasSubstr("another a=crypto"));
  EXPECT_EQ(call.leg(Side::server).send_key->suite(), cm80_suite);

  // Refused, its leg ends: under the same key it would begin again.
  ASSERT_TRUE(call.answer(from_server("m=audio 0 RTP/SAVP 0\r\n")));
  EXPECT_FALSE(call.answer(secure_answer(*offered, cm80_suite, key_b)));
}

TEST(NegotiationSecurity, NoKeyOfAPeerReachesTheOtherSide) {
  Conversation call;
  const auto offered =
      call.offer(Side::client,
                 from_client(secure_audio + crypto(1, cm80, key_a) + "a=acap:1 crypto:1 " + cm80 +
                             " inline:" + std::string(key_a) + "\r\na=cryptoscale:1 client " +
                             cm80 + " INLINE:" + std::string(key_a) + "\r\n"));
  ASSERT_TRUE(offered);
  EXPECT_THAT(*offered, Not(HasSubstr(key_a)));
  const auto answered = call.answer(secure_answer(*offered, cm80_suite, key_b));
  ASSERT_TRUE(answered);
  EXPECT_THAT(*answered, Not(HasSubstr(key_b)));
  const auto& client = call.leg(Side::client);
  const auto& server = call.leg(Side::server);
  EXPECT_FALSE(*client.send_key == *server.send_key);
  EXPECT_FALSE(*client.send_key == *server.receive_key);
}

TEST(NegotiationSecurity, KeysInAPlainProfileAreNeitherUsedNorPassedOn) {
  Conversation call;
  const auto told = call.exchange(Side::client, from_client(plain_audio + crypto(1, cm80, key_a)),
                                  from_server(plain_audio + crypto(1, cm80, key_b)));
  EXPECT_THAT(told.answerer + told.offerer, Not(HasSubstr("crypto")));
  EXPECT_FALSE(call.leg(Side::client).is_secure());
}

TEST(NegotiationSecurity, TheOfferersFirstSuiteIsTaken) {
  Conversation call;
  call.wanted = Profile::avp;
  const auto told =
      call.exchange(Side::client,
                    from_client(secure_audio + crypto(4, "AES_256_CM_HMAC_SHA1_80", key_a) +
                                crypto(7, cm32, key_a) + crypto(9, cm80, key_b)),
                    from_server(plain_audio));
  ASSERT_THAT(cryptos_in(told.offerer), SizeIs(1));
  EXPECT_EQ(cryptos_in(told.offerer)[0].tag, 7u);
  EXPECT_EQ(call.leg(Side::client).send_key->suite(), SrtpSuite::aes_cm_128_hmac_sha1_32);
}

TEST(NegotiationSecurity, TheGatewaysOrderDecidesWhereThePolicySaysSo) {
  CipherPolicy policy;
  policy.order = CipherPolicy::Order::of_gateway;
  Conversation call{policy};
  call.wanted = Profile::avp;
  const auto told = call.exchange(
      Side::client, from_client(secure_audio + crypto(7, cm32, key_a) + crypto(9, cm80, key_b)),
      from_server(plain_audio));
  EXPECT_EQ(cryptos_in(told.offerer).at(0).tag, 9u);
}

TEST(NegotiationSecurity, ASuiteThatThePolicyForbidsIsNeitherTakenNorProposed) {
  CipherPolicy policy;
  policy.accepted = {SrtpSuite::aead_aes_256_gcm};
  Conversation call{policy};
  const auto refused = call.negotiation.receive_offer(
      Side::client, from_client(secure_audio + crypto(1, cm80, key_a)));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("allowed"));
  call.wanted = Profile::savpf;
  const auto told = call.offer(Side::client, from_client(plain_audio));
  ASSERT_TRUE(told);
  EXPECT_THAT(*told, HasSubstr("RTP/SAVPF"));
  EXPECT_THAT(cryptos_in(*told), SizeIs(1));
}

TEST(NegotiationSecurity, TheShortTagAloneCannotBeProposed) {
  CipherPolicy policy;
  policy.accepted = {SrtpSuite::aes_cm_128_hmac_sha1_32};
  Conversation call{policy};
  call.wanted = Profile::savp;
  EXPECT_FALSE(call.offer(Side::client, from_client(plain_audio)));
}

// A leg signalled as secure never accepts clear RTP.
TEST(NegotiationSecurity, APlainAnswerToASecureOfferIsRefusedNotFollowed) {
  Conversation call;
  call.wanted = Profile::savp;
  const auto told = call.offer(Side::client, from_client(plain_audio));
  ASSERT_TRUE(told);
  const auto plain = call.answer(from_server(plain_audio));
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error().line, 6u);
  EXPECT_THAT(plain.error().what, HasSubstr("plain"));
  EXPECT_FALSE(call.answer(from_server(plain_audio + crypto(3, cm80, key_b))));
  EXPECT_FALSE(call.answer(from_server(secure_audio)));
  EXPECT_TRUE(call.negotiation.legs().empty());
  EXPECT_TRUE(call.answer(secure_answer(*told, cm80_suite, key_b)));
}

TEST(NegotiationSecurity, AnAnswerMustTakeOneOfTheProposals) {
  Conversation call;
  call.wanted = Profile::savp;
  const auto told = call.offer(Side::client, from_client(plain_audio));
  ASSERT_TRUE(told);
  for (const auto& wrong :
       {crypto(1, cm80, key_b), crypto(4, cm80, key_b), crypto(3, cm32, key_b),
        "a=crypto:3 " + cm80 + " inline:" + std::string(key_b) + "|2^20|1:4\r\n",
        "a=crypto:3 " + cm80 + " inline:" + std::string(key_b) + " UNENCRYPTED_SRTP\r\n"}) {
    const auto answered = call.answer(from_server(secure_audio + wrong));
    ASSERT_FALSE(answered) << wrong;
    EXPECT_THAT(to_string(answered.error()), Not(HasSubstr(key_b)));
  }
}

TEST(NegotiationSecurity, ASecureAnswerToAPlainOfferIsAnError) {
  Conversation call;
  ASSERT_TRUE(call.offer(Side::client, from_client(plain_audio)));
  EXPECT_FALSE(call.answer(from_server(secure_audio + crypto(1, cm80, key_b))));
}

TEST(NegotiationSecurity, RefusingASecureSectionIsAnAnswer) {
  Conversation call;
  call.wanted = Profile::savp;
  const auto told =
      call.exchange(Side::client, from_client(plain_audio), from_server("m=audio 0 RTP/AVP 0\r\n"));
  EXPECT_THAT(told.offerer, HasSubstr("m=audio 0 RTP/AVP 0\r\n"));
  EXPECT_FALSE(call.negotiation.legs()[0].active);
}

class SecureCall : public ::testing::Test {
 protected:
  SecureCall() {
    call.wanted = Profile::avp;
    call.exchange(Side::client, offer_a, from_server(plain_audio));
    call.wanted.reset();
  }
  const std::string offer_a = from_client(secure_audio + crypto(1, cm80, key_a));
  Conversation call;
};

TEST_F(SecureCall, APlainReOfferOnASecureLegIsRefused) {
  const auto plain = call.negotiation.receive_offer(Side::client, from_client(plain_audio));
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error().line, 6u);
  EXPECT_TRUE(call.leg(Side::client).is_secure());
  EXPECT_FALSE(call.negotiation.offerer());
}

TEST_F(SecureCall, APlainOfferTowardASecureLegIsRefused) {
  ASSERT_TRUE(call.negotiation.receive_offer(Side::server, from_server(plain_audio)));
  const auto local = call.transports(Side::client, 1);
  EXPECT_FALSE(call.negotiation.write_offer(Profile::avp, local, call.entropy));
  EXPECT_TRUE(call.negotiation.write_offer(Profile::savp, local, call.entropy));
}

TEST_F(SecureCall, WithoutAWishEachLegKeepsItsProfile) {
  const auto to_client = call.offer(Side::server, from_server(plain_audio));
  ASSERT_TRUE(to_client);
  EXPECT_THAT(*to_client, HasSubstr("m=audio 40000 RTP/SAVP 0\r\n"));
  call.negotiation.roll_back();
  const auto to_server = call.offer(Side::client, offer_a);
  ASSERT_TRUE(to_server);
  EXPECT_THAT(*to_server, HasSubstr("m=audio 40000 RTP/AVP 0\r\n"));
}

TEST_F(SecureCall, KeysOfALegThatGoesOnStay) {
  const auto before = *call.leg(Side::client).send_key;
  const auto told = call.exchange(Side::client, offer_a, from_server(plain_audio));
  EXPECT_EQ(*call.leg(Side::client).send_key, before);
  EXPECT_EQ(cryptos_in(told.offerer)[0].key, before);

  // The other way round, it is among the gateway's proposals.
  const auto offered = call.offer(Side::server, from_server(plain_audio));
  ASSERT_TRUE(offered);
  EXPECT_EQ(cryptos_in(*offered)[2].key, before);
  const auto answered = call.answer(from_client(secure_audio + crypto(3, cm80, key_a)));
  ASSERT_TRUE(answered) << to_string(answered.error());
  EXPECT_EQ(*call.leg(Side::client).send_key, before);
}

TEST_F(SecureCall, APeersNewKeyIsTaken) {
  call.exchange(Side::client, from_client(secure_audio + crypto(1, cm80, key_b)),
                from_server(plain_audio));
  EXPECT_EQ(*call.leg(Side::client).receive_key,
            cryptos_in(from_client(secure_audio + crypto(1, cm80, key_b)))[0].key);
}

TEST_F(SecureCall, AnotherSuiteHasAnotherKey) {
  const auto before = *call.leg(Side::client).send_key;
  call.exchange(Side::client, from_client(secure_audio + crypto(1, cm32, key_a)),
                from_server(plain_audio));
  EXPECT_FALSE(*call.leg(Side::client).send_key == before);
}

TEST_F(SecureCall, ASectionThatWasRemovedStartsAnew) {
  const auto before = *call.leg(Side::client).send_key;
  call.exchange(Side::client, from_client("m=audio 0 RTP/SAVP 0\r\n"),
                from_server("m=audio 0 RTP/AVP 0\r\n"));
  EXPECT_FALSE(call.negotiation.legs()[0].active);
  call.wanted = Profile::avp;
  call.exchange(Side::client, offer_a, from_server(plain_audio));
  EXPECT_FALSE(*call.leg(Side::client).send_key == before);
}

TEST(NegotiationSecurity, LinphonesTwoSecureSectionsGetKeysOfTheirOwn) {
  Conversation call;
  call.wanted = Profile::avpf;
  const auto told =
      call.exchange(Side::client, samples::linphone,
                    from_server("m=audio 7000 RTP/AVPF 96\r\na=rtpmap:96 opus/48000/2\r\n"
                                "m=video 7002 RTP/AVPF 98\r\na=rtpmap:98 VP8/90000\r\n"));
  EXPECT_THAT(told.answerer, HasSubstr("a=record:off\r\n"));
  EXPECT_THAT(told.answerer, HasSubstr("a=rtcp-fb:* ccm fir\r\n"));
  EXPECT_FALSE(*call.leg(Side::client, 0).send_key == *call.leg(Side::client, 1).send_key);
  EXPECT_EQ(call.leg(Side::client, 1).send_key->suite(), cm80_suite);
}

TEST(NegotiationSecurity, ErrorsNeverShowKeys) {
  Conversation call;
  for (const auto& bad :
       {crypto(1, cm80, std::string(key_a) + "AAAA"), crypto(1, "AEAD_AES_256_GCM", key_a),
        crypto(1, cm80, key_a) + crypto(1, cm32, key_a)}) {
    const auto refused =
        call.negotiation.receive_offer(Side::client, from_client(secure_audio + bad));
    ASSERT_FALSE(refused);
    EXPECT_THAT(to_string(refused.error()), Not(HasSubstr(key_a.substr(0, 8))));
  }
}

}  // namespace
}  // namespace assent::media

#include "media/negotiation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/media/conversation.hpp"
#include "tests/media/sdp_samples.hpp"

namespace assent::media {
namespace {

using samples::replaced;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const std::string plain_audio = "m=audio 5004 RTP/AVP 0\r\n";

std::string from_client(std::string_view sections) {
  return description(client_address, sections);
}
std::string from_server(std::string_view sections) {
  return description(server_address, sections);
}

TEST(Negotiation, AddressesAndPortsBecomeTheGatewaysAndAllElseIsKept) {
  Conversation call;
  const auto told =
      call.exchange(Side::client, samples::sipp, from_server("m=audio 7000 RTP/AVP 0 8 101\r\n"));
  EXPECT_EQ(told.answerer,
            "v=0\r\n"
            "o=user1 53655765 2353687637 IN IP4 198.51.100.2\r\n"
            "s=-\r\n"
            "c=IN IP4 198.51.100.2\r\n"
            "t=0 0\r\n"
            "m=audio 40000 RTP/AVP 0 8 101\r\n"
            "a=rtpmap:0 PCMU/8000\r\n"
            "a=rtpmap:8 PCMA/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\n"
            "a=fmtp:101 0-16\r\n");
  EXPECT_EQ(told.offerer,
            "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\n"
            "t=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\n");
}

TEST(Negotiation, TheLegsSayWhereEachPeerListens) {
  Conversation call;
  call.exchange(Side::client, from_client(plain_audio), from_server("m=audio 7000 RTP/AVP 0\r\n"));
  ASSERT_EQ(call.negotiation.legs().size(), 1u);
  const auto& media = call.negotiation.legs()[0];
  EXPECT_TRUE(media.active);
  EXPECT_EQ(media.kind, MediaKind::audio);
  EXPECT_EQ(media.client.remote_rtp, endpoint(client_address, 5004));
  EXPECT_EQ(media.client.remote_rtcp, endpoint(client_address, 5005));
  EXPECT_EQ(media.server.remote_rtp, endpoint(server_address, 7000));
  EXPECT_EQ(media.server.remote_rtcp, endpoint(server_address, 7001));
  EXPECT_FALSE(media.client.is_secure());
  EXPECT_FALSE(media.server.is_secure());
}

TEST(Negotiation, TheServerMayOffer) {
  Conversation call;
  const auto told =
      call.exchange(Side::server, samples::janus,
                    from_client("m=audio 5004 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\n"));
  EXPECT_THAT(told.answerer, HasSubstr("c=IN IP4 198.51.100.1\r\n"));
  EXPECT_THAT(told.offerer, HasSubstr("c=IN IP4 198.51.100.2\r\n"));
  EXPECT_EQ(call.leg(Side::server).remote_rtp, endpoint("192.0.2.50", 34567));
  EXPECT_EQ(call.leg(Side::client).remote_rtp, endpoint(client_address, 5004));
  EXPECT_EQ(call.negotiation.legs()[0].mid, "audio");
}

TEST(Negotiation, AnAddressOfTheSectionOverridesThatOfTheSession) {
  Conversation call;
  call.exchange(Side::client, from_client(plain_audio + "c=IN IP6 2001:db8::7\r\n"),
                from_server(plain_audio + "a=rtcp:9001 IN IP4 192.0.2.51\r\n"));
  EXPECT_EQ(call.leg(Side::client).remote_rtp, endpoint("2001:db8::7", 5004));
  EXPECT_EQ(call.leg(Side::client).remote_rtcp, endpoint("2001:db8::7", 5005));
  EXPECT_EQ(call.leg(Side::server).remote_rtp, endpoint(server_address, 5004));
  EXPECT_EQ(call.leg(Side::server).remote_rtcp, endpoint("192.0.2.51", 9001));
}

TEST(Negotiation, TheFamiliesOfTheTwoSidesMayDiffer) {
  Conversation call;
  ASSERT_TRUE(call.negotiation.receive_offer(Side::client, samples::baresip));
  const LocalTransport v4{endpoint("198.51.100.2", 4000), endpoint("198.51.100.2", 4001)};
  const auto told = call.negotiation.write_offer(std::nullopt, std::span{&v4, 1}, call.entropy);
  ASSERT_TRUE(told);
  EXPECT_THAT(*told, HasSubstr("o=- 1763997600 1023456789 IN IP4 198.51.100.2\r\n"));
  EXPECT_THAT(*told, HasSubstr("c=IN IP4 198.51.100.2\r\n"));
  EXPECT_THAT(*told, Not(HasSubstr("2001:db8")));
}

TEST(Negotiation, SectionsOnDifferentAddressesGetTheirOwnConnectionLine) {
  Conversation call;
  ASSERT_TRUE(call.negotiation.receive_offer(
      Side::client, from_client(plain_audio + "m=video 6000 RTP/AVP 31\r\ni=slides\r\na=x\r\n")));
  const std::vector<LocalTransport> local{
      {endpoint("198.51.100.2", 4000), endpoint("198.51.100.2", 4001)},
      {endpoint("198.51.100.9", 4002), endpoint("198.51.100.9", 4003)}};
  const auto told = call.negotiation.write_offer(std::nullopt, local, call.entropy);
  ASSERT_TRUE(told);
  EXPECT_THAT(*told,
              HasSubstr("m=video 4002 RTP/AVP 31\r\ni=slides\r\nc=IN IP4 198.51.100.9\r\na=x\r\n"));
  EXPECT_THAT(*told, HasSubstr("m=audio 4000 RTP/AVP 0\r\nm=video"));
}

TEST(Negotiation, WhatNamesIceDtlsOrBundleOrOtherTransportsIsRemoved) {
  Conversation call;
  const auto told = call.offer(
      Side::client,
      replaced(from_client(plain_audio +
                           "k=clear:secret\r\na=candidate:1 1 udp 1 192.0.2.10 5004 typ host\r\n"
                           "a=ice-ufrag:abcd\r\na=ice-pwd:efgh\r\na=ice-options:trickle\r\n"
                           "a=end-of-candidates\r\na=remote-candidates:1 192.0.2.1 1\r\n"
                           "a=setup:actpass\r\na=fingerprint:sha-256 00\r\na=tls-id:1\r\n"
                           "a=key-mgmt:mikey AAAA\r\na=tcap:1 RTP/SAVP\r\na=pcfg:1 t=1\r\n"
                           "a=alt:1 1 : a b 192.0.2.10 5004\r\na=bundle-only\r\n"
                           "a=mid:0\r\na=record:on\r\na=recordpref:off\r\na=x-unknown:kept\r\n"),
               "t=0 0\r\n",
               "t=0 0\r\na=ice-lite\r\na=fingerprint:sha-256 00\r\na=group:BUNDLE 0\r\n"
               "a=group:LS 0\r\na=setup:active\r\na=record:off\r\n"));
  ASSERT_TRUE(told);
  EXPECT_THAT(attributes(*told),
              ElementsAre("mid:0", "record:on", "recordpref:off", "x-unknown:kept"));
  EXPECT_THAT(*told, HasSubstr("t=0 0\r\na=group:LS 0\r\na=record:off\r\nm=audio"));
  EXPECT_THAT(*told, Not(HasSubstr("k=")));
  EXPECT_THAT(*told, Not(HasSubstr(client_address)));
}

TEST(Negotiation, PayloadTypesMeanWhatTheOtherSideAskedFor) {
  Conversation call;
  call.exchange(Side::client, samples::baresip,
                from_server("m=audio 7000 RTP/AVP 96 0 13 97 102\r\na=rtpmap:96 opus/48000/2\r\n"
                            "a=rtpmap:97 red/48000/2\r\na=rtpmap:102 telephone-event/48000\r\n"));
  const auto& client = call.leg(Side::client);
  EXPECT_EQ(client.payload_types[96], Codec::opus);
  EXPECT_EQ(client.clocks_hz[96], 48'000u);
  EXPECT_EQ(client.payload_types[0], Codec::pcmu);
  EXPECT_EQ(client.clocks_hz[0], 8'000u);
  EXPECT_EQ(client.payload_types[13], Codec::comfort_noise);
  EXPECT_EQ(client.payload_types[97], Codec::red);  // the server's word, for what it is sent
  EXPECT_EQ(client.payload_types[9], Codec::g722);  // only the client named it
  EXPECT_EQ(client.payload_types[102], Codec::telephone_event);
  EXPECT_EQ(client.payload_types[50], Codec::none);
  EXPECT_EQ(call.leg(Side::server).payload_types[97], Codec::telephone_event);
  ASSERT_EQ(client.sources.size(), 1u);
  EXPECT_EQ(client.sources[0].ssrc, Ssrc{3735928559});
  EXPECT_EQ(client.sources[0].cname, "pseudonym@baresip");
  EXPECT_THAT(call.leg(Side::server).sources, IsEmpty());
}

TEST(Negotiation, APeerTakesWhatItNamedByItsOwnNumberAndBothAgreedOn) {
  Conversation call;
  call.exchange(Side::client, samples::baresip,
                from_server("m=audio 7000 RTP/AVP 111 0\r\na=rtpmap:111 opus/48000/2\r\n"));
  const auto& client = call.leg(Side::client).takes;
  EXPECT_EQ(client[96], Codec::opus);
  EXPECT_EQ(client[111], Codec::none);  // the server's number
  EXPECT_EQ(client[0], Codec::pcmu);
  EXPECT_EQ(client[8], Codec::none);  // the server has let it fall
  EXPECT_EQ(client[9], Codec::none);
  EXPECT_EQ(call.leg(Side::server).takes[111], Codec::opus);
}

TEST(Negotiation, VideoTypesAreToldApart) {
  Conversation call;
  const auto video =
      "m=video 6000 RTP/AVPF 96 97 98\r\na=rtpmap:96 VP8/90000\r\n"
      "a=rtpmap:97 rtx/90000\r\na=rtpmap:98 ulpfec/90000\r\n";
  call.exchange(Side::client, from_client(video), from_server(video));
  EXPECT_EQ(call.negotiation.legs()[0].kind, MediaKind::video);
  EXPECT_EQ(call.leg(Side::client).profile, Profile::avpf);
  EXPECT_EQ(call.leg(Side::client).payload_types[96], Codec::other_video);
  EXPECT_EQ(call.leg(Side::client).payload_types[97], Codec::rtx);
  EXPECT_EQ(call.leg(Side::client).payload_types[98], Codec::fec);
}

TEST(Negotiation, MediaThatAreNotRelayedArePassedWithPortZeroAndNamed) {
  Conversation call;
  const auto image = "m=image 6000 udptl t38\r\nc=IN IP4 192.0.2.10\r\na=T38FaxVersion:0\r\n";
  const auto needed = call.negotiation.receive_offer(
      Side::client, from_client(plain_audio + image + "m=application 7 TCP/BFCP *\r\n"));
  ASSERT_TRUE(needed);
  EXPECT_THAT(*needed, ElementsAre(0u));
  ASSERT_EQ(call.negotiation.refused().size(), 2u);
  EXPECT_EQ(call.negotiation.refused()[0].section, 1u);
  EXPECT_THAT(call.negotiation.refused()[0].why, HasSubstr("m=image"));
  const auto told =
      call.negotiation.write_offer(std::nullopt, call.transports(Side::server, 3), call.entropy);
  ASSERT_TRUE(told);
  EXPECT_THAT(*told, HasSubstr("m=image 0 udptl t38\r\nc=IN IP4 0.0.0.0\r\na=T38FaxVersion:0\r\n"));
  EXPECT_THAT(*told, HasSubstr("m=application 0 TCP/BFCP *\r\n"));

  // Even if the answerer takes them, they stay refused.
  ASSERT_TRUE(call.negotiation.receive_answer(
      from_server(plain_audio + "m=image 6000 udptl t38\r\nm=application 0 TCP/BFCP *\r\n")));
  const auto answered =
      call.negotiation.write_answer(call.transports(Side::client, 3), call.entropy);
  ASSERT_TRUE(answered);
  EXPECT_THAT(*answered, HasSubstr("m=image 0 udptl t38\r\n"));
  EXPECT_FALSE(call.negotiation.legs()[1].active);
}

TEST(Negotiation, OtherProtocolsAreRefusedByNameOfWhatIsSupported) {
  Conversation call;
  const auto error =
      call.negotiation
          .receive_offer(Side::client, replaced(samples::browser, "UDP/TLS/RTP", "TCP/DTLS/RTP"))
          .error();
  EXPECT_EQ(error.line, 7u);
  EXPECT_THAT(error.what, HasSubstr("TCP/DTLS/RTP/SAVPF"));
  EXPECT_THAT(error.remedy, HasSubstr("UDP/TLS/RTP/SAVPF"));
  EXPECT_FALSE(call.negotiation.offerer());
}

struct Unusable {
  const char* name;
  std::string text;
  const char* says;
};

class UnusableOffer : public ::testing::TestWithParam<Unusable> {};

TEST_P(UnusableOffer, IsRefusedAndChangesNothing) {
  Conversation call;
  const auto result = call.negotiation.receive_offer(Side::client, GetParam().text);
  ASSERT_FALSE(result);
  EXPECT_THAT(to_string(result.error()), HasSubstr(GetParam().says));
  EXPECT_FALSE(call.negotiation.offerer());
  EXPECT_TRUE(call.offer(Side::server, from_server(plain_audio)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, UnusableOffer,
    ::testing::Values(
        Unusable{"NotSdp", "hello", "<type>=<value>"},
        Unusable{"OtherProtocol", from_client("m=audio 5004 TCP/RTP/AVP 0\r\n"), "TCP/RTP/AVP"},
        Unusable{"SeveralPorts", from_client("m=audio 5004/2 RTP/AVP 0\r\n"), "several ports"},
        Unusable{"FormatNotANumber", from_client("m=audio 5004 RTP/AVP opus\r\n"), "payload type"},
        Unusable{"FormatTooLarge", from_client("m=audio 5004 RTP/AVP 128\r\n"), "payload type"},
        Unusable{"NoAddress", "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\nm=audio 1 RTP/AVP 0\n",
                 "no c="},
        Unusable{
            "HostName",
            replaced(from_client(plain_audio), "c=IN IP4 192.0.2.10", "c=IN IP4 phone.example"),
            "names are not looked up"},
        Unusable{"Multicast", from_client(plain_audio + "c=IN IP4 233.252.0.1/127\r\n"),
                 "multicast"},
        Unusable{"TwoAddresses",
                 from_client(plain_audio + "c=IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.2\r\n"),
                 "second c="},
        Unusable{"BadRtcp", from_client(plain_audio + "a=rtcp:x\r\n"), "a=rtcp is malformed"},
        Unusable{"BadRtpmap", from_client(plain_audio + "a=rtpmap:0\r\n"), "a=rtpmap is malformed"},
        Unusable{"BadSsrc", from_client(plain_audio + "a=ssrc:x cname:y\r\n"),
                 "a=ssrc is malformed"},
        Unusable{"SecureWithoutKeys", from_client("m=audio 5004 RTP/SAVP 0\r\n"),
                 "without an a=crypto"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Negotiation, GlareIsAnErrorAndTheFirstOfferStands) {
  Conversation call;
  ASSERT_TRUE(call.offer(Side::client, from_client(plain_audio)));
  const auto glare = call.negotiation.receive_offer(Side::server, from_server(plain_audio));
  ASSERT_FALSE(glare);
  EXPECT_THAT(glare.error().what, HasSubstr("glare"));
  EXPECT_EQ(call.negotiation.offerer(), Side::client);
  EXPECT_TRUE(call.answer(from_server(plain_audio)));
}

TEST(Negotiation, AnOfferRolledBackFreesTheWayForTheOtherSide) {
  Conversation call;
  ASSERT_TRUE(call.offer(Side::client, from_client(plain_audio)));
  call.negotiation.roll_back();
  EXPECT_FALSE(call.answer(from_server(plain_audio)));
  call.exchange(Side::server, from_server(plain_audio), from_client(plain_audio));
}

TEST(Negotiation, AnOfferThatWasNeverAnsweredIsReplacedByTheNextOfThatSide) {
  Conversation call;
  ASSERT_TRUE(call.offer(Side::client, from_client(plain_audio)));
  call.exchange(Side::client, from_client("m=audio 6004 RTP/AVP 0\r\n"), from_server(plain_audio));
  EXPECT_EQ(call.leg(Side::client).remote_rtp.port, 6004);
}

TEST(Negotiation, StepsOutOfOrderAreErrorsThatChangeNothing) {
  Conversation call;
  const auto without_offer = call.negotiation.receive_answer(from_server(plain_audio));
  ASSERT_FALSE(without_offer);
  EXPECT_THAT(without_offer.error().what, HasSubstr("without an offer"));
  const auto local = call.transports(Side::server, 1);
  EXPECT_FALSE(call.negotiation.write_offer(std::nullopt, local, call.entropy));
  EXPECT_FALSE(call.negotiation.write_answer(local, call.entropy));

  ASSERT_TRUE(call.negotiation.receive_offer(Side::client, from_client(plain_audio)));
  EXPECT_FALSE(call.negotiation.receive_answer(from_server(plain_audio)));
  ASSERT_TRUE(call.negotiation.write_offer(std::nullopt, local, call.entropy));
  EXPECT_FALSE(call.negotiation.write_offer(std::nullopt, local, call.entropy));
  EXPECT_FALSE(call.negotiation.write_answer(local, call.entropy));
  ASSERT_TRUE(call.negotiation.receive_answer(from_server(plain_audio)));
  ASSERT_TRUE(call.negotiation.write_answer(local, call.entropy));
  EXPECT_FALSE(call.negotiation.roll_back());
}

TEST(Negotiation, AFinalAnswerMayFollowAProvisionalOne) {
  Conversation call;
  const auto told = call.exchange(Side::client, from_client(plain_audio), from_server(plain_audio));
  EXPECT_FALSE(call.negotiation.offerer());
  const auto again = call.answer(from_server(plain_audio));
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(*again, told.offerer);
  const auto elsewhere = call.answer(from_server("m=audio 6004 RTP/AVP 0\r\n"));
  ASSERT_TRUE(elsewhere) << to_string(elsewhere.error());
  EXPECT_EQ(call.leg(Side::server).remote_rtp.port, 6004);
  EXPECT_EQ(call.leg(Side::client).remote_rtp.port, 5004);
}

TEST(Negotiation, AnotherAnswerIsNoLongerTakenWhenItsOfferWasReplaced) {
  Conversation call;
  call.exchange(Side::client, from_client(plain_audio), from_server(plain_audio));
  ASSERT_TRUE(call.offer(Side::server, from_server(plain_audio)));
  EXPECT_EQ(call.negotiation.offerer(), Side::server);
  EXPECT_TRUE(call.negotiation.roll_back());
  EXPECT_FALSE(call.answer(from_server(plain_audio)));
}

TEST(Negotiation, MissingTransportsAreSaidAndMayBeGivenAfterwards) {
  Conversation call;
  ASSERT_TRUE(call.negotiation.receive_offer(Side::client, from_client(plain_audio)));
  const auto none = call.negotiation.write_offer(std::nullopt, {}, call.entropy);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().what, HasSubstr("0 local transports for 1 m-sections"));
  auto local = call.transports(Side::server, 1);
  local[0].rtcp = {};
  const auto no_rtcp = call.negotiation.write_offer(std::nullopt, local, call.entropy);
  ASSERT_FALSE(no_rtcp);
  EXPECT_THAT(no_rtcp.error().what, HasSubstr("no local RTCP port"));
  local[0] = {};
  EXPECT_FALSE(call.negotiation.write_offer(std::nullopt, local, call.entropy));
  EXPECT_TRUE(
      call.negotiation.write_offer(std::nullopt, call.transports(Side::server, 1), call.entropy));
}

TEST(Negotiation, AnAnswerHasTheMediaLinesOfItsOffer) {
  Conversation call;
  const std::string video = "m=video 6000 RTP/AVP 31\r\n";
  ASSERT_TRUE(call.offer(Side::client, from_client(plain_audio + video)));
  for (const auto& wrong : {std::string(), plain_audio, plain_audio + video + video,
                            video + plain_audio, plain_audio + plain_audio}) {
    const auto answered = call.answer(from_server(wrong));
    ASSERT_FALSE(answered) << wrong;
    EXPECT_THAT(answered.error().remedy, HasSubstr("RFC 3264"));
  }
  EXPECT_TRUE(call.answer(from_server(plain_audio + video)));
}

TEST(Negotiation, AnOfferWithoutMediaIsAnOffer) {
  Conversation call;
  call.exchange(Side::client, from_client(""), from_server(""));
  EXPECT_THAT(call.negotiation.legs(), IsEmpty());
  const auto told = call.exchange(Side::client, from_client(plain_audio), from_server(plain_audio));
  EXPECT_THAT(told.answerer, HasSubstr("m=audio 40000"));
}

TEST(Negotiation, ARefusedSectionHasNoLegsAndPortZeroTowardTheOfferer) {
  Conversation call;
  const std::string video = "m=video 6000 RTP/AVP 31\r\na=rtcp-mux\r\n";
  const auto told = call.exchange(Side::client, from_client(plain_audio + video),
                                  from_server(plain_audio + "m=video 0 RTP/AVP 31\r\n"));
  EXPECT_THAT(told.offerer, HasSubstr("m=video 0 RTP/AVP 31\r\n"));
  EXPECT_TRUE(call.negotiation.legs()[0].active);
  EXPECT_FALSE(call.negotiation.legs()[1].active);
  EXPECT_FALSE(call.leg(Side::client, 1).remote_rtp.is_set());
}

TEST(Negotiation, SectionsAreAddedRemovedAndUsedAgain) {
  Conversation call;
  const std::string video = "m=video 6000 RTP/AVP 31\r\n";
  const std::string no_video = "m=video 0 RTP/AVP 31\r\n";
  call.exchange(Side::client, from_client(plain_audio), from_server(plain_audio));
  call.exchange(Side::server, from_server(plain_audio + video), from_client(plain_audio + video));
  EXPECT_TRUE(call.negotiation.legs()[1].active);

  const auto needed =
      call.negotiation.receive_offer(Side::client, from_client(plain_audio + no_video));
  ASSERT_TRUE(needed);
  EXPECT_THAT(*needed, ElementsAre(0u));
  const auto told = call.exchange(Side::client, from_client(plain_audio + no_video),
                                  from_server(plain_audio + no_video));
  EXPECT_THAT(told.answerer, HasSubstr(no_video));
  EXPECT_FALSE(call.negotiation.legs()[1].active);

  const auto dropped = call.negotiation.receive_offer(Side::client, from_client(plain_audio));
  ASSERT_FALSE(dropped);
  EXPECT_THAT(dropped.error().what, HasSubstr("1 m-sections, and had 2"));
  call.exchange(Side::client, from_client(plain_audio + video), from_server(plain_audio + video));
  EXPECT_TRUE(call.negotiation.legs()[1].active);
}

TEST(Negotiation, WhatWasAgreedHoldsUntilANewExchangeIsComplete) {
  Conversation call;
  call.exchange(Side::client, from_client(plain_audio), from_server(plain_audio));
  ASSERT_TRUE(call.offer(Side::client, from_client("m=audio 6004 RTP/AVP 0\r\n")));
  EXPECT_EQ(call.leg(Side::client).remote_rtp.port, 5004);
  ASSERT_FALSE(call.answer("nonsense"));
  EXPECT_EQ(call.leg(Side::client).remote_rtp.port, 5004);
  call.negotiation.roll_back();
  EXPECT_EQ(call.leg(Side::client).remote_rtp.port, 5004);
}

TEST(Negotiation, HoldAndResumeByDirection) {
  Conversation call;
  call.exchange(Side::client, from_client(plain_audio), from_server(plain_audio));
  EXPECT_EQ(call.leg(Side::client).direction, Direction::sendrecv);
  const auto told = call.exchange(Side::client, from_client(plain_audio + "a=sendonly\r\n"),
                                  from_server(plain_audio + "a=recvonly\r\n"));
  EXPECT_THAT(attributes(told.answerer), ElementsAre("sendonly"));
  EXPECT_THAT(attributes(told.offerer), ElementsAre("recvonly"));
  EXPECT_EQ(call.leg(Side::client).direction, Direction::sendonly);
  EXPECT_EQ(call.leg(Side::server).direction, Direction::recvonly);
  call.exchange(Side::client, from_client(plain_audio),
                from_server(plain_audio + "a=inactive\r\n"));
  EXPECT_EQ(call.leg(Side::client).direction, Direction::inactive);
  call.exchange(Side::client, from_client(plain_audio), from_server(plain_audio));
  EXPECT_EQ(call.leg(Side::server).direction, Direction::sendrecv);
}

TEST(Negotiation, TheDirectionOfTheSessionHoldsForItsSections) {
  Conversation call;
  call.exchange(Side::client,
                replaced(from_client(plain_audio), "t=0 0\r\n", "t=0 0\r\na=recvonly\r\n"),
                from_server(plain_audio));
  EXPECT_EQ(call.leg(Side::client).direction, Direction::recvonly);
}

TEST(Negotiation, HoldByTheNullAddressIsPassedOnAndSendsNothingThere) {
  Conversation call;
  call.exchange(Side::client, from_client(plain_audio), from_server(plain_audio));
  const auto told = call.exchange(
      Side::client, replaced(from_client(plain_audio), "c=IN IP4 192.0.2.10", "c=IN IP4 0.0.0.0"),
      from_server(plain_audio));
  EXPECT_THAT(told.answerer, HasSubstr("c=IN IP4 0.0.0.0\r\n"));
  EXPECT_THAT(told.answerer, HasSubstr("o=- 1 1 IN IP4 198.51.100.2\r\n"));
  EXPECT_THAT(told.answerer, HasSubstr("m=audio 40000"));
  EXPECT_THAT(told.offerer, HasSubstr("c=IN IP4 198.51.100.1\r\n"));
  EXPECT_FALSE(call.leg(Side::client).remote_rtp.is_set());
  EXPECT_FALSE(call.leg(Side::client).remote_rtcp.is_set());
  EXPECT_TRUE(call.leg(Side::server).remote_rtp.is_set());

  call.exchange(Side::client, from_client(plain_audio), from_server(plain_audio));
  EXPECT_TRUE(call.leg(Side::client).remote_rtp.is_set());
}

TEST(Negotiation, OneSectionOnHoldDoesNotHoldTheOthers) {
  Conversation call;
  const auto told = call.offer(
      Side::client, from_client(plain_audio + "c=IN IP4 0.0.0.0\r\nm=video 6000 RTP/AVP 31\r\n"));
  ASSERT_TRUE(told);
  EXPECT_THAT(*told, HasSubstr("m=audio 40000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"));
  EXPECT_THAT(*told, HasSubstr("m=video 40010 RTP/AVP 31\r\nc=IN IP4 198.51.100.2\r\n"));
}

}  // namespace
}  // namespace assent::media

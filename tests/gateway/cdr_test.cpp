#include "gateway/cdr.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <set>

namespace assent::gateway {
namespace {

WallTime at(std::int64_t ms) {
  return WallTime{std::chrono::milliseconds{1'764'000'000'000 + ms}};
}

Cdr full_record() {
  Cdr cdr;
  cdr.kind = CdrKind::interim;
  cdr.record_seq = 7;
  cdr.cause = CauseForClosing::consent_change;
  cdr.session = "s-1";
  cdr.room = "room";
  cdr.tenant = "tenant";
  cdr.participant = "p";
  cdr.subject = "subject";
  cdr.minor = policy::Minor::no;
  cdr.went_on_without = true;
  cdr.opened = at(0);
  cdr.at = cdr.counted_until = at(60'001);
  cdr.jurisdictions = {{"NL", policy::EvidenceKind::declared, "account form"},
                       {"NL", policy::EvidenceKind::ip, "192.0.2.77"},
                       {"US-CA", policy::EvidenceKind::e164, "+14155550123"}};
  cdr.consents = {
      {"recording", "guardian", "granted", "online", "firm", 3, at(5), at(9'999), "n/2", "r-1"}};
  CdrLeg& leg = cdr.legs.emplace_back();
  leg.side = "client";
  leg.media = "audio";
  leg.transport = "RTP/SAVP";
  leg.carrier = "carrier";
  leg.packets = 100;
  leg.bytes = 12'345;
  leg.control_packets = 3;
  leg.dropped = {{"auth_failed", 2}, {"replayed", 1}};
  CdrRoute& call = leg.routes.emplace_back();
  call.delivered = {{0xFFFFFFFF, 0, 65'530, 65'629, 99, 9'000, at(1), at(2)}};
  call.packets = 99;
  call.bytes = 9'000;
  call.milliseconds = 1;
  call.first = at(1);
  call.last = at(2);
  call.withheld = {{"outbound_full", 1}};
  CdrRoute& sink = leg.routes.emplace_back();
  sink.kind = RouteKind::sink;
  sink.sink = "recorder";
  sink.purpose = "recording";
  sink.earlier_ingress = 4;
  sink.attached_at = 14;
  sink.detached_at = 90;
  sink.packets = 60;
  sink.bytes = 4'800;
  sink.milliseconds = 2;
  sink.first = at(3);
  sink.last = at(6);
  sink.delivered = {{1, 3, 5, 54, 50, 4'000, at(3), at(4)}, {1, 5, 60, 69, 10, 800, at(5), at(6)}};
  sink.withheld = {{"consent_unknown", 15}, {"consent_withdrawn", 5}};
  cdr.transfers = {{"gateway", "vendor", "processor", "NL", "DE", "US", "dpf", "row-1", "",
                    "recording", at(3), at(6), 2, 60, 4'800}};
  cdr.policy_hash = "sha256:aa";
  cdr.data_hash = "sha256:bb";
  cdr.retain_until = at(1'000'000);
  return cdr;
}

TEST(CdrJson, SaysTheSameAfterReadingBack) {
  const std::string text = to_json(full_record());
  const auto back = parse_cdr(text);
  ASSERT_TRUE(back) << back.error().pointer << " " << back.error().what;
  EXPECT_EQ(to_json(*back), text);
  EXPECT_EQ(back->legs.at(0).routes.at(1).delivered.at(1).last_sequence, 69u);
  EXPECT_EQ(back->legs.at(0).routes.at(0).delivered.at(0).ssrc, 0xFFFFFFFFu);
  EXPECT_EQ(back->consents.at(0).expires, at(9'999));
  EXPECT_EQ(back->cause, CauseForClosing::consent_change);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const std::string bare = to_json(Cdr{});
  ASSERT_TRUE(parse_cdr(bare));
  EXPECT_EQ(to_json(*parse_cdr(bare)), bare);
}

TEST(CdrJson, Row07NeverHoldsAWholeAddressOrNumber) {
  const std::string text = to_json(full_record());
  EXPECT_EQ(text.find("192.0.2.77"), std::string::npos);
  EXPECT_NE(text.find("192.0.2.0\\/24"), text.find("192.0.2.0/24"));  // in one of the two spellings
  EXPECT_EQ(text.find("5550123"), std::string::npos);
  EXPECT_NE(text.find("+1415"), std::string::npos);
}

TEST(CdrJson, TruncatesAddresses) {
  EXPECT_EQ(truncated_address("192.0.2.7"), "192.0.2.0/24");
  EXPECT_EQ(truncated_address("192.0.2.0/24"), "192.0.2.0/24");
  EXPECT_EQ(truncated_address("2001:db8:1:2::7"), "2001:db8:1::/48");
  EXPECT_EQ(truncated_address("2001:db8:1::/48"), "2001:db8:1::/48");
  EXPECT_EQ(truncated_address("::ffff:192.0.2.7"), "192.0.2.0/24");
  EXPECT_EQ(truncated_address("fe80::1:2:3%lo"), "fe80::/48");
  EXPECT_EQ(truncated_address("somebody's address"), "");
}

TEST(CdrJson, WhatIsNoCdrIsRefusedWithItsPlace) {
  const auto pointer_of = [](std::string from, std::string to) {
    std::string text = to_json(full_record());
    const auto found = text.find(from);
    EXPECT_NE(found, std::string::npos) << from;
    text.replace(found, from.size(), to);
    const auto parsed = parse_cdr(text);
    return parsed ? "accepted" : parsed.error().pointer;
  };
  EXPECT_EQ(pointer_of("\"version\":3", "\"version\":4"), "/version");
  EXPECT_EQ(pointer_of("\"kind\":\"interim\"", "\"kind\":\"Interim\""), "/kind");
  EXPECT_EQ(pointer_of("\"record_seq\":7", "\"record_seq\":-7"), "/record_seq");
  EXPECT_EQ(pointer_of("\"record_seq\":7", "\"record_seq\":4294967296"), "/record_seq");
  EXPECT_EQ(pointer_of("\"ssrc\":1,", "\"ssrc\":1.5,"), "/legs/0/routes/1/delivered/0/ssrc");
  EXPECT_EQ(pointer_of("\"tenant\":", "\"tenent\":"), "");
  EXPECT_EQ(pointer_of("\"session\":\"s-1\"", "\"session\":1"), "/session");
  EXPECT_EQ(pointer_of("\"replayed\":1", "\"replayed\":\"1\""), "/legs/0/dropped/replayed");
  EXPECT_EQ(pointer_of("\"opened\":\"2025", "\"opened\":\"20z5"), "/opened");
  EXPECT_FALSE(parse_cdr(""));
  EXPECT_FALSE(parse_cdr("[]"));
  EXPECT_FALSE(parse_cdr("{}"));
}

TEST(CdrJson, EveryCauseForClosingHasAWordOfItsOwn) {
  std::set<std::string_view> words;
  constexpr auto last = static_cast<unsigned>(CauseForClosing::restart);
  for (unsigned i = 0; i <= last; ++i) {
    const auto cause = static_cast<CauseForClosing>(i);
    words.insert(to_string(cause));
    Cdr record = full_record();
    record.cause = cause;
    EXPECT_EQ(parse_cdr(to_json(record)).value().cause, cause);
  }
  EXPECT_EQ(words.size(), last + 1);
}

// They have no totals, and their transfers no time.
TEST(CdrJson, AddsUpWhatTheVersionsBeforeWrote) {
  Cdr record = full_record();
  record.transfers[0].via.clear();
  record.transfers[0].milliseconds = 0;
  for (auto& route : record.legs[0].routes) {
    route.packets = route.bytes = route.milliseconds = 0;
    route.first.reset();
    route.last.reset();
  }
  record.legs[0].routes[1].earlier_ingress = 0;
  record.legs[0].routes[1].attached_at = 10;
  for (const char* version : {"1", "2"}) {
    std::string text = to_json(record);
    text[text.find("\"version\":3") + 10] = *version;
    const auto parsed = parse_cdr(text);
    ASSERT_TRUE(parsed) << parsed.error().what;
    EXPECT_TRUE(imbalances(*parsed).empty());
    const auto& sink = parsed->legs[0].routes[1];
    EXPECT_EQ(sink.packets, 60U);
    EXPECT_EQ(sink.bytes, 4'800U);
    EXPECT_EQ(sink.milliseconds, 2U);
    EXPECT_EQ(sink.first, at(3));
    EXPECT_EQ(sink.last, at(6));
    EXPECT_EQ(parsed->transfers[0].milliseconds, 3U);
  }
}

TEST(CdrJson, NoSingleByteEditCrashesTheReader) {
  const char* const given = std::getenv("ASSENT_SEED");
  const unsigned long seed = given != nullptr ? std::strtoul(given, nullptr, 10) : 42;
  SCOPED_TRACE("ASSENT_SEED=" + std::to_string(seed));
  std::mt19937_64 random{seed};
  const std::string text = to_json(full_record());
  for (int i = 0; i < 20'000; ++i) {
    std::string edited = text;
    edited[random() % edited.size()] = static_cast<char>(random() & 0xFF);
    const auto parsed = parse_cdr(edited);
    EXPECT_TRUE(!parsed || parse_cdr(to_json(*parsed)));
  }
}

TEST(CdrBalance, EveryIngressPacketIsDeliveredOrWithheldOnEveryRoute) {
  EXPECT_TRUE(imbalances(full_record()).empty());
  EXPECT_TRUE(imbalances(Cdr{}).empty());
}

TEST(CdrBalance, AnyPacketUnaccountedForIsFound) {
  const auto broken = [](auto change) {
    Cdr cdr = full_record();
    change(cdr.legs[0]);
    return imbalances(cdr);
  };
  ASSERT_EQ(broken([](CdrLeg& leg) { ++leg.routes[1].packets; }).size(), 1u);
  ASSERT_EQ(broken([](CdrLeg& leg) { ++leg.routes[1].earlier_ingress; }).size(), 1u);
  ASSERT_EQ(broken([](CdrLeg& leg) { leg.routes[1].earlier_ingress = 15; }).size(), 1u);
  ASSERT_EQ(broken([](CdrLeg& leg) { --leg.routes[1].withheld["consent_withdrawn"]; }).size(), 1u);
  ASSERT_EQ(broken([](CdrLeg& leg) { leg.routes[0].withheld.clear(); }).size(), 1u);
  const auto more_in = broken([](CdrLeg& leg) { ++leg.packets; });
  ASSERT_EQ(more_in.size(), 1u);  // the sink was detached before
  EXPECT_EQ(more_in[0].route, 0u);
  EXPECT_EQ(more_in[0].ingress, 101u);
  EXPECT_EQ(more_in[0].accounted, 100u);
  EXPECT_EQ(broken([](CdrLeg& leg) { leg.routes[1].detached_at = 5; }).size(), 1u);
  EXPECT_EQ(broken([](CdrLeg& leg) { leg.routes[1].detached_at = 101; }).size(), 1u);
}

TEST(CdrBalance, AStopAfterARestartKeepsTheCountersAndSaysUntilWhen) {
  const Cdr last = full_record();
  const Cdr stop = closed_after(last, CauseForClosing::restart, at(99'999));
  EXPECT_EQ(stop.kind, CdrKind::stop);
  EXPECT_EQ(stop.record_seq, 8u);
  EXPECT_EQ(stop.at, at(99'999));
  EXPECT_EQ(stop.counted_until, last.counted_until);
  EXPECT_TRUE(imbalances(stop).empty());
  EXPECT_EQ(stop.legs[0].routes[1].packets, 60u);
  EXPECT_TRUE(stop.legs[0].routes[1].delivered.empty());  // the last record had them
  EXPECT_GE(closed_after(last, CauseForClosing::restart, at(0)).at, last.at);  // clock set back
}

}  // namespace
}  // namespace assent::gateway

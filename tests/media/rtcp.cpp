#include "media/rtcp.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/media/packets.hpp"
#include "tests/seed.hpp"

namespace assent::media {
namespace {

using tests::append;
using tests::Bytes;
using tests::hex;

// Sender 0x11111111, two report blocks (the second's loss is negative), four bytes of a profile's.
Bytes sender_report() {
  return hex(
      "82c80013 11111111 d0d1d2d3 d4d5d6d7 00001000 00000064 00004e20"
      "22222222 40000005 00010007 00000009 d2d3d4d5 00010000"
      "33333333 00fffffe 00000001 00000002 00000003 00000004"
      "aabbccdd");
}
Bytes receiver_report() {
  return hex("80c90001 11111111");
}
// CNAME "alice@192.0.2.7" and NAME "Al" of 0x11111111, CNAME "b" of 0x22222222.
Bytes description() {
  return hex(
      "82ca0009 11111111 010f 616c696365403139322e302e322e37 0202 416c 00 0000"
      "22222222 010162 00");
}
Bytes goodbye() {
  return hex("82cb0004 11111111 22222222 04 74697265 000000");
}

Bytes compound(std::initializer_list<Bytes> packets) {
  Bytes bytes;
  for (const auto& packet : packets)
    append(bytes, packet);
  return bytes;
}

RtcpPacket only(const Bytes& bytes) {
  auto rest = std::span<const std::byte>{bytes};
  return *take_rtcp_packet(rest);
}

TEST(RtcpCompound, YieldsItsPacketsInOrder) {
  const Bytes bytes = compound({sender_report(), description(), goodbye()});
  const auto parsed = parse_rtcp(bytes);
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->is_reduced_size());
  std::vector<RtcpType> types;
  std::size_t size = 0;
  for (const auto& packet : *parsed) {
    types.push_back(packet.type());
    size += packet.bytes().size();
  }
  EXPECT_EQ(types, (std::vector{RtcpType::sender_report, RtcpType::source_description,
                                RtcpType::goodbye}));
  EXPECT_EQ(size, bytes.size());
}

TEST(RtcpCompound, MayBeOfReducedSize) {  // RFC 5506 §3.4
  const Bytes bytes = hex("81ce0002 11111111 22222222");
  const auto parsed = parse_rtcp(bytes);
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->is_reduced_size());
}

TEST(RtcpCompound, CutAnywhereButBetweenPacketsIsRefused) {
  const Bytes bytes = compound({sender_report(), description(), goodbye()});
  const std::size_t first = sender_report().size();
  const std::size_t second = first + description().size();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(parse_rtcp(cut).has_value(), size == first || size == second) << size;
  }
}

TEST(RtcpCompound, IsRefusedWithPaddingAnywhereButAtItsEnd) {  // RFC 3550 §6.4.1
  const Bytes padded = hex("a0c90002 11111111 00000004");
  EXPECT_TRUE(parse_rtcp(padded));
  EXPECT_TRUE(parse_rtcp(compound({receiver_report(), padded})));
  EXPECT_EQ(parse_rtcp(compound({padded, receiver_report()})).error(), DropReason::malformed);
}

TEST(RtcpCompound, IsRefusedWithPaddingThatDoesNotFit) {
  for (const char* count : {"00", "03", "05", "0c", "ff"}) {
    const Bytes padded = hex(std::string{"a0c90002 11111111 000000"} + count);
    EXPECT_EQ(parse_rtcp(padded).error(), DropReason::malformed) << count;
  }
}

TEST(RtcpCompound, IsRefusedInAnotherVersion) {
  EXPECT_EQ(parse_rtcp(hex("40c90001 11111111")).error(), DropReason::bad_version);
  EXPECT_EQ(parse_rtcp(compound({receiver_report(), hex("40c90001 11111111")})).error(),
            DropReason::malformed);
  EXPECT_EQ(parse_rtcp(hex("80c900")).error(), DropReason::too_short);
}

TEST(RtcpSsrc, IsPeekedOnlyWhereItIs) {
  EXPECT_EQ(peek_rtcp_ssrc(receiver_report()), Ssrc{0x1111'1111});
  EXPECT_EQ(peek_rtcp_ssrc(hex("80cb0000")), std::nullopt);
}

TEST(SenderReport, IsReadWithItsBlocks) {
  const Bytes bytes = sender_report();
  const auto report = parse_sender_report(only(bytes));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sender, Ssrc{0x1111'1111});
  EXPECT_EQ(report->ntp_time, 0xd0d1'd2d3'd4d5'd6d7u);
  EXPECT_EQ(report->rtp_time, 0x1000u);
  EXPECT_EQ(report->packets, 100u);
  EXPECT_EQ(report->octets, 20'000u);
  auto block = report->blocks.begin();
  EXPECT_EQ(block->source, Ssrc{0x2222'2222});
  EXPECT_EQ(block->fraction_lost, 64);
  EXPECT_EQ(block->packets_lost, 5);
  EXPECT_EQ(block->highest_sequence, 0x10007u);
  EXPECT_EQ(block->jitter, 9u);
  EXPECT_EQ(block->last_sender_report, 0xd2d3'd4d5u);
  EXPECT_EQ(block->delay_since_last, 65'536u);
  ++block;
  EXPECT_EQ(block->packets_lost, -2);
  ++block;
  EXPECT_EQ(block, report->blocks.end());
}

TEST(SenderReport, IsRefusedWhenItsBlocksDoNotFit) {
  Bytes bytes = sender_report();
  bytes[0] = std::byte{0x83};
  EXPECT_EQ(parse_sender_report(only(bytes)).error(), DropReason::malformed);
  EXPECT_EQ(parse_sender_report(only(receiver_report())).error(), DropReason::malformed);
}

TEST(ReceiverReport, NeedsItsSender) {
  const Bytes bytes = receiver_report();
  EXPECT_EQ(parse_receiver_report(only(bytes))->sender, Ssrc{0x1111'1111});
  const Bytes empty = hex("80c90000");
  EXPECT_EQ(parse_receiver_report(only(empty)).error(), DropReason::malformed);
}

TEST(SourceDescription, IsReadChunkByChunk) {
  const Bytes bytes = description();
  const auto chunks = parse_source_description(only(bytes));
  ASSERT_TRUE(chunks);
  std::vector<std::string> found;
  for (const auto& chunk : *chunks) {
    for (const auto& item : chunk.items) {
      found.push_back(std::to_string(static_cast<std::uint32_t>(chunk.source)) + "/" +
                      std::to_string(item.type) + "/" + std::string{item.text});
    }
  }
  EXPECT_EQ(found, (std::vector<std::string>{"286331153/1/alice@192.0.2.7", "286331153/2/Al",
                                             "572662306/1/b"}));
}

TEST(SourceDescription, IsRefusedWhenAnItemOrItsEndIsMissing) {
  for (const char* text : {"81ca0002 11111111 01ff6162",     // an item longer than the packet
                           "81ca0002 11111111 01026162",     // no null behind the items
                           "81ca0001 11111111",              // no items at all
                           "82ca0002 11111111 01016200"}) {  // a second chunk announced
    EXPECT_EQ(parse_source_description(only(hex(text))).error(), DropReason::malformed) << text;
  }
}

TEST(Goodbye, IsReadWithItsReason) {
  const Bytes bytes = goodbye();
  const auto parsed = parse_goodbye(only(bytes));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->reason, "tire");
  EXPECT_EQ(*parsed->sources.begin(), Ssrc{0x1111'1111});
  const Bytes alone = hex("81cb0001 11111111");
  EXPECT_EQ(parse_goodbye(only(alone))->reason, "");
}

TEST(Goodbye, IsRefusedWhenSourcesOrReasonDoNotFit) {
  EXPECT_EQ(parse_goodbye(only(hex("82cb0001 11111111"))).error(), DropReason::malformed);
  EXPECT_EQ(parse_goodbye(only(hex("81cb0002 11111111 04616263"))).error(), DropReason::malformed);
}

TEST(Feedback, IsReadUpToItsControlInformation) {
  const Bytes bytes = hex("81cd0003 11111111 22222222 12340001");
  const auto feedback = parse_feedback(only(bytes));
  ASSERT_TRUE(feedback);
  EXPECT_EQ(feedback->format, 1);  // generic NACK
  EXPECT_EQ(feedback->sender, Ssrc{0x1111'1111});
  EXPECT_EQ(feedback->media, Ssrc{0x2222'2222});
  EXPECT_EQ(feedback->control.size(), 4u);
  EXPECT_EQ(parse_feedback(only(hex("81cd0001 11111111"))).error(), DropReason::malformed);
}

TEST(Rtcp, OfRandomBytesNeverReadsPastThem) {
  const auto seed = assent::tests::Seed::from_environment_or(3550);
  SCOPED_TRACE(seed.text());
  std::mt19937_64 random{seed.value()};
  std::size_t views = 0;
  for (int run = 0; run < 100'000; ++run) {
    Bytes bytes((1 + random() % 16) * 4);
    for (auto& b : bytes)
      b = static_cast<std::byte>(random() % 4 == 0 ? random() & 0xff : 1);
    store_be16(bytes, 0, static_cast<std::uint16_t>(0x80c8 + random() % 8 + (random() % 4 << 8)));
    store_be16(bytes, 2, static_cast<std::uint16_t>(bytes.size() / 4 - 1));
    const auto parsed = parse_rtcp(bytes);
    ASSERT_TRUE(parsed);
    const auto packet = *parsed->begin();
    if (const auto sdes = parse_source_description(packet)) {
      for (const auto& chunk : *sdes) {
        for (const auto& item : chunk.items)
          views += item.text.size() < 256;
      }
    }
    if (const auto report = parse_sender_report(packet)) {
      for (const auto& block : report->blocks)
        views += block.jitter != 0;
    }
    if (const auto bye = parse_goodbye(packet)) views += 1 + bye->reason.size();
    if (const auto feedback = parse_feedback(packet)) views += 1 + feedback->control.size();
  }
  EXPECT_GT(views, 1'000u);
}

// What sinks see.

constexpr Ssrc speaker{0x1111'1111};
constexpr std::string_view pseudonym = "p7";

Bytes reported(const Bytes& bytes, Ssrc source = speaker, std::string_view cname = pseudonym) {
  Bytes out(sink_report_bytes_max);
  out.resize(sink_report(*parse_rtcp(bytes), source, cname, out));
  return out;
}

TEST(SinkReport, IsTheSenderReportBareAndThePseudonym) {
  EXPECT_EQ(reported(compound({sender_report(), description()})),
            hex("80c80006 11111111 d0d1d2d3 d4d5d6d7 00001000 00000064 00004e20"
                "81ca0003 11111111 0102 7037 00000000"));
}

TEST(SinkReport, EndsWithTheGoodbyeOfThatSourceAlone) {
  EXPECT_EQ(reported(compound({sender_report(), description(), goodbye()})),
            hex("80c80006 11111111 d0d1d2d3 d4d5d6d7 00001000 00000064 00004e20"
                "81ca0003 11111111 0102 7037 00000000"
                "81cb0001 11111111"));
}

TEST(SinkReport, OfAGoodbyeWithoutASenderReportIsStillACompound) {  // RFC 3550 §6.1
  EXPECT_EQ(reported(compound({receiver_report(), goodbye()}), Ssrc{0x2222'2222}),
            hex("80c90001 22222222 81ca0003 22222222 0102 7037 00000000 81cb0001 22222222"));
}

TEST(SinkReport, SaysNothingOfOthers) {
  EXPECT_TRUE(reported(compound({sender_report(), description()}), Ssrc{0x2222'2222}).empty());
  EXPECT_TRUE(reported(compound({receiver_report(), description()})).empty());
  EXPECT_TRUE(reported(hex("81ce0002 11111111 22222222")).empty());
}

TEST(SinkReport, NeedsAPseudonymThatAnItemCanHold) {
  const Bytes bytes = compound({sender_report(), goodbye()});
  EXPECT_TRUE(reported(bytes, speaker, "").empty());
  EXPECT_TRUE(reported(bytes, speaker, std::string(256, 'x')).empty());
  EXPECT_EQ(reported(bytes, speaker, std::string(255, 'x')).size(), sink_report_bytes_max);
}

TEST(SinkReport, IsSoundForEveryLengthOfPseudonymAndNeedsItsRoom) {
  const Bytes bytes = compound({sender_report(), goodbye()});
  for (std::size_t length = 1; length <= 255; ++length) {
    const std::string cname(length, 'x');
    const Bytes report = reported(bytes, speaker, cname);
    const auto parsed = parse_rtcp(report);
    ASSERT_TRUE(parsed) << length;
    auto packet = parsed->begin();
    ++packet;
    const auto chunks = parse_source_description(*packet);
    ASSERT_TRUE(chunks) << length;
    EXPECT_EQ(chunks->begin()->items.begin()->text, cname);
    Bytes small(report.size() - 1);
    EXPECT_EQ(sink_report(*parse_rtcp(bytes), speaker, cname, small), 0u);
  }
}

}  // namespace
}  // namespace assent::media

#include "media/data_gate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>

#include "tests/media/sctp_packets.hpp"
#include "tests/seed.hpp"

namespace assent::media {
namespace {

using namespace tests;
constexpr std::uint32_t tag = 0xabcd;

class DataGateTest : public testing::Test {
 protected:
  // What the server gets of it.
  std::optional<Bytes> say(const Bytes& bytes, bool permitted) {
    std::array<std::byte, 2048> room{};
    const auto rest = gate.withhold(*parse_sctp(bytes), permitted, room);
    if (!rest) return bytes;
    if (*rest == 0) return std::nullopt;
    return Bytes{room.begin(), room.begin() + static_cast<std::ptrdiff_t>(*rest)};
  }
  void acknowledge(std::uint32_t tsn) {
    const auto bytes = sctp(0x2222, {sack(tsn)});
    gate.hear_server(*parse_sctp(bytes));
  }
  bool passes(const Bytes& bytes, bool permitted = true) { return say(bytes, permitted) == bytes; }

  DataGate gate;
};

constexpr bool denied = false;
constexpr bool granted = true;

TEST_F(DataGateTest, PassesEverythingWhileItIsPermitted) {
  EXPECT_TRUE(passes(sctp(0, {init(10)})));
  EXPECT_TRUE(passes(sctp(tag, {cookie_echo(), data(10, "hello")})));
  EXPECT_TRUE(passes(sctp(tag, {data(11, "again")})));
}

// RFC 9260 §3.2: what has no data in it keeps the association alive.
TEST_F(DataGateTest, WithholdsWhatCarriesDataAndNothingElse) {
  EXPECT_TRUE(passes(sctp(0, {init(10)}), denied));
  EXPECT_TRUE(passes(sctp(tag, {init(10, 2)}), denied));
  EXPECT_TRUE(passes(sctp(tag, {cookie_echo()}), denied));
  EXPECT_TRUE(passes(sctp(tag, {sack(4)}), denied));
  EXPECT_TRUE(passes(sctp(tag, {chunk(4, 0, text("heartbeat"))}), denied));
  EXPECT_EQ(say(sctp(tag, {cookie_echo(), sack(4), data(10, "secret")}), denied),
            sctp(tag, {cookie_echo(), sack(4), forward_tsn(10, {{1, 0}})}));
}

TEST_F(DataGateTest, SaysNothingInPlaceOfDataWhereItDoesNotKnowWhatTheServerHas) {
  EXPECT_EQ(say(sctp(tag, {data(10, "secret")}), denied), std::nullopt);
  EXPECT_EQ(say(sctp(tag, {i_data(11, "secret")}), denied), std::nullopt);
  EXPECT_EQ(say(sctp(tag, {sack(3), data(12, "secret")}), denied), sctp(tag, {sack(3)}));
}

// RFC 3758 §3.5: the server acknowledges them, and the client does not send them again.
TEST_F(DataGateTest, AbandonsInTheClientsNameWhatItWithholds) {
  say(sctp(0, {init(10)}), denied);
  EXPECT_EQ(say(sctp(tag, {data(10, "a", whole, 1, 0)}), denied),
            sctp(tag, {forward_tsn(10, {{1, 0}})}));
  EXPECT_EQ(say(sctp(tag, {data(11, "b", whole, 1, 1)}), denied),  // 10 may have been lost
            sctp(tag, {forward_tsn(11, {{1, 1}})}));
  EXPECT_EQ(say(sctp(tag, {data(12, "c", whole, 2, 0), data(13, "d", whole | unordered)}), denied),
            sctp(tag, {forward_tsn(13, {{1, 1}, {2, 0}})}));
  acknowledge(13);
  EXPECT_EQ(say(sctp(tag, {data(14, "e", whole, 1, 2)}), denied),
            sctp(tag, {forward_tsn(14, {{1, 2}})}));
}

TEST_F(DataGateTest, AbandonsNothingThatTheServerMayStillGet) {
  say(sctp(0, {init(10)}), granted);
  EXPECT_TRUE(passes(sctp(tag, {data(10, "said with consent, and lost on the way")})));
  EXPECT_EQ(say(sctp(tag, {data(11, "secret", whole, 1, 1)}), denied),
            sctp(tag, {forward_tsn(9)}));  // out of date: the server says what it has
  acknowledge(10);
  EXPECT_EQ(say(sctp(tag, {data(11, "secret", whole, 1, 1)}), denied),
            sctp(tag, {forward_tsn(11, {{1, 1}})}));
}

// The heart of it: what was written before the grant does not arrive by being sent again.
TEST_F(DataGateTest, NeverPassesLaterWhatItHasWithheld) {
  say(sctp(0, {init(10)}), denied);
  const auto secret = sctp(tag, {data(10, "secret")});
  const auto another = sctp(tag, {data(11, "another", whole, 1, 1)});
  say(secret, denied);
  say(another, denied);
  EXPECT_EQ(say(secret, granted), sctp(tag, {forward_tsn(11, {{1, 1}})}));
  EXPECT_TRUE(passes(sctp(tag, {data(12, "with consent", whole, 1, 2)})));
  EXPECT_FALSE(passes(another));
  EXPECT_FALSE(passes(sctp(tag, {data(13, "new", whole, 1, 3), data(10, "secret")})));
  EXPECT_TRUE(passes(sctp(tag, {data(13, "new", whole, 1, 3)})));
  acknowledge(13);
  EXPECT_EQ(say(secret, granted), sctp(tag, {forward_tsn(13)}));  // its SACK was lost
}

TEST_F(DataGateTest, CountsAcrossTheEndOfTheNumbers) {
  say(sctp(0, {init(0xffffffff)}), denied);
  EXPECT_EQ(say(sctp(tag, {data(0xffffffff, "a")}), denied),
            sctp(tag, {forward_tsn(0xffffffff, {{1, 0}})}));
  EXPECT_EQ(say(sctp(tag, {data(0, "b", whole, 1, 1)}), denied),
            sctp(tag, {forward_tsn(0, {{1, 1}})}));
  EXPECT_FALSE(passes(sctp(tag, {data(0xffffffff, "a")})));
  EXPECT_FALSE(passes(sctp(tag, {data(0, "b", whole, 1, 1)})));
  EXPECT_TRUE(passes(sctp(tag, {data(1, "c", whole, 1, 2)})));
}

// RFC 9260 §6.9: the parts of a message have numbers without a gap.
TEST_F(DataGateTest, WithholdsTheRestOfAMessageThatBeganBeforeTheGrant) {
  say(sctp(0, {init(10)}), denied);
  say(sctp(tag, {data(10, "a long ", begins)}), denied);
  EXPECT_EQ(say(sctp(tag, {data(11, "secret", 0)}), granted),
            sctp(tag, {forward_tsn(11, {{1, 0}})}));
  EXPECT_TRUE(passes(sctp(tag, {data(13, "new", whole, 1, 1)})));  // it overtook the end
  EXPECT_EQ(say(sctp(tag, {data(12, " one", ends)}), granted),
            sctp(tag, {forward_tsn(12, {{1, 0}})}));
  EXPECT_TRUE(passes(sctp(tag, {data(14, "a long ", begins, 1, 2)})));
  EXPECT_TRUE(passes(sctp(tag, {data(15, "new one", ends, 1, 2)})));
}

// RFC 8260 §2.2.3: parts of several messages mix, so their order does not tell which began when.
TEST_F(DataGateTest, PassesOfInterleavedMessagesOnlyThoseOfOneChunkOnceOneWasWithheld) {
  say(sctp(0, {init(10)}), granted);
  EXPECT_TRUE(passes(sctp(tag, {i_data(10, "a long", begins)})));
  EXPECT_TRUE(passes(sctp(tag, {i_data(11, "one", ends)})));
  acknowledge(11);
  Bytes told;
  put(told, 12, 4);
  put(told, 0x0001'0000, 4);  // stream 1, in order
  put(told, 7, 4);
  EXPECT_EQ(say(sctp(tag, {i_data(12, "secret", begins, 1, 7)}), denied),
            sctp(tag, {chunk(194, 0, told)}));
  EXPECT_TRUE(passes(sctp(tag, {i_data(13, "whole", whole, 2, 1)})));
  EXPECT_FALSE(passes(sctp(tag, {i_data(14, "rest of the secret", ends, 1, 7)})));
  EXPECT_TRUE(passes(sctp(tag, {i_data(13, "whole", whole, 2, 1)})));  // again
}

TEST_F(DataGateTest, BeginsAnewWithAnotherAssociation) {
  say(sctp(0, {init(10)}), denied);
  say(sctp(tag, {data(10, "secret")}), denied);
  EXPECT_TRUE(passes(sctp(0, {init(5)})));
  EXPECT_FALSE(passes(sctp(tag, {data(10, "secret")})));  // the old one still
  EXPECT_TRUE(passes(sctp(tag + 1, {cookie_echo(), data(5, "with consent")})));
}

// What a server can have a client say (INIT ACK, ABORT with a tag of the server's choice) does not
// make the gate forget.
TEST_F(DataGateTest, IsNotTalkedIntoForgettingByTheServer) {
  say(sctp(0, {init(10)}), denied);
  const auto secret = sctp(tag, {data(10, "secret")});
  say(secret, denied);
  say(sctp(0x6666, {init(900, 2)}), granted);
  say(sctp(0x6666, {chunk(6, 1, {})}), granted);
  acknowledge(0x7000'0000);
  EXPECT_FALSE(passes(secret));
}

TEST_F(DataGateTest, AbandonsInManyStreamsAsFarAsItCanRemember) {
  say(sctp(0, {init(1)}), denied);
  std::uint32_t abandoned = 0;
  for (std::uint32_t i = 1; i <= 40; ++i) {
    const auto rest = say(sctp(tag, {data(i, "x", whole, static_cast<std::uint16_t>(i))}), denied);
    ASSERT_TRUE(rest);
    abandoned = load_be32(*rest, sctp_header_bytes + 4);
    EXPECT_LE(abandoned, i);
  }
  EXPECT_EQ(abandoned, 16U);
  acknowledge(16);
  say(sctp(tag, {data(17, "x", whole, 17)}), denied);
  EXPECT_EQ(load_be32(*say(sctp(tag, {data(18, "x", whole, 18)}), denied), sctp_header_bytes + 4),
            18U);
}

// Both ends of an association, the gate, and paths between them that lose, while consent comes and
// goes: what was withheld once never arrives, everything else does, and the association goes on.
TEST_F(DataGateTest, LosesTheWithheldAndNothingElseOverPathsThatLose) {
  const auto seed = assent::tests::Seed::from_environment_or(23);
  SCOPED_TRACE(seed.text());
  std::mt19937_64 random{seed.value()};
  const auto is_lost = [&random] { return random() % 4 == 0; };
  constexpr std::uint32_t first = 0xffffff00;
  constexpr std::uint32_t messages = 1'000;
  say(sctp(0, {init(first)}), denied);

  std::set<std::uint32_t> withheld;
  std::set<std::uint32_t> arrived;
  std::uint32_t had = 0;    // by the server: all that precede this one
  std::uint32_t known = 0;  // of that, to the client
  bool permitted = false;
  for (int round = 0; round < 20'000 && known != messages; ++round) {
    if (random() % 20 == 0) permitted = !permitted;
    for (std::uint32_t i = known; i < std::min(known + 4, messages); ++i) {
      if (is_lost()) continue;
      const auto bytes = sctp(tag, {data(first + i, "x", whole, 1, static_cast<std::uint16_t>(i))});
      const auto got = say(bytes, permitted);
      if (got == bytes) {
        ASSERT_FALSE(withheld.contains(i)) << i;
        if (!is_lost()) arrived.insert(i);
      } else {
        withheld.insert(i);
        if (!got || is_lost()) continue;
        had = std::max(had, load_be32(*got, sctp_header_bytes + 4) - first + 1);
      }
      while (arrived.contains(had))
        ++had;
    }
    if (is_lost()) continue;
    acknowledge(first + had - 1);
    if (!is_lost()) known = had;
  }
  EXPECT_EQ(known, messages);
  EXPECT_GT(withheld.size(), 100U);
  for (std::uint32_t i = 0; i < messages; ++i)
    EXPECT_TRUE(arrived.contains(i) || withheld.contains(i)) << i;
}

}  // namespace
}  // namespace assent::media

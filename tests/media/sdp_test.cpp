#include "media/sdp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "media/sdp_attributes.hpp"
#include "tests/media/sdp_samples.hpp"

namespace assent::media {
namespace {

using samples::replaced;
using samples::with_crlf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Sdp, WhatRealSoftwareWritesComesBackByteForByte) {
  for (const auto sample : samples::all) {
    const auto text = with_crlf(sample);
    const auto sdp = parse_sdp(text);
    ASSERT_TRUE(sdp) << to_string(sdp.error());
    EXPECT_EQ(write_sdp(*sdp), text);
  }
}

TEST(Sdp, LineFeedsAloneAreReadAndWrittenAsCrLf) {
  const auto sdp = parse_sdp(samples::sipp);
  ASSERT_TRUE(sdp);
  EXPECT_EQ(write_sdp(*sdp), with_crlf(samples::sipp));
}

TEST(Sdp, TheLastLineMayLackItsEndAndABlankLineMayFollow) {
  auto text = with_crlf(samples::sipp);
  EXPECT_TRUE(parse_sdp(text + "\r\n"));
  text.resize(text.size() - 2);
  EXPECT_TRUE(parse_sdp(text));
}

TEST(Sdp, TheMediaLineIsReadInParts) {
  const auto sdp = parse_sdp(
      "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\n"
      "m=video 49170/2 RTP/AVP 31 99\ni=caption\na=mid:v\n");
  ASSERT_TRUE(sdp);
  const auto& media = sdp->media.at(0);
  EXPECT_EQ(media.kind, "video");
  EXPECT_EQ(media.port, 49170);
  EXPECT_EQ(media.port_count, 2);
  EXPECT_EQ(media.protocol, "RTP/AVP");
  EXPECT_THAT(media.formats, ElementsAre("31", "99"));
  EXPECT_EQ(media.number, 5u);
  EXPECT_EQ(media.lines.at(1), (SdpLine{'a', "mid:v", 7}));
}

TEST(Sdp, BytesBeyondAsciiAreKept) {
  const auto text = with_crlf(replaced(samples::sipp, "s=-", "s=r\xc3\xa9union \xff"));
  const auto sdp = parse_sdp(text);
  ASSERT_TRUE(sdp);
  EXPECT_EQ(write_sdp(*sdp), text);
}

struct Malformed {
  const char* name;
  std::string text;
  std::size_t line;
  const char* says;
};

std::string repeated(std::string_view line, std::size_t times) {
  std::string text(samples::sipp);
  for (std::size_t i = 0; i < times; ++i)
    text += line;
  return text;
}

std::vector<Malformed> malformed_texts() {
  const auto& good = samples::sipp;
  return {
      {"Empty", "", 0, "v= is missing"},
      {"OnlyVersion", "v=0\n", 1, "o= is missing"},
      {"OtherVersion", replaced(good, "v=0", "v=1"), 1, "version is not 0"},
      {"VersionNotFirst", replaced(good, "v=0\n", ""), 1, "v= is not the first line"},
      {"VersionTwice", replaced(good, "s=-", "v=0"), 3, "v= is not the first line"},
      {"OriginNotSecond", replaced(good, "v=0\n", "v=0\ns=-\n"), 2, "o= is not the second"},
      {"OriginTwice", replaced(good, "s=-", "o=- 1 1 IN IP4 192.0.2.1"), 3, "o= is not the second"},
      {"OriginTooShort", replaced(good, " IN IP4 192.0.2.10\ns", "\ns"), 2, "six fields"},
      {"NameTwice", replaced(good, "s=-", "s=-\ns=-"), 4, "s= stands twice"},
      {"NoName", replaced(good, "s=-\n", ""), 5, "s= is missing"},
      {"NoTime", replaced(good, "t=0 0\n", ""), 5, "t= is missing"},
      {"UnknownLetter", replaced(good, "t=0 0", "t=0 0\nq=x"), 6, "no line begins"},
      {"UnknownLetterInMedia", repeated("q=x\n", 1), 11, "no line begins"},
      {"UpperCase", replaced(good, "s=-", "S=-"), 3, "no line begins"},
      {"NotALine", replaced(good, "s=-", "hello"), 3, "<type>=<value>"},
      {"BlankBeforeEquals", replaced(good, "s=-", "s =-"), 3, "<type>=<value>"},
      {"OneLetter", replaced(good, "s=-", "s"), 3, "<type>=<value>"},
      {"EmptyLine", replaced(good, "t=0 0", "\nt=0 0"), 5, "<type>=<value>"},
      {"LoneCr", replaced(good, "s=-", "s=a\rb"), 3, "lone CR"},
      {"Nul", replaced(good, "s=-", std::string_view("s=a\0b", 5)), 3, "NUL"},
      {"AttributeWithoutName", replaced(good, "t=0 0", "t=0 0\na="), 6, "no name"},
      {"SessionLineInMedia", repeated("t=0 0\n", 1), 11, "inside an m-section"},
      {"MediaTooShort", replaced(good, " RTP/AVP 0 8 101", " RTP/AVP"), 6, "four parts"},
      {"MediaWithStrangeToken", replaced(good, "m=audio", "m=au\tdio"), 6, "four parts"},
      {"PortNotANumber", replaced(good, " 6000 ", " 60x0 "), 6, "0 to 65535"},
      {"PortTooLarge", replaced(good, " 6000 ", " 65536 "), 6, "0 to 65535"},
      {"PortNegative", replaced(good, " 6000 ", " -1 "), 6, "0 to 65535"},
      {"NoPorts", replaced(good, " 6000 ", " 6000/0 "), 6, "0 to 65535"},
      {"PortsNotANumber", replaced(good, " 6000 ", " 6000/ "), 6, "0 to 65535"},
      {"LineTooLong", repeated("a=x:" + std::string(sdp_line_bytes_max, 'x') + "\n", 1), 11,
       "longer than 4096"},
      {"TooManyLines", repeated("a=x\n", sdp_lines_max), 2049, "more than 2048 lines"},
      {"TooManyMedia", repeated("m=audio 0 RTP/AVP 0\n", sdp_media_max), 42, "more than 32"},
      {"TooLong", repeated("a=" + std::string(4000, 'x') + "\n", 17), 0, "longer than 65536"},
  };
}

class SdpMalformed : public ::testing::TestWithParam<Malformed> {};

TEST_P(SdpMalformed, IsRefusedWithTheLineAndWhatIsWrong) {
  const auto sdp = parse_sdp(GetParam().text);
  ASSERT_FALSE(sdp);
  EXPECT_EQ(sdp.error().line, GetParam().line) << to_string(sdp.error());
  EXPECT_THAT(sdp.error().what, HasSubstr(GetParam().says));
  EXPECT_FALSE(sdp.error().remedy.empty());
}

INSTANTIATE_TEST_SUITE_P(Table, SdpMalformed, ::testing::ValuesIn(malformed_texts()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(Sdp, LimitsAreNotOffByOne) {
  EXPECT_TRUE(parse_sdp(repeated("a=x\n", sdp_lines_max - 10)));
  EXPECT_TRUE(parse_sdp(repeated("m=audio 0 RTP/AVP 0\n", sdp_media_max - 1)));
  EXPECT_TRUE(parse_sdp(repeated("a=" + std::string(sdp_line_bytes_max - 2, 'x') + "\n", 1)));
}

// A random description of the grammar, so that order, repetition and unknown names are covered.
class RandomSdp {
 public:
  explicit RandomSdp(unsigned seed) : random_{seed} {}

  std::string text() {
    std::string out = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=" + word() + "\r\n";
    if (below(2) == 0) out += "c=IN IP4 192.0.2.1\r\n";
    out += "t=0 0\r\n" + attributes();
    for (auto sections = below(6); sections > 0; --sections) {
      out += "m=" + word() + ' ' + std::to_string(below(65536));
      if (below(4) == 0) out += '/' + std::to_string(1 + below(4));
      out += " RTP/AVP";
      for (auto formats = 1 + below(8); formats > 0; --formats)
        out += ' ' + word();
      out += "\r\n" + attributes();
    }
    return out;
  }

 private:
  unsigned below(unsigned limit) {
    return std::uniform_int_distribution<unsigned>(0, limit - 1)(random_);
  }
  std::string word() {
    std::string out;
    for (auto size = 1 + below(10); size > 0; --size)
      out += static_cast<char>('a' + below(26));
    return out;
  }
  std::string attributes() {
    std::string out;
    for (auto lines = below(12); lines > 0; --lines) {
      out += "a=" + word();
      if (below(2) == 0) out += ':' + word() + ' ' + word() + static_cast<char>(0x80 + below(128));
      out += "\r\n";
    }
    return out;
  }

  std::mt19937 random_;
};

TEST(Sdp, AnyCanonicalTextComesBackByteForByte) {
  const char* const given = std::getenv("ASSENT_SEED");
  const auto seed =
      given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : 42U;
  SCOPED_TRACE("ASSENT_SEED=" + std::to_string(seed));
  RandomSdp random{seed};
  for (int i = 0; i < 2'000; ++i) {
    const auto text = random.text();
    const auto sdp = parse_sdp(text);
    ASSERT_TRUE(sdp) << to_string(sdp.error()) << '\n' << text;
    ASSERT_EQ(write_sdp(*sdp), text);
  }
}

}  // namespace
}  // namespace assent::media

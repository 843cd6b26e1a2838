#include "media/wav.hpp"

#include <gtest/gtest.h>

#include "tests/media/packets.hpp"

namespace assent::media::tests {
namespace {

constexpr std::string_view header = "52494646 00000000 57415645 ";  // RIFF, a size, WAVE
constexpr std::string_view format = "666d7420 10000000 0100 0100 80bb0000 00770100 0200 1000 ";
constexpr std::string_view data = "64617461 06000000 0100 ffff 0080";

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto part : parts)
    text += part;
  return text;
}

std::string fault(std::string_view text) {
  const auto samples = parse_wav(hex(text));
  return samples ? "none" : samples.error().what;
}

TEST(Wav, GivesSamplesAndSkipsChunksItDoesNotKnow) {
  const std::vector<std::int16_t> expected{1, -1, -32'768};
  EXPECT_EQ(*parse_wav(hex(joined({header, format, data}))), expected);
  const auto odd = "4c495354 03000000 616263 00 ";  // LIST, of 3 bytes and one of filling
  EXPECT_EQ(*parse_wav(hex(joined({header, odd, format, odd, data}))), expected);
}

TEST(Wav, OfAnotherShapeIsRefusedInWords) {
  EXPECT_EQ(fault(""), "it is not a WAV file");
  EXPECT_EQ(fault(joined({header, format})), "there is no sound in it");
  EXPECT_EQ(fault(joined({header, data})), "its 'fmt ' chunk does not come first");
  EXPECT_EQ(fault(joined({header, format, "64617461 00000000"})), "there is no sound in it");
  EXPECT_EQ(fault(joined({header, format, "64617461 ffffffff 0000"})),
            "it ends before its sound does");
  EXPECT_EQ(fault(joined({header, "666d7420 02000000 0100"})), "its 'fmt ' chunk is too short");
  const auto other = [](std::string_view fields) {
    return fault(joined({header, "666d7420 10000000 ", fields, data}));
  };
  EXPECT_EQ(other("0600 0100 80bb0000 00770100 0200 1000 "),
            "it is compressed, or not of whole numbers");
  EXPECT_EQ(other("0100 0200 80bb0000 00ee0200 0400 1000 "), "it has more than one channel");
  EXPECT_EQ(other("0100 0100 401f0000 803e0000 0200 1000 "), "its rate is not 48000 Hz");
  EXPECT_EQ(other("0100 0100 80bb0000 80bb0000 0100 0800 "), "its samples are not of 16 bits");
}

TEST(Wav, OfMoreThanTwoMinutesIsRefused) {
  auto file = hex(joined({header, format, "64617461 00000000"}));
  const std::size_t bytes = std::size_t{120} * wav_rate_hz * 2;
  for (std::size_t i = 0; i < 4; ++i)
    file[file.size() - 4 + i] = static_cast<std::byte>(bytes >> (8 * i) & 0xff);
  file.resize(file.size() + bytes);
  const auto samples = parse_wav(file);
  ASSERT_FALSE(samples);
  EXPECT_EQ(samples.error().what, "it is longer than two minutes");
}

}  // namespace
}  // namespace assent::media::tests

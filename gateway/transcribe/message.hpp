#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/json_fault.hpp"
#include "gateway/transcribe/segment.hpp"

// What the gateway says on a connection of a sink of kind `pcm` (gateway/pcm_stream.hpp tells what
// each means). The other end is not trusted: who holds one of these knows that it is sound.
namespace assent::transcribe {

constexpr std::uint32_t sample_rate_hz = 16'000;
constexpr std::uint64_t samples_per_millisecond = sample_rate_hz / 1'000;
constexpr std::uint64_t position_max = std::uint64_t{1} << 40;  // two years
constexpr std::size_t message_bytes_max = 64u << 10;            // audio: two seconds

struct Start {
  std::string call;
  std::string speaker;
  std::string sink;
  std::string purpose;
  ServedPurposes purposes;
  std::uint64_t epoch = 0;
  std::uint64_t stream = 0;
  std::uint64_t connection = 0;
  std::uint64_t position = 0;
};
struct Time {
  std::uint64_t position = 0;
  UtcTime time{};
};
struct Gap {
  std::uint64_t position = 0;
  std::uint64_t samples = 0;
};
struct Purposes {
  std::uint64_t position = 0;
  ServedPurposes purposes;
};
struct Withdrawn {
  std::uint64_t position = 0;
  std::uint64_t epoch = 0;
  UtcTime time{};
  std::optional<UtcTime> forget_since;
};
struct End {};

using Message = std::variant<Start, Time, Gap, Purposes, Withdrawn, End>;

// Fields that are not known are passed over; types of messages that are not known are faults, for
// they might take something back.
[[nodiscard]] boost::system::result<Message, gateway::JsonFault> parse_message(
    std::string_view text);

// On a byte stream: what stands before each message.
constexpr std::size_t frame_head_bytes = 5;
struct FrameHead {
  bool is_audio = false;
  std::size_t message_bytes = 0;  // that follow
};
[[nodiscard]] std::optional<FrameHead> parse_frame_head(
    std::span<const std::byte, frame_head_bytes> bytes);

}  // namespace assent::transcribe

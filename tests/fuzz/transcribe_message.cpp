// What a stranger says on the transcriber's socket: it is refused, or it is sound; and so a
// speaker's words never come from outside of the cut. The first byte says what it is.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "gateway/id.hpp"
#include "gateway/transcribe/message.hpp"
#include "gateway/transcribe/segment.hpp"
#include "gateway/transcribe/spoken_line.hpp"

using namespace assent;
using namespace assent::transcribe;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_message(std::string_view text) {
  const auto message = parse_message(text);
  if (!message) return;
  const auto* const start = std::get_if<Start>(&*message);
  if (start != nullptr)
    require(gateway::is_id(start->call) && gateway::is_id(start->speaker) &&
            start->position <= position_max && start->purposes.size() <= 16);
  if (const auto* gap = std::get_if<Gap>(&*message))
    require(gap->position <= position_max && gap->samples <= position_max);
}

void check_spoken(std::string_view line) {
  constexpr std::uint64_t given = 32'000;
  const auto utterance = SpokenLines{}.take(line, given);
  if (!utterance) return;
  for (const HeardWord& word : *utterance)
    require(!word.text.empty() && word.from < word.to && word.to <= given);
}

// A line of a transcript survives being read and written again.
void check_line(std::string_view line) {
  const auto segment = parse_line(line);
  if (!segment) return;
  std::string again = to_line(*segment);
  again.pop_back();
  const auto reread = parse_line(again);
  require(reread && to_line(*reread) == again + '\n');
  (void)to_cue(*segment, segment->start);
}

void check_frame(std::string_view bytes) {
  std::array<std::byte, frame_head_bytes> head{};
  if (bytes.size() < head.size()) return;
  std::memcpy(head.data(), bytes.data(), head.size());
  const auto frame = parse_frame_head(head);
  require(!frame || frame->message_bytes <= message_bytes_max);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  if (data[0] == 'l') {
    check_line(text);
  } else if (data[0] == 'w') {
    check_spoken(text);
  } else if (data[0] == 'f') {
    check_frame(text);
  } else {
    check_message(text);
  }
  return 0;
}

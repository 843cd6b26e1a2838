#include "gateway/transcribe/segment.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "gateway/json_fields.hpp"

namespace assent::transcribe {
namespace {

constexpr std::size_t line_bytes_max = 1u << 20;

std::string vtt_time(UtcTime::duration since_it_began) {
  using namespace std::chrono;
  const hh_mm_ss time{std::max(since_it_began, UtcTime::duration::zero())};
  char text[40];
  const int length =
      std::snprintf(text, sizeof text, "%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64,
                    static_cast<std::int64_t>(time.hours().count()),
                    static_cast<std::int64_t>(time.minutes().count()),
                    static_cast<std::int64_t>(time.seconds().count()),
                    static_cast<std::int64_t>(time.subseconds().count()));
  return {text, static_cast<std::size_t>(length)};
}

// A cue ends at an empty line and has tags: neither is in what somebody said.
std::string vtt_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c == '\n' || c == '\r' ? ' ' : c;
    }
  }
  return out;
}

}  // namespace

template <class Visit, gateway::Is<SpokenWord> W>
void describe(Visit& visit, W& word) {
  visit("word", word.text);
  visit("start", word.start);
  visit("end", word.end);
}

template <class Visit, gateway::Is<Segment> S>
void describe(Visit& visit, S& segment) {
  visit("call", segment.call);
  visit("speaker", segment.speaker);
  visit("start", segment.start);
  visit("end", segment.end);
  visit("text", segment.text);
  visit("purposes", segment.purposes);
  visit("epoch", segment.epoch);
  visit("sink", segment.sink);
  visit("purpose", segment.purpose);
  visit("stream", segment.stream);
  visit("position", segment.position);
  visit("words", segment.words);
}

template <class Visit, gateway::Is<StreamName> S>
void describe(Visit& visit, S& stream) {
  visit("epoch", stream.epoch);
  visit("stream", stream.stream);
}

template <class Visit, gateway::Is<Retraction> R>
void describe(Visit& visit, R& retraction) {
  visit("call", retraction.call);
  visit("speaker", retraction.speaker);
  visit("of", retraction.stream);
  visit("since", retraction.since);
  visit("last_epoch", retraction.last_epoch);
}

void describe_by_words(Segment& segment) {
  segment.start = segment.words.front().start;
  segment.end = segment.words.front().end;
  segment.text.clear();
  for (const SpokenWord& word : segment.words) {
    segment.start = std::min(segment.start, word.start);
    segment.end = std::max(segment.end, word.end);
    if (!segment.text.empty()) segment.text += ' ';
    segment.text += word.text;
  }
}

std::optional<Segment> without(const Retraction& retraction, Segment segment) {
  if (!retraction.concerns(segment.call, segment.speaker, {segment.epoch, segment.stream}))
    return segment;
  std::erase_if(segment.words, [&](const SpokenWord& word) { return retraction.covers(word); });
  if (segment.words.empty()) return std::nullopt;
  describe_by_words(segment);
  return segment;
}

std::string to_line(const Segment& segment) {
  return gateway::to_json_text(segment) + '\n';
}

std::optional<Segment> parse_line(std::string_view line) {
  auto segment = gateway::parse_json_text<Segment>(line, line_bytes_max);
  if (!segment || segment->words.empty()) return std::nullopt;
  return *std::move(segment);
}

std::string to_line(const Retraction& retraction) {
  return gateway::to_json_text(retraction) + '\n';
}

std::optional<Retraction> parse_retraction(std::string_view line) {
  auto retraction = gateway::parse_json_text<Retraction>(line, line_bytes_max);
  if (!retraction) return std::nullopt;
  return *std::move(retraction);
}

std::string vtt_header(UtcTime began) {
  return "WEBVTT\n\nNOTE 00:00:00.000 is " + gateway::to_rfc3339(began) +
         "\nTo be read, and for nothing else: the lines beside it say what each of them may "
         "serve\n";
}

std::string to_cue(const Segment& segment, UtcTime began) {
  std::string cue = "\n";
  cue += std::to_string(segment.epoch) + '-' + std::to_string(segment.stream) + '-' +
         std::to_string(segment.position) + '\n';
  cue += vtt_time(segment.start - began) + " --> " + vtt_time(segment.end - began) + '\n';
  cue += "<v " + vtt_text(segment.speaker) + '>' + vtt_text(segment.text) + '\n';
  return cue;
}

}  // namespace assent::transcribe

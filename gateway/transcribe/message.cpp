#include "gateway/transcribe/message.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <utility>

#include "gateway/id.hpp"
#include "gateway/json_fields.hpp"
#include "media/byte_order.hpp"

namespace assent::transcribe {
namespace json = boost::json;
using gateway::JsonFault;
using gateway::JsonReader;

namespace {

constexpr std::string_view protocol = "assent-pcm/1";
constexpr std::size_t purposes_max = 16;
constexpr std::size_t sinks_max = 16;

using Fault = std::optional<JsonFault>;

void require(bool holds, std::string_view pointer, std::string_view what, Fault& fault) {
  if (!holds && !fault) fault = JsonFault{std::string(pointer), std::string(what)};
}

void require_id(const std::string& text, std::string_view pointer, Fault& fault) {
  require(gateway::is_id(text), pointer, "is no id", fault);
}

std::uint64_t read_position(JsonReader& reader, std::string_view name, Fault& fault) {
  std::uint64_t position = 0;
  reader(name, position);
  require(position <= position_max, name, "is too large", fault);
  return position;
}

ServedPurposes read_purposes(JsonReader& reader, Fault& fault) {
  ServedPurposes purposes;
  reader("purposes", purposes);
  require(purposes.size() <= purposes_max, "/purposes", "are too many", fault);
  for (const auto& [purpose, sinks] : purposes) {
    require_id(purpose, "/purposes", fault);
    require(sinks.size() <= sinks_max, "/purposes", "have too many sinks", fault);
    for (const auto& sink : sinks)
      require_id(sink, "/purposes", fault);
  }
  std::erase_if(purposes, [](const auto& purpose) { return purpose.second.empty(); });
  return purposes;
}

// Nothing but what gateway/pcm_stream sends: all the rest counts on it.
void require_known_audio(JsonReader& reader, Fault& fault) {
  std::string speaks;
  std::string encoding;
  std::uint64_t rate = 0;
  std::uint64_t channels = 0;
  reader("protocol", speaks);
  reader("encoding", encoding);
  reader("sample_rate", rate);
  reader("channels", channels);
  require(speaks == protocol, "/protocol", "is not assent-pcm/1", fault);
  require(encoding == "s16le", "/encoding", "is not s16le", fault);
  require(rate == sample_rate_hz, "/sample_rate", "is not 16000", fault);
  require(channels == 1, "/channels", "is not 1", fault);
}

Start read_start(JsonReader& reader, Fault& fault) {
  Start start;
  require_known_audio(reader, fault);
  const std::pair<std::string_view, std::string*> ids[] = {{"call", &start.call},
                                                           {"speaker", &start.speaker},
                                                           {"sink", &start.sink},
                                                           {"purpose", &start.purpose}};
  for (const auto& [name, text] : ids) {
    reader(name, *text);
    require_id(*text, name, fault);
  }
  start.purposes = read_purposes(reader, fault);
  reader("epoch", start.epoch);
  reader("stream", start.stream);
  reader("connection", start.connection);
  start.position = read_position(reader, "position", fault);
  return start;
}

Withdrawn read_withdrawn(JsonReader& reader, Fault& fault) {
  Withdrawn withdrawn;
  withdrawn.position = read_position(reader, "position", fault);
  reader("epoch", withdrawn.epoch);
  reader("time", withdrawn.time);
  reader("forget_since", withdrawn.forget_since);
  return withdrawn;
}

Message read_message(const std::string& type, JsonReader& reader, Fault& fault) {
  if (type == "start") return read_start(reader, fault);
  if (type == "withdrawn") return read_withdrawn(reader, fault);
  if (type == "end") return End{};
  if (type == "time") {
    Time time{read_position(reader, "position", fault), {}};
    reader("time", time.time);
    return time;
  }
  if (type == "gap") {
    const auto position = read_position(reader, "position", fault);
    return Gap{position, read_position(reader, "samples", fault)};
  }
  require(type == "purposes", "/type", "is not known", fault);
  const auto position = read_position(reader, "position", fault);
  return Purposes{position, read_purposes(reader, fault)};
}

}  // namespace

boost::system::result<Message, JsonFault> parse_message(std::string_view text) {
  if (text.size() > message_bytes_max) return JsonFault{"", "is too large"};
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view{text.data(), text.size()}, error);
  const json::object* const object = error ? nullptr : value.if_object();
  if (object == nullptr) return JsonFault{"", "is no JSON object"};
  Fault fault;
  JsonReader reader{*object, "", fault};
  std::string type;
  reader("type", type);
  Message message = read_message(type, reader, fault);
  if (fault) return *std::move(fault);
  return message;
}

std::optional<FrameHead> parse_frame_head(std::span<const std::byte, frame_head_bytes> bytes) {
  const std::uint32_t length = media::load_be32(bytes, 0);  // of the kind and the message
  const auto kind = static_cast<char>(bytes[4]);
  if (length == 0 || length - 1 > message_bytes_max || (kind != 'A' && kind != 'J'))
    return std::nullopt;
  return FrameHead{kind == 'A', length - 1};
}

}  // namespace assent::transcribe

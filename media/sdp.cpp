#include "media/sdp.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace assent::media {
namespace {

constexpr std::string_view session_types = "vosiuepcbtrzka";
constexpr std::string_view media_types = "icbka";  // RFC 8866 §5, after m=

// RFC 8866 §9: token, here with the "/" that joins the parts of a protocol.
bool is_token_char(char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`{|}~/";
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         others.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

std::optional<std::uint16_t> parse_u16(std::string_view text) {
  std::uint16_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end != 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// Lines one by one, CRLF or LF.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_{text} {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::size_t number() const { return number_; }

  std::string_view next() {
    ++number_;
    const auto feed = rest_.find('\n');
    auto line = rest_.substr(0, feed);
    rest_.remove_prefix(feed == std::string_view::npos ? rest_.size() : feed + 1);
    if (feed != std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

class SdpParser {
 public:
  explicit SdpParser(std::string_view text) : reader_{text} {}

  SdpResult<Sdp> parse() {
    while (!reader_.at_end()) {
      const auto line = reader_.next();
      if (line.empty() && reader_.at_end()) break;  // one blank line at the very end does no harm
      if (auto error = take(line)) return *std::move(error);
    }
    if (auto error = missing_line()) return *std::move(error);
    return std::move(sdp_);
  }

 private:
  SdpError error(std::string what, std::string remedy) const {
    return {reader_.number(), std::move(what), std::move(remedy)};
  }

  std::optional<SdpError> take(std::string_view line) {
    if (reader_.number() > sdp_lines_max)
      return error("more than " + std::to_string(sdp_lines_max) + " lines", "send fewer lines");
    if (line.size() > sdp_line_bytes_max)
      return error("the line is longer than " + std::to_string(sdp_line_bytes_max) + " bytes",
                   "shorten it");
    if (line.find('\0') != std::string_view::npos || line.find('\r') != std::string_view::npos)
      return error("a NUL or a lone CR stands in the line", "end lines with CRLF");
    if (line.size() < 2 || line[1] != '=')
      return error("this is not a line of the form <type>=<value>",
                   "write one letter, '=' and the value, without blanks and without empty lines");
    const char type = line[0];
    const auto value = line.substr(2);
    if (type == 'm') return take_media(value);
    return sdp_.media.empty() ? take_session_line(type, value) : take_media_line(type, value);
  }

  std::optional<SdpError> take_session_line(char type, std::string_view value) {
    if (session_types.find(type) == std::string_view::npos) return unknown_type();
    if (auto wrong = out_of_order(type)) return wrong;
    if (type == 'v' && value != "0")
      return error("the version is not 0", "write v=0 (RFC 8866 §5.1)");
    if (type == 'o' && split_words(value).size() != 6)
      return error("o= does not have six fields",
                   "write o=<user> <id> <version> IN IP4|IP6 <address> (RFC 8866 §5.2)");
    if (type == 'a' && value.empty()) return empty_attribute();
    sdp_.lines.push_back({type, std::string(value), reader_.number()});
    return std::nullopt;
  }

  std::optional<SdpError> take_media_line(char type, std::string_view value) {
    if (session_types.find(type) == std::string_view::npos) return unknown_type();
    if (media_types.find(type) == std::string_view::npos)
      return error(std::string(1, type) + "= stands inside an m-section",
                   "put it before the first m= line (RFC 8866 §5)");
    if (type == 'a' && value.empty()) return empty_attribute();
    sdp_.media.back().lines.push_back({type, std::string(value), reader_.number()});
    return std::nullopt;
  }

  std::optional<SdpError> take_media(std::string_view value) {
    if (auto missing = missing_line()) return missing;
    if (sdp_.media.size() == sdp_media_max)
      return error("more than " + std::to_string(sdp_media_max) + " m-sections",
                   "offer fewer media");
    const auto words = split_words(value);
    if (words.size() < 4 || !std::all_of(words.begin(), words.end(), is_token))
      return error("m= does not have its four parts or more",
                   "write m=<media> <port> <protocol> <format> ... (RFC 8866 §5.14)");
    SdpMedia media;
    media.kind = words[0];
    media.protocol = words[2];
    media.number = reader_.number();
    media.formats.assign(words.begin() + 3, words.end());
    if (!read_port(words[1], media))
      return error("the port of m= is not a number from 0 to 65535",
                   "write <port> or <port>/<number of ports> (RFC 8866 §5.14)");
    sdp_.media.push_back(std::move(media));
    return std::nullopt;
  }

  static bool read_port(std::string_view word, SdpMedia& media) {
    const auto slash = word.find('/');
    const auto port = parse_u16(word.substr(0, slash));
    if (!port) return false;
    media.port = *port;
    if (slash == std::string_view::npos) return true;
    media.port_count = parse_u16(word.substr(slash + 1));
    return media.port_count.has_value() && *media.port_count != 0;
  }

  // Only what tells one session from another is held to its place; phones differ in the rest.
  std::optional<SdpError> out_of_order(char type) const {
    if ((sdp_.lines.empty()) != (type == 'v'))
      return error("v= is not the first line, or stands twice", "begin with one v=0 (RFC 8866 §5)");
    if ((sdp_.lines.size() == 1) != (type == 'o') && type != 'v')
      return error("o= is not the second line, or stands twice",
                   "write one o= after v=0 (RFC 8866 §5)");
    if (type == 's' && has('s')) return error("s= stands twice", "write one s= (RFC 8866 §5.3)");
    return std::nullopt;
  }

  [[nodiscard]] bool has(char type) const {
    return std::any_of(sdp_.lines.begin(), sdp_.lines.end(),
                       [type](const SdpLine& line) { return line.type == type; });
  }

  std::optional<SdpError> missing_line() const {
    for (const char type : {'v', 'o', 's', 't'}) {
      if (!has(type))
        return error(std::string(1, type) + "= is missing before this point",
                     "write v=, o=, s= and t= before the first m= line (RFC 8866 §5)");
    }
    return std::nullopt;
  }

  SdpError unknown_type() const {
    return error("no line begins with this letter", "use the letters of RFC 8866 §5");
  }
  SdpError empty_attribute() const {
    return error("the attribute has no name", "write a=<name> or a=<name>:<value>");
  }

  LineReader reader_;
  Sdp sdp_;
};

void write_line(std::string& text, const SdpLine& line) {
  text += line.type;
  text += '=';
  text += line.value;
  text += "\r\n";
}

void write_media(std::string& text, const SdpMedia& media) {
  text += "m=" + media.kind + ' ' + std::to_string(media.port);
  if (media.port_count) text += '/' + std::to_string(*media.port_count);
  text += ' ' + media.protocol;
  for (const auto& format : media.formats)
    text += ' ' + format;
  text += "\r\n";
  for (const auto& line : media.lines)
    write_line(text, line);
}

}  // namespace

std::string to_string(const SdpError& error) {
  auto text = error.line == 0 ? std::string{} : "line " + std::to_string(error.line) + ": ";
  return text + error.what + "; " + error.remedy;
}

void throw_exception_from_error(const SdpError& error, const boost::source_location&) {
  throw std::logic_error("value() of a result that holds an SdpError: " + to_string(error));
}

SdpResult<Sdp> parse_sdp(std::string_view text) {
  if (text.size() > sdp_bytes_max)
    return SdpError{0, "the description is longer than " + std::to_string(sdp_bytes_max) + " bytes",
                    "send a shorter one"};
  return SdpParser{text}.parse();
}

std::string write_sdp(const Sdp& sdp) {
  std::string text;
  for (const auto& line : sdp.lines)
    write_line(text, line);
  for (const auto& media : sdp.media)
    write_media(text, media);
  return text;
}

}  // namespace assent::media

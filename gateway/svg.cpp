#include "gateway/svg.hpp"

#include <cmath>
#include <cstdint>

namespace assent::gateway {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool is_sound = false;
};

// The first of a text that is not empty.
Character first_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  char32_t code = lead & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80) return {};
    code = code << 6U | (next & 0x3FU);
  }
  constexpr char32_t shortest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < shortest[bytes] || code > 0x10FFFF || surrogate) return {};
  return {code, bytes, true};
}

// XML 1.0, section 2.2, without its discouraged control characters.
bool is_of_xml(char32_t code) {
  return (code >= 0x20 && code < 0x7F) || (code >= 0xA0 && code != 0xFFFE && code != 0xFFFF);
}

double width_of(char32_t code) {
  constexpr char32_t first_wide = 0x1100;  // Hangul, Han, kana, emoji
  if (code >= first_wide && !(code >= 0x1E00 && code <= 0x2BFF)) return 1.0;
  if (code == 'm' || code == 'w' || code == 'M' || code == 'W' || code == '@') return 0.88;
  if (code == 'i' || code == 'j' || code == 'l' || code == '.' || code == ',' || code == '|')
    return 0.26;
  if (code == ' ' || code == 'f' || code == 't' || code == 'r' || code == '-' || code == 'I')
    return 0.32;
  if (code >= 'A' && code <= 'Z') return 0.70;
  return 0.56;
}

}  // namespace

std::string svg_escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = first_of(text);
    const std::string_view as_is = text.substr(0, character.bytes);
    text.remove_prefix(character.bytes);
    if (!character.is_sound || !is_of_xml(character.code)) {
      out += replacement;
      continue;
    }
    switch (character.code) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += as_is;
    }
  }
  return out;
}

double text_width(std::string_view text, double font_px) {
  double width = 0;
  while (!text.empty()) {
    const Character character = first_of(text);
    width += width_of(character.code);
    text.remove_prefix(character.bytes);
  }
  return width * font_px;
}

std::string fitted(std::string_view text, double width_px, double font_px) {
  if (text_width(text, font_px) <= width_px) return std::string(text);
  double room = width_px / font_px - 1.0;  // the ellipsis's
  std::size_t kept = 0;
  while (kept < text.size()) {
    const Character character = first_of(text.substr(kept));
    room -= width_of(character.code);
    if (room < 0) break;
    kept += character.bytes;
  }
  while (kept > 0 && text[kept - 1] == ' ')
    --kept;
  return std::string(text.substr(0, kept)) + "\xE2\x80\xA6";  // U+2026
}

std::string svg_number(double value) {
  const auto hundredths = static_cast<long long>(std::llround(value * 100));
  std::string text = hundredths < 0 ? "-" : "";
  const auto size = static_cast<std::uint64_t>(hundredths < 0 ? -hundredths : hundredths);
  text += std::to_string(size / 100);
  const auto rest = size % 100;
  if (rest == 0) return text;
  text += '.';
  text += static_cast<char>('0' + rest / 10);
  if (rest % 10 != 0) text += static_cast<char>('0' + rest % 10);
  return text;
}

void Svg::text(double x, double y, double px, std::string_view words, std::string_view colour,
               std::string_view attributes) {
  out_ += "<text x=\"" + svg_number(x) + "\" y=\"" + svg_number(y) + "\" font-size=\"" +
          svg_number(px) + "\" fill=\"" + std::string(colour) + "\"" + std::string(attributes) +
          ">" + svg_escaped(words) + "</text>\n";
}

void Svg::text_within(double x, double y, double px, double width, std::string_view words,
                      std::string_view colour, std::string_view attributes) {
  const std::string short_words = fitted(words, width, px);
  if (short_words == words) return text(x, y, px, words, colour, attributes);
  out_ += "<g><title>" + svg_escaped(words) + "</title>";
  text(x, y, px, short_words, colour, attributes);
  out_ += "</g>\n";
}

void Svg::box(double x, double y, double width, double height, std::string_view attributes) {
  out_ += "<rect x=\"" + svg_number(x) + "\" y=\"" + svg_number(y) + "\" width=\"" +
          svg_number(width) + "\" height=\"" + svg_number(height) + "\" " +
          std::string(attributes) + "/>\n";
}

void Svg::band(double x0, double y0, double x1, double y1, double height,
               std::string_view attributes, std::string_view title) {
  const double middle = (x0 + x1) / 2;
  const auto curve = [&](double y_from, double x_to, double y_to) {
    return "C" + svg_number(middle) + " " + svg_number(y_from) + " " + svg_number(middle) + " " +
           svg_number(y_to) + " " + svg_number(x_to) + " " + svg_number(y_to);
  };
  out_ += "<path d=\"M" + svg_number(x0) + " " + svg_number(y0) + curve(y0, x1, y1) + "V" +
          svg_number(y1 + height) + curve(y1 + height, x0, y0 + height) + "Z\" " +
          std::string(attributes) + "><title>" + svg_escaped(title) + "</title></path>\n";
}

}  // namespace assent::gateway

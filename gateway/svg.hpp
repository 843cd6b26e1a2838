#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

// Text in SVG 1.1, which is XML: whatever a name holds, it stays text.
namespace assent::gateway {

// With entities for what means something to XML. What is no UTF-8 or no character of XML becomes
// U+FFFD.
[[nodiscard]] std::string svg_escaped(std::string_view text);

// About how wide a sans-serif font sets it. A browser's font differs by a few percent.
[[nodiscard]] double text_width(std::string_view text, double font_px);

// Shortened to fit, with an ellipsis at its end.
[[nodiscard]] std::string fitted(std::string_view text, double width_px, double font_px);

// A number of SVG: two digits after the point at most, whatever the locale.
[[nodiscard]] std::string svg_number(double value);

// Writes elements, one after the other; words are escaped, `attributes` are markup as it is.
class Svg {
 public:
  void text(double x, double y, double px, std::string_view words, std::string_view colour,
            std::string_view attributes = {});
  // Shortened to the width; all of it where it is pointed at.
  void text_within(double x, double y, double px, double width, std::string_view words,
                   std::string_view colour, std::string_view attributes = {});
  void box(double x, double y, double width, double height, std::string_view attributes);
  // From a height at the left to one at the right, as high everywhere.
  void band(double x0, double y0, double x1, double y1, double height, std::string_view attributes,
            std::string_view title);
  void raw(std::string_view markup) { out_ += markup; }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace assent::gateway

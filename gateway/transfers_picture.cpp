#include "gateway/transfers_picture.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "gateway/svg.hpp"
#include "gateway/transfers_chart.hpp"

namespace assent::gateway {
namespace {

constexpr double page_width = 1240;
constexpr double margin = 40;
constexpr double chart_top = 168;
constexpr double bar_width = 10;
constexpr double left_bar = 250;
constexpr double card_left = 455;
constexpr double card_width = 290;
constexpr double right_bar = 926;
constexpr double label_gap = 12;
constexpr double name_px = 14;
constexpr double small_px = 12;

constexpr std::string_view ink = "#1c2430";
constexpr std::string_view faint = "#56606e";
constexpr std::string_view alarm = "#b3001b";

// Apart from each other in lightness, too.
struct Colour {
  std::string_view mechanism;
  std::string_view value;
};
constexpr std::array<Colour, 11> colours{{{"not_needed", "#7d8896"},
                                          {"adequacy", "#1f8a70"},
                                          {"dpf", "#2f6db5"},
                                          {"uk_extension", "#5b9bd8"},
                                          {"swiss_dpf", "#1b3f73"},
                                          {"scc", "#7a55a6"},
                                          {"idta", "#a884cf"},
                                          {"intra_group", "#8a6238"},
                                          {"explicit_consent", "#c98a12"},
                                          {"use_as_acceptance", "#a8a29a"},
                                          {"none", alarm}}};

std::string_view colour_of(std::string_view mechanism) {
  for (const auto& colour : colours)
    if (colour.mechanism == mechanism) return colour.value;
  return colours.front().value;
}

std::string day_in_words(WallTime time) {
  constexpr std::array<std::string_view, 12> months{
      "January", "February", "March",     "April",   "May",      "June",
      "July",    "August",   "September", "October", "November", "December"};
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(time)};
  return std::to_string(static_cast<unsigned>(day.day())) + ' ' +
         std::string(months.at(static_cast<unsigned>(day.month()) - 1)) + ' ' +
         std::to_string(static_cast<int>(day.year()));
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "0";
  constexpr double hundred = 100;
  const double share = hundred * static_cast<double>(part) / static_cast<double>(whole);
  if (part != 0 && share < 1) return "<1";
  if (part != whole && share > 99) return ">99";
  return std::to_string(static_cast<int>(share + 0.5));
}

constexpr double bold_wider = 1.07;
constexpr std::string_view bold = " font-weight=\"600\"";
constexpr std::string_view at_end = " text-anchor=\"end\"";
constexpr std::string_view unlawful_look =
    "fill=\"url(#unlawful)\" stroke=\"#b3001b\" stroke-width=\"1.4\" stroke-dasharray=\"6 3\"";

std::string filter_in_words(const TransferFilter& filter) {
  std::string words;
  const auto add = [&](std::string_view what, const std::string& value) {
    if (!value.empty()) words += " \xC2\xB7 only " + std::string(what) + value;
  };
  add("subject ", filter.subject);
  add("room ", filter.room);
  add("to ", filter.processor);
  add("by ", filter.mechanism);
  add("from ", filter.from);
  add("into ", filter.to);
  return words;
}

std::string period_in_words(const TransferReport& report) {
  const auto first = report.filter.since ? report.filter.since : report.all.way.first;
  auto last = report.filter.until ? report.filter.until : report.all.way.last;
  if (!first || !last) return "No period";
  // Until a day's first instant is to the end of the day before.
  if (report.filter.until) *last -= std::chrono::milliseconds{1};
  const std::string from = day_in_words(*first);
  const std::string to = day_in_words(*last);
  return from == to ? from : from + " to " + to;
}

void draw_head(Svg& svg, const TransferReport& report) {
  constexpr double title_px = 28;
  constexpr double line_px = 15;
  constexpr double verdict_width = 330;
  const double text_width = page_width - 2 * margin - verdict_width - 20;
  svg.text(margin, 62, title_px, "Where personal data went", ink, bold);
  const auto calls = report.all.calls;
  svg.text_within(margin, 90, line_px, text_width,
                  period_in_words(report) + " \xC2\xB7 " + std::to_string(calls) +
                      (calls == 1 ? " call" : " calls") + " \xC2\xB7 " +
                      bytes_in_words(report.all.way.bytes) + " sent" +
                      filter_in_words(report.filter),
                  faint);
  const double left = page_width - margin - verdict_width;
  const bool lawful = report.unlawful_bytes == 0;
  svg.box(left, 36, verdict_width, 58,
          lawful ? "rx=\"6\" fill=\"#eef6f2\" stroke=\"#1f8a70\" stroke-width=\"1.4\""
                 : "rx=\"6\" fill=\"#fff5f5\" stroke=\"#b3001b\" stroke-width=\"1.4\" "
                   "stroke-dasharray=\"6 3\"");
  const std::string share = percent(report.unlawful_bytes, report.all.way.bytes);
  svg.text(left + 16, 61, 16,
           lawful ? "\xE2\x9C\x93 All of it is covered"
                  : "\xE2\x9C\x95 " + bytes_in_words(report.unlawful_bytes) + " not covered (" +
                        share + " %)",
           lawful ? "#14634f" : alarm, bold);
  svg.text(left + 16, 82, small_px,
           lawful ? "A mechanism covers each transfer, or none is needed."
                  : "No valid mechanism makes it lawful. It is hatched below.",
           ink);
}

void draw_column_heads(Svg& svg) {
  constexpr double y = chart_top - 24;
  constexpr std::string_view spaced = " font-weight=\"600\" letter-spacing=\"1.2\"";
  const std::string end = std::string(spaced) + std::string(at_end);
  svg.text(left_bar + bar_width, y, small_px, "PEOPLE IN", faint, end);
  svg.text(card_left, y, small_px, "MADE LAWFUL BY", faint, spaced);
  svg.text(right_bar, y, small_px, "SENT TO", faint, spaced);
}

void draw_bands(Svg& svg, const TransfersChart& chart) {
  const auto& [left, middle, right] = chart.chart().columns;
  constexpr std::array<std::pair<double, double>, 2> sides{
      {{left_bar + bar_width, card_left}, {card_left + card_width, right_bar}}};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& froms = i == 0 ? left : middle;
    const auto& tos = i == 0 ? middle : right;
    for (const auto& band : chart.chart().bands[i]) {
      const std::string& mechanism = i == 0 ? tos[band.to].id : froms[band.from].id;
      const std::string look = band.is_marked ? std::string(unlawful_look)
                                              : "fill=\"" + std::string(colour_of(mechanism)) +
                                                    "\" fill-opacity=\"0.42\"";
      const std::string title = chart.label(i, froms[band.from]).name + " \xE2\x86\x92 " +
                                chart.label(i + 1, tos[band.to]).name + ": " +
                                bytes_in_words(band.weight);
      svg.band(sides.at(i).first, chart_top + band.from_top, sides.at(i).second,
               chart_top + band.to_top, band.height, look, title);
    }
  }
}

// Beside a box, in the middle of its height.
void draw_label(Svg& svg, const ChartLabel& label, double x, double middle, double width,
                bool to_left) {
  constexpr double line = 17;
  double y = middle - line * static_cast<double>(label.more.size()) / 2 + 5;
  const std::string_view anchor = to_left ? at_end : std::string_view{};
  svg.text_within(x, y, name_px, width / bold_wider, label.name, ink,
                  std::string(bold) + std::string(anchor));
  for (const auto& more : label.more) {
    y += line;
    svg.text_within(x, y, small_px, width, more, faint, anchor);
  }
}

void draw_bars(Svg& svg, const TransfersChart& chart, std::size_t column, double x) {
  const bool to_left = column == 0;
  for (const auto& node : chart.chart().columns[column]) {
    const double middle = chart_top + node.top + node.height / 2;
    svg.box(x, middle - node.band_height / 2, bar_width, node.band_height,
            "rx=\"1.5\" fill=\"#1c2430\"");
    const double label_x = to_left ? x - label_gap : x + bar_width + label_gap;
    const double width = to_left ? label_x - margin : page_width - margin - label_x;
    draw_label(svg, chart.label(column, node), label_x, middle, width, to_left);
  }
}

void draw_cards(Svg& svg, const TransfersChart& chart) {
  for (const auto& node : chart.chart().columns[1]) {
    const double top = chart_top + node.top;
    const std::string colour{colour_of(node.id)};
    svg.box(card_left, top, card_width, node.height,
            "rx=\"5\" fill=\"#ffffff\" stroke=\"" + colour + "\" stroke-width=\"1.6\"" +
                (node.is_marked ? " stroke-dasharray=\"6 3\"" : ""));
    svg.box(card_left, top, 7, node.height,
            node.is_marked ? "rx=\"3\" fill=\"url(#unlawful)\" stroke=\"#b3001b\""
                           : "rx=\"3\" fill=\"" + colour + "\"");
    draw_label(svg, chart.label(1, node), card_left + 20, top + node.height / 2, card_width - 32,
               false);
  }
}

double draw_legend(Svg& svg, const TransfersChart& chart, const TransferReport& report, double y) {
  double x = margin;
  for (const auto& mechanism : chart.mechanisms()) {
    const std::string words = mechanism_in_words(mechanism);
    const double width = 26 + text_width(words, small_px) * 1.06 + 24;
    if (x + width > page_width - margin) {
      x = margin;
      y += 24;
    }
    const bool unlawful = mechanism == no_mechanism;
    svg.box(x, y - 11, 18, 13,
            unlawful ? std::string(unlawful_look)
                     : "fill=\"" + std::string(colour_of(mechanism)) + "\" fill-opacity=\"0.55\"");
    svg.text(x + 26, y, small_px, words, ink);
    x += width;
  }
  y += 28;
  std::string note =
      "As wide as there were bytes; what would be too thin to see is drawn wider. What passes "
      "through the gateway is counted when it arrives and when it goes on. A call counts whole.";
  if (report.others) note += " Not all ways are shown.";
  if (report.unreadable != 0)
    note += ' ' + std::to_string(report.unreadable) + " records could not be read.";
  svg.text(margin, y, small_px, note, faint);
  return y;
}

void draw_nothing(Svg& svg) {
  svg.text(page_width / 2, chart_top + 30, 18, "No transfers match.", faint,
           " text-anchor=\"middle\"");
}

}  // namespace

std::string transfers_picture(const TransferReport& report, const TransferNames& names,
                              WallTime now) {
  const TransfersChart chart{report, names};
  Svg body;
  draw_head(body, report);
  double y = chart_top + 60;
  if (report.groups.empty()) {
    draw_nothing(body);
  } else {
    draw_column_heads(body);
    draw_bands(body, chart);
    draw_bars(body, chart, 0, left_bar);
    draw_cards(body, chart);
    draw_bars(body, chart, 2, right_bar);
    y = chart_top + chart.chart().height + 52;
  }
  y = draw_legend(body, chart, report, y) + 20;
  body.text(margin, y, small_px, "Made by assent on " + day_in_words(now) + ". Not legal advice.",
            faint);
  const double height = y + 28;

  Svg svg;
  svg.raw("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"" +
          svg_number(page_width) + "\" height=\"" + svg_number(height) + "\" viewBox=\"0 0 " +
          svg_number(page_width) + " " + svg_number(height) +
          "\" font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\">\n");
  svg.raw("<title>Where personal data went: " + svg_escaped(period_in_words(report)) + ", " +
          bytes_in_words(report.all.way.bytes) + ", of it " +
          bytes_in_words(report.unlawful_bytes) + " without a valid mechanism</title>\n");
  svg.raw(
      "<defs><pattern id=\"unlawful\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" "
      "patternTransform=\"rotate(45)\"><rect width=\"7\" height=\"7\" fill=\"#fbdcdf\"/>"
      "<rect width=\"3\" height=\"7\" fill=\"#b3001b\" fill-opacity=\"0.75\"/></pattern></defs>\n");
  svg.box(0, 0, page_width, height, "fill=\"#ffffff\"");
  svg.raw(body.take());
  svg.raw("</svg>\n");
  return svg.take();
}

}  // namespace assent::gateway

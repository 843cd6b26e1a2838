// Transfers for a terminal, a spreadsheet and a program.
#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <functional>

#include "gateway/csv.hpp"
#include "gateway/rfc3339.hpp"
#include "gateway/transfers.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

std::string time_text(const std::optional<WallTime>& time) {
  return time ? to_rfc3339(*time) : std::string{};
}

std::string seconds_text(std::uint64_t milliseconds) {
  std::array<char, 32> text{};
  constexpr double second = 1'000;
  (void)std::snprintf(text.data(), text.size(), "%.1f", static_cast<double>(milliseconds) / second);
  return text.data();
}

// A column of the table and of the CSV.
struct Column {
  std::string_view title;
  std::function<std::string(const TransferGroup&)> text;
  bool is_number = false;
};

std::vector<Column> columns() {
  using Group = TransferGroup;
  const auto word = [](std::string CdrTransfer::*member) {
    return [member](const Group& group) { return group.way.*member; };
  };
  const auto count = [](std::uint64_t CdrTransfer::*member) {
    return [member](const Group& group) { return std::to_string(group.way.*member); };
  };
  return {
      {"lawful", [](const Group& group) { return group.is_lawful() ? "yes" : "NO"; }},
      {"subject", [](const Group& group) { return group.subject; }},
      {"exporter", word(&CdrTransfer::exporter)},
      {"importer", word(&CdrTransfer::importer)},
      {"role", word(&CdrTransfer::role)},
      {"from", word(&CdrTransfer::from)},
      {"via", word(&CdrTransfer::via)},
      {"to", word(&CdrTransfer::to)},
      {"mechanism", word(&CdrTransfer::mechanism)},
      {"row", word(&CdrTransfer::row)},
      {"reason", word(&CdrTransfer::reason)},
      {"purpose", word(&CdrTransfer::purpose)},
      {"calls", [](const Group& group) { return std::to_string(group.calls); }, true},
      {"seconds", [](const Group& group) { return seconds_text(group.way.milliseconds); }, true},
      {"packets", count(&CdrTransfer::packets), true},
      {"bytes", count(&CdrTransfer::bytes), true},
      {"first", [](const Group& group) { return time_text(group.way.first); }},
      {"last", [](const Group& group) { return time_text(group.way.last); }}};
}

std::vector<TransferGroup> with_others(const TransferReport& report) {
  auto groups = report.groups;
  if (report.others) {
    groups.push_back(*report.others);
    auto& way = groups.back().way;
    (report.grouping == TransferGrouping::subject ? groups.back().subject : way.importer) =
        "(all others)";
    way.mechanism = "(several)";
  }
  return groups;
}

// What a terminal shows of it: nothing that moves its cursor.
std::string shown(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

void pad(std::string& line, const std::string& cell, std::size_t width, bool right) {
  const std::string space(width - std::min(width, width_of(cell)), ' ');
  line += right ? space + cell : cell + space;
}

std::string upper(std::string_view word) {
  std::string text{word};
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

std::string rows_of_table(const std::vector<TransferGroup>& groups) {
  std::vector<std::vector<std::string>> lines(groups.size() + 1);
  std::vector<std::size_t> widths;
  std::vector<bool> right;
  for (const Column& column : columns()) {
    std::vector<std::string> cells{upper(column.title)};
    for (const auto& group : groups)
      cells.push_back(shown(column.text(group)));
    // A column that says nothing is left out.
    if (std::all_of(cells.begin() + 1, cells.end(), [](const auto& cell) { return cell.empty(); }))
      continue;
    std::size_t width = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      width = std::max(width, width_of(cells[i]));
      lines[i].push_back(std::move(cells[i]));
    }
    widths.push_back(width);
    right.push_back(column.is_number);
  }
  std::string text;
  for (const auto& cells : lines) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      line += i == 0 ? "" : "  ";
      pad(line, cells[i], widths[i], right[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

json::object group_json(const TransferGroup& group) {
  json::object object{{"lawful", group.is_lawful()}};
  for (const Column& column : columns()) {
    const bool known = column.is_number || column.title == "lawful";
    auto text = known ? std::string{} : column.text(group);
    if (!text.empty()) object[column.title] = std::move(text);
  }
  object["calls"] = group.calls;
  constexpr double second = 1'000;
  object["seconds"] = static_cast<double>(group.way.milliseconds) / second;
  object["packets"] = group.way.packets;
  object["bytes"] = group.way.bytes;
  return object;
}

json::object filter_json(const TransferFilter& filter) {
  json::object object;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) object[name] = value;
  };
  add("subject", filter.subject);
  add("room", filter.room);
  add("processor", filter.processor);
  add("mechanism", filter.mechanism);
  add("from", filter.from);
  add("to", filter.to);
  add("since", time_text(filter.since));
  add("until", time_text(filter.until));
  return object;
}

}  // namespace

std::string bytes_in_words(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> units{"bytes", "kB", "MB", "GB", "TB"};
  constexpr double step = 1'000;
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= step - 0.5 && unit + 1 < units.size(); ++unit)
    value /= step;
  std::array<char, 48> text{};
  constexpr double ten = 10;
  (void)std::snprintf(text.data(), text.size(), unit == 0 || value >= ten ? "%.0f %s" : "%.1f %s",
                      value, units.at(unit));
  return text.data();
}

std::string mechanism_in_words(std::string_view mechanism) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> words{
      {{"not_needed", "No mechanism needed"},
       {"adequacy", "Adequacy decision"},
       {"dpf", "EU-US Data Privacy Framework"},
       {"uk_extension", "UK extension of the DPF"},
       {"swiss_dpf", "Swiss-US Data Privacy Framework"},
       {"scc", "Standard contractual clauses"},
       {"idta", "UK transfer agreement"},
       {"intra_group", "Intra-group agreement"},
       {"explicit_consent", "The person's explicit consent"},
       {"use_as_acceptance", "Use taken as acceptance"},
       {"none", "No valid mechanism"}}};
  for (const auto& [word, text] : words)
    if (word == mechanism) return std::string(text);
  return std::string(mechanism);
}

std::string transfers_table(const TransferReport& report) {
  std::string text;
  if (report.groups.empty()) {
    text = "No transfers match.\n";
  } else {
    text = rows_of_table(with_others(report));
    text += "\nIn all " + bytes_in_words(report.all.way.bytes) + " in " +
            std::to_string(report.all.calls) + (report.all.calls == 1 ? " call" : " calls") +
            ", from " + time_text(report.all.way.first) + " to " + time_text(report.all.way.last) +
            ".\n";
    text += report.unlawful_bytes == 0
                ? "A mechanism makes each of them lawful, or none is needed.\n"
                : bytes_in_words(report.unlawful_bytes) + " of it without a valid mechanism.\n";
  }
  if (report.unreadable != 0)
    text += std::to_string(report.unreadable) + " records could not be read.\n";
  return text + "This is not legal advice.\n";
}

std::string transfers_csv(const TransferReport& report) {
  std::string text;
  const auto all = columns();
  const auto add_line = [&](const auto& cell_of) {
    for (std::size_t i = 0; i < all.size(); ++i)
      text += (i == 0 ? "" : ",") + cell_of(all[i]);
    text += "\r\n";
  };
  add_line([](const Column& column) { return std::string(column.title); });
  for (const auto& group : with_others(report))
    add_line([&](const Column& column) { return csv_cell(column.text(group)); });
  return text;
}

std::string transfers_json(const TransferReport& report) {
  json::array groups;
  for (const auto& group : report.groups)
    groups.push_back(group_json(group));
  json::object object{{"by", to_string(report.grouping)}};
  object["filter"] = filter_json(report.filter);
  object["transfers"] = std::move(groups);
  if (report.others) {
    object["others"] = {{"calls", report.others->calls},
                        {"packets", report.others->way.packets},
                        {"bytes", report.others->way.bytes}};
  }
  object["all"] = {{"calls", report.all.calls},
                   {"packets", report.all.way.packets},
                   {"bytes", report.all.way.bytes},
                   {"unlawful_bytes", report.unlawful_bytes}};
  object["unreadable"] = report.unreadable;
  object["not_legal_advice"] = true;
  return json::serialize(object);
}

}  // namespace assent::gateway

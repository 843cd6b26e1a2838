// Call detail records for spreadsheets and databases: a record a row, with totals.
#include <functional>
#include <vector>

#include "gateway/cdr_form.hpp"
#include "gateway/csv.hpp"
#include "gateway/rfc3339.hpp"

namespace assent::gateway {
namespace {

struct Column {
  std::string_view title;
  std::function<std::string(const Cdr&)> text;
};

std::string time_text(const std::optional<WallTime>& time) {
  return time ? to_rfc3339(*time) : std::string{};
}

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

// Several words in one cell, each once.
class Words {
 public:
  void add(std::string word) {
    if (word.empty()) return;
    const std::string separated = " " + word + " ";
    if ((" " + text_ + " ").find(separated) != std::string::npos) return;
    text_ += (text_.empty() ? "" : " ") + word;
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string jurisdictions_of(const Cdr& cdr) {
  Words words;
  for (const auto& of : cdr.jurisdictions)
    words.add(of.code.empty() ? std::string(unknown_place) : of.code);
  return words.take();
}
std::string carriers_of(const Cdr& cdr) {
  Words words;
  for (const auto& leg : cdr.legs)
    words.add(leg.carrier);
  return words.take();
}
std::string consents_of(const Cdr& cdr) {
  Words words;
  for (const auto& of : cdr.consents) {
    std::string word = of.purpose;
    if (!of.giver.empty() && of.giver != "participant") word += ":" + of.giver;
    words.add(word + "=" + of.state);
  }
  return words.take();
}
std::string transfers_of(const Cdr& cdr) {
  Words words;
  for (const auto& of : cdr.transfers) {
    std::string word = of.importer;
    words.add(word.append(":").append(of.to).append("=").append(of.mechanism));
  }
  return words.take();
}

// name=number, of the same name added up.
std::string counts_text(const std::map<std::string, std::uint64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts)
    text += (text.empty() ? "" : " ") + name + "=" + number(count);
  return text;
}
std::string dropped_in(const Cdr& cdr) {
  std::map<std::string, std::uint64_t> counts;
  for (const auto& leg : cdr.legs)
    for (const auto& [reason, packets] : leg.dropped)
      counts[reason] += packets;
  return counts_text(counts);
}
std::string delivered_in(const Cdr& cdr) {
  std::map<std::string, std::uint64_t> counts;
  for (const auto& leg : cdr.legs)
    for (const auto& route : leg.routes)
      if (route.kind == RouteKind::sink) counts[route.sink] += route.packets;
  return counts_text(counts);
}
std::string withheld_in(const Cdr& cdr) {
  std::map<std::string, std::uint64_t> counts;
  for (const auto& leg : cdr.legs)
    for (const auto& route : leg.routes)
      for (const auto& [reason, packets] : route.withheld)
        counts[(route.kind == RouteKind::sink ? route.sink : "call") + ":" + reason] += packets;
  return counts_text(counts);
}

std::string seconds_of(const Cdr& cdr) {
  constexpr std::uint64_t second = 1'000;
  const auto length = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, std::chrono::milliseconds{cdr.at - cdr.opened}.count()));
  std::string rest = number(length % second);
  rest.insert(0, 3 - rest.size(), '0');
  return number(length / second) + "." + rest;
}

auto of_legs(std::string_view side, std::uint64_t CdrLeg::*member) {
  return [side, member](const Cdr& cdr) {
    std::uint64_t sum = 0;
    for (const auto& leg : cdr.legs)
      if (leg.side == side) sum += leg.*member;
    return number(sum);
  };
}
auto word(std::string Cdr::*member) {
  return [member](const Cdr& cdr) { return cdr.*member; };
}

std::vector<Column> columns() {
  return {{"id", [](const Cdr& cdr) { return cdr.id ? number(*cdr.id) : std::string{}; }},
          {"kind", [](const Cdr& cdr) { return std::string(to_string(cdr.kind)); }},
          {"record_seq", [](const Cdr& cdr) { return number(cdr.record_seq); }},
          {"cause_for_closing",
           [](const Cdr& cdr) {
             return cdr.cause ? std::string(to_string(*cdr.cause)) : std::string{};
           }},
          {"view", word(&Cdr::view)},
          {"session", word(&Cdr::session)},
          {"room", word(&Cdr::room)},
          {"tenant", word(&Cdr::tenant)},
          {"participant", word(&Cdr::participant)},
          {"subject", word(&Cdr::subject)},
          {"opened", [](const Cdr& cdr) { return to_rfc3339(cdr.opened); }},
          {"at", [](const Cdr& cdr) { return to_rfc3339(cdr.at); }},
          {"seconds", seconds_of},
          {"jurisdictions", jurisdictions_of},
          {"carriers", carriers_of},
          {"client_packets", of_legs("client", &CdrLeg::packets)},
          {"client_bytes", of_legs("client", &CdrLeg::bytes)},
          {"server_packets", of_legs("server", &CdrLeg::packets)},
          {"server_bytes", of_legs("server", &CdrLeg::bytes)},
          {"dropped", dropped_in},
          {"delivered", delivered_in},
          {"withheld", withheld_in},
          {"consents", consents_of},
          {"transfers", transfers_of},
          {"policy_hash", word(&Cdr::policy_hash)},
          {"data_hash", word(&Cdr::data_hash)},
          {"retain_until", [](const Cdr& cdr) { return time_text(cdr.retain_until); }}};
}

class CsvWriter final : public CdrWriter {
 public:
  void begin(std::string& out) override {
    add_row(out, [](const Column& column) { return std::string(column.title); });
  }
  void add(const Cdr& cdr, std::string& out) override {
    add_row(out, [&](const Column& column) { return csv_cell(column.text(cdr)); });
  }

 private:
  template <class CellOf>
  void add_row(std::string& out, CellOf cell_of) const {
    const char* separator = "";
    for (const Column& column : columns_) {
      out += separator;
      out += cell_of(column);
      separator = ",";
    }
    out += "\r\n";
  }

  const std::vector<Column> columns_ = columns();
};

}  // namespace

std::unique_ptr<CdrWriter> make_csv_writer() {
  return std::make_unique<CsvWriter>();
}

}  // namespace assent::gateway

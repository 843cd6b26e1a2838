#include "gateway/transfers_chart.hpp"

#include <algorithm>
#include <utility>

namespace assent::gateway {
namespace {

constexpr std::size_t nodes_max = 24;  // of a column; the rest are one
constexpr std::string_view others_id = "\x01";
constexpr std::string_view dot = " \xC2\xB7 ";

std::string_view why(std::string_view reason) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> words{
      {{"transfer_unknown", "destination not known"},
       {"transfer_no_mechanism", "none for this country"},
       {"transfer_expired", "no longer in force"},
       {"transfer_unsourced", "without a source"},
       {"transfer_stale", "past its review"},
       {"transfer_contested", "contested"}}};
  for (const auto& [word, text] : words)
    if (word == reason) return text;
  return "not known";
}

std::string role_in_words(std::string_view role) {
  if (role == "self") return "the operator itself";
  if (role == "third_party") return "for its own ends";
  std::string words{role};
  std::replace(words.begin(), words.end(), '_', '-');
  return words;
}

}  // namespace

TransfersChart::TransfersChart(const TransferReport& report, const TransferNames& names)
    : names_{names} {
  for (const auto& group : report.groups)
    weigh(group);
  for (std::size_t column = 0; column < columns; ++column)
    choose(column);
  for (const auto& group : report.groups)
    connect(group);
  lay_out(chart_);
}

TransfersChart::Ids TransfersChart::ids_of(const TransferGroup& group) {
  const auto& way = group.way;
  return {way.from, group.is_lawful() ? way.mechanism : std::string(no_mechanism),
          way.importer + '\n' + way.to};
}

void TransfersChart::weigh(const TransferGroup& group) {
  const auto ids = ids_of(group);
  for (std::size_t column = 0; column < columns; ++column) {
    Entry& entry = entries_.at(column)[ids.at(column)];
    entry.node.id = ids.at(column);
    entry.node.weight += group.way.bytes;
    entry.node.is_marked = ids.at(column) == no_mechanism && column == 1;
    entry.sample = group.way;
    entry.has_unlawful = entry.has_unlawful || !group.is_lawful();
  }
  const std::string note = group.is_lawful() ? group.way.row : std::string(why(group.way.reason));
  auto& notes = notes_[ids[1]];
  if (!note.empty()) notes.insert(note);
}

// What is unlawful is always shown.
void TransfersChart::choose(std::size_t column) {
  constexpr std::array<double, columns> label_heights{36, 50, 56};
  std::vector<const Entry*> entries;
  for (const auto& [id, entry] : entries_.at(column))
    entries.push_back(&entry);
  std::stable_sort(entries.begin(), entries.end(), [](const Entry* a, const Entry* b) {
    if (a->has_unlawful != b->has_unlawful) return a->has_unlawful;
    return a->node.weight > b->node.weight;
  });
  auto& nodes = chart_.columns[column];
  for (const Entry* entry : entries) {
    const bool folds =
        entries.size() > nodes_max && nodes.size() >= nodes_max - 1 && !entry->has_unlawful;
    if (!folds) {
      nodes.push_back(entry->node);
    } else if (folded_.at(column)++ == 0) {
      nodes.push_back(entry->node);
      nodes.back().id = others_id;
    } else {
      nodes.back().weight += entry->node.weight;
    }
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    nodes[i].height_min = label_heights.at(column);
    index_.at(column)[nodes[i].id] = i;
  }
}

std::size_t TransfersChart::index(std::size_t column, const std::string& id) const {
  const auto& known = index_.at(column);
  const auto found = known.find(id);
  return found != known.end() ? found->second : known.at(std::string(others_id));
}

void TransfersChart::connect(const TransferGroup& group) {
  const auto ids = ids_of(group);
  // Before the chart is laid out, a node is where its column was filled.
  for (std::size_t i = 0; i + 1 < columns; ++i) {
    const std::size_t from = index(i, ids.at(i));
    const std::size_t to = index(i + 1, ids.at(i + 1));
    auto& bands = chart_.bands[i];
    auto band = std::find_if(bands.begin(), bands.end(), [&](const ChartBand& other) {
      return other.from == from && other.to == to;
    });
    if (band == bands.end()) {
      ChartBand fresh;
      fresh.from = from;
      fresh.to = to;
      band = bands.insert(bands.end(), fresh);
    }
    band->weight += group.way.bytes;
    band->is_marked = band->is_marked || !group.is_lawful();
  }
}

std::string TransfersChart::place_name(const std::string& code) const {
  if (code == unknown_place) return "Unknown country";
  const auto known = names_.places.find(code);
  return known == names_.places.end() || known->second.empty() ? code : known->second;
}

std::string TransfersChart::rows_of(const std::string& mechanism) const {
  const auto found = notes_.find(mechanism);
  if (found == notes_.end() || found->second.empty()) return {};
  const auto& notes = found->second;
  if (notes.size() > 2) return std::to_string(notes.size()) + " decisions";
  std::string text;
  for (const auto& note : notes)
    text += (text.empty() ? "" : ", ") + note;
  return text;
}

ChartLabel TransfersChart::label(std::size_t column, const ChartNode& node) const {
  const std::string bytes = bytes_in_words(node.weight);
  if (node.id == others_id) return {std::to_string(folded_.at(column)) + " others", {bytes}};
  if (column == 0) {
    const auto name = place_name(node.id);
    const bool says_more = name != node.id && node.id != unknown_place;
    return {name, {(says_more ? node.id + std::string(dot) : std::string{}) + bytes}};
  }
  if (column == 1) {
    const std::string cross = node.id == no_mechanism ? "\xE2\x9C\x95 " : "";  // U+2715
    const std::string rows = rows_of(node.id);
    return {cross + mechanism_in_words(node.id),
            {rows.empty() ? bytes : bytes + std::string(dot) + rows}};
  }
  return importer_label(entries_.at(column).at(node.id).sample, bytes);
}

ChartLabel TransfersChart::importer_label(const CdrTransfer& way, const std::string& bytes) const {
  const auto processor = names_.processors.find(way.importer);
  const bool has_name = processor != names_.processors.end() && !processor->second.empty();
  const std::string who = has_name ? way.importer + std::string(dot) : "";
  const std::string where =
      way.to == unknown_place ? "where is not known" : "in " + place_name(way.to);
  return {has_name ? processor->second : way.importer,
          {who + role_in_words(way.role), where + std::string(dot) + bytes}};
}

std::set<std::string> TransfersChart::mechanisms() const {
  std::set<std::string> used;
  for (const auto& [id, entry] : entries_[1])
    used.insert(id);
  return used;
}

}  // namespace assent::gateway

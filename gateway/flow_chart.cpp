#include "gateway/flow_chart.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace assent::gateway {
namespace {

constexpr double band_height_min = 2;
constexpr double gap = 14;          // between two boxes
constexpr double height_base = 80;  // of the bands of one column together, for one node
constexpr double height_per_node = 22;
constexpr double height_max = 620;

using Order = std::vector<std::size_t>;  // old positions in their new order

void reorder(std::vector<ChartNode>& nodes, const Order& order) {
  std::vector<ChartNode> sorted;
  for (const std::size_t old : order)
    sorted.push_back(std::move(nodes[old]));
  nodes = std::move(sorted);
}

// Where a node that was at an old position is now.
std::vector<std::size_t> places_of(const Order& order) {
  std::vector<std::size_t> places(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    places[order[i]] = i;
  return places;
}

template <class Less>
Order sorted_order(std::size_t size, Less less) {
  Order order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), less);
  return order;
}

// The mean position of what a node is connected with, by weight.
std::vector<double> centres(std::size_t size, const std::vector<ChartBand>& bands,
                            std::size_t ChartBand::*own, std::size_t ChartBand::*other) {
  std::vector<double> sums(size, 0);
  std::vector<double> weights(size, 0);
  for (const auto& band : bands) {
    const auto weight = static_cast<double>(band.weight) + 1;
    sums[band.*own] += weight * static_cast<double>(band.*other);
    weights[band.*own] += weight;
  }
  for (std::size_t i = 0; i < size; ++i)
    if (weights[i] > 0) sums[i] /= weights[i];
  return sums;
}

void sort_columns(FlowChart& chart) {
  auto& left = chart.columns[0];
  auto& middle = chart.columns[1];
  auto& right = chart.columns[2];
  const auto by_weight = sorted_order(middle.size(), [&](std::size_t a, std::size_t b) {
    if (middle[a].is_marked != middle[b].is_marked) return middle[b].is_marked;
    return middle[a].weight > middle[b].weight;
  });
  const auto middle_places = places_of(by_weight);
  reorder(middle, by_weight);
  for (auto& band : chart.bands[0])
    band.to = middle_places[band.to];
  for (auto& band : chart.bands[1])
    band.from = middle_places[band.from];

  const auto sort_side = [](std::vector<ChartNode>& nodes, std::vector<ChartBand>& bands,
                            std::size_t ChartBand::*own, std::size_t ChartBand::*other) {
    const auto centre = centres(nodes.size(), bands, own, other);
    const auto order = sorted_order(nodes.size(), [&](std::size_t a, std::size_t b) {
      if (centre[a] != centre[b]) return centre[a] < centre[b];
      return nodes[a].weight > nodes[b].weight;
    });
    const auto places = places_of(order);
    reorder(nodes, order);
    for (auto& band : bands)
      band.*own = places[band.*own];
  };
  sort_side(left, chart.bands[0], &ChartBand::from, &ChartBand::to);
  sort_side(right, chart.bands[1], &ChartBand::to, &ChartBand::from);
}

double measure(const FlowChart& chart) {
  std::size_t nodes = 0;
  std::uint64_t weight = 0;
  for (const auto& column : chart.columns)
    nodes = std::max(nodes, column.size());
  for (const auto& node : chart.columns[0])
    weight += node.weight;
  const double height =
      std::min(height_max, height_base + height_per_node * static_cast<double>(nodes));
  return weight == 0 ? 0 : height / static_cast<double>(weight);
}

// A node is as high as its bands together on the side where they are higher.
void give_heights(FlowChart& chart, double scale) {
  for (auto& bands : chart.bands)
    for (auto& band : bands)
      band.height = std::max(band_height_min, scale * static_cast<double>(band.weight));
  for (std::size_t column = 0; column < 3; ++column) {
    auto& nodes = chart.columns[column];
    std::vector<double> in(nodes.size(), 0);
    std::vector<double> out(nodes.size(), 0);
    if (column > 0)
      for (const auto& band : chart.bands[column - 1])
        in[band.to] += band.height;
    if (column < 2)
      for (const auto& band : chart.bands[column])
        out[band.from] += band.height;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      nodes[i].band_height = std::max(in[i], out[i]);
      nodes[i].height = std::max(nodes[i].band_height, nodes[i].height_min);
    }
  }
}

double height_of(const std::vector<ChartNode>& nodes) {
  double height = nodes.empty() ? 0 : gap * static_cast<double>(nodes.size() - 1);
  for (const auto& node : nodes)
    height += node.height;
  return height;
}

// The highest column fills the chart; the others stand in its middle, a little apart.
void place_nodes(FlowChart& chart) {
  constexpr double gap_max = 40;
  for (const auto& column : chart.columns)
    chart.height = std::max(chart.height, height_of(column));
  for (auto& column : chart.columns) {
    const double spare = chart.height - height_of(column);
    const double more =
        column.size() < 2 ? 0 : std::min(gap_max, spare / static_cast<double>(column.size() - 1));
    double top = column.empty() ? 0 : (spare - more * static_cast<double>(column.size() - 1)) / 2;
    for (auto& node : column) {
      node.top = top;
      top += node.height + gap + more;
    }
  }
}

// Bands leave and enter a node in the order of where they lead, so that they do not cross there.
void place_ends(std::vector<ChartNode>& nodes, std::vector<ChartBand>& bands,
                std::size_t ChartBand::*own, std::size_t ChartBand::*other,
                double ChartBand::*top) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    std::vector<ChartBand*> here;
    double height = 0;
    for (auto& band : bands) {
      if (band.*own != i) continue;
      here.push_back(&band);
      height += band.height;
    }
    std::stable_sort(here.begin(), here.end(),
                     [&](const ChartBand* a, const ChartBand* b) { return a->*other < b->*other; });
    double next = nodes[i].top + (nodes[i].height - height) / 2;
    for (ChartBand* band : here) {
      band->*top = next;
      next += band->height;
    }
  }
}

}  // namespace

void lay_out(FlowChart& chart) {
  sort_columns(chart);
  give_heights(chart, measure(chart));
  place_nodes(chart);
  for (std::size_t i = 0; i < 2; ++i) {
    place_ends(chart.columns[i], chart.bands[i], &ChartBand::from, &ChartBand::to,
               &ChartBand::from_top);
    place_ends(chart.columns[i + 1], chart.bands[i], &ChartBand::to, &ChartBand::from,
               &ChartBand::to_top);
  }
}

}  // namespace assent::gateway

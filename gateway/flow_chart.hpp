#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Where the boxes and bands of a flow chart of three columns go.
namespace assent::gateway {

struct ChartNode {
  std::string id;
  std::uint64_t weight = 0;
  double height_min = 0;  // of its label
  bool is_marked = false;

  // By lay_out: the box, and the part of it that its bands meet, in its middle.
  double top = 0;
  double height = 0;
  double band_height = 0;
};

// Between two neighbouring columns.
struct ChartBand {
  std::size_t from = 0;  // index in the left column
  std::size_t to = 0;    // index in the right one
  std::uint64_t weight = 0;
  bool is_marked = false;

  double from_top = 0;
  double to_top = 0;
  double height = 0;
};

struct FlowChart {
  std::vector<ChartNode> columns[3];
  std::vector<ChartBand> bands[2];
  double height = 0;
};

// Sorts the columns so that few bands cross, with marked nodes at the bottom, and gives everything
// its place. Weights become heights by one measure; what is too thin to be seen is made wider.
void lay_out(FlowChart& chart);

}  // namespace assent::gateway

#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/flow_chart.hpp"
#include "gateway/transfers.hpp"

namespace assent::gateway {

// As the id of a mechanism in a chart: what nothing makes lawful.
inline constexpr std::string_view no_mechanism = "none";

struct ChartLabel {
  std::string name;
  std::vector<std::string> more;  // lines below it
};

// A report, grouped by paths, as a chart of three columns: people's countries, mechanisms,
// importers with their countries. A column of very many shows the largest, and what is unlawful.
class TransfersChart {
 public:
  // `names` must outlive it.
  TransfersChart(const TransferReport& report, const TransferNames& names);

  [[nodiscard]] const FlowChart& chart() const { return chart_; }
  [[nodiscard]] ChartLabel label(std::size_t column, const ChartNode& node) const;
  [[nodiscard]] std::set<std::string> mechanisms() const;

 private:
  static constexpr std::size_t columns = 3;
  using Ids = std::array<std::string, columns>;

  // What is known of one id in one column.
  struct Entry {
    ChartNode node;
    CdrTransfer sample;
    bool has_unlawful = false;
  };

  [[nodiscard]] static Ids ids_of(const TransferGroup& group);
  void weigh(const TransferGroup& group);
  void choose(std::size_t column);
  void connect(const TransferGroup& group);
  [[nodiscard]] std::size_t index(std::size_t column, const std::string& id) const;
  [[nodiscard]] std::string place_name(const std::string& code) const;
  [[nodiscard]] std::string rows_of(const std::string& mechanism) const;
  [[nodiscard]] ChartLabel importer_label(const CdrTransfer& way, const std::string& bytes) const;

  const TransferNames& names_;
  FlowChart chart_;
  std::array<std::map<std::string, Entry>, columns> entries_;
  std::array<std::map<std::string, std::size_t>, columns> index_;
  std::array<std::size_t, columns> folded_{};           // that are shown as one
  std::map<std::string, std::set<std::string>> notes_;  // by mechanism: rows, or why not
};

}  // namespace assent::gateway

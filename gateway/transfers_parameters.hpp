#pragma once

#include <optional>
#include <string>
#include <string_view>

// What is asked of transfers, in the words of the API's query and of the command line.
namespace assent::gateway {

enum class TransferGrouping : unsigned char { paths, subject, processor, mechanism, countries };
[[nodiscard]] std::optional<TransferGrouping> parse_grouping(std::string_view word);
[[nodiscard]] std::string_view to_string(TransferGrouping grouping);

// What is wrong with a parameter of GET /v1/transfers, if anything; it says which.
[[nodiscard]] std::optional<std::string> transfers_parameter_fault(std::string_view name,
                                                                   std::string_view value);

}  // namespace assent::gateway

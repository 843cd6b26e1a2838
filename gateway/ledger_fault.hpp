#pragma once

#include <boost/system/result.hpp>
#include <filesystem>
#include <string>
#include <system_error>

#include "gateway/fault.hpp"

namespace assent::gateway {

// What was asked of the ledger's files, or the one thing that stands in the way: which file, and
// the way to mend it.
template <class T>
using Ledgered = boost::system::result<T, Fault>;

[[nodiscard]] Fault file_fault(const std::filesystem::path& file, std::string what,
                               std::string remedy);
[[nodiscard]] Fault disk_fault(const std::filesystem::path& file, const std::error_code& error);
[[nodiscard]] std::error_code last_disk_error();  // errno

// All of a small file.
[[nodiscard]] Ledgered<std::string> read_whole(const std::filesystem::path& file);

}  // namespace assent::gateway

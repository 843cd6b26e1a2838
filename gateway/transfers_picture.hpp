#pragma once

#include <string>

#include "gateway/transfers.hpp"

namespace assent::gateway {

// Who sent what where, as an SVG for a report: from the countries of the people, by the mechanism
// that makes it lawful, to the importers and their countries; as wide as there were bytes. What
// nothing makes lawful is hatched, outlined and named. Colours are its own, also on a dark page; no
// scripts, no links, nothing from elsewhere. `report`: grouped by paths.
[[nodiscard]] std::string transfers_picture(const TransferReport& report,
                                            const TransferNames& names, WallTime now);

}  // namespace assent::gateway

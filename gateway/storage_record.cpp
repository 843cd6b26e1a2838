#include "gateway/storage_record.hpp"

#include <stdexcept>

namespace assent::gateway {

std::string_view to_string(StorageError error) {
  switch (error) {
    case StorageError::queue_full:
      return "queue_full";
    case StorageError::unavailable:
      return "unavailable";
    case StorageError::verifying:
      return "the ledger is being verified";
    case StorageError::duplicate:
      return "duplicate";
    case StorageError::too_large:
      return "too_large";
    case StorageError::closed:
      return "closed";
  }
  return "unknown";
}

void throw_exception_from_error(StorageError error, const boost::source_location&) {
  throw std::logic_error("value() of a result that holds " + std::string(to_string(error)));
}

}  // namespace assent::gateway

#include "gateway/json_fault.hpp"

#include <stdexcept>

namespace assent::gateway {

void throw_exception_from_error(const JsonFault& fault, const boost::source_location&) {
  throw std::logic_error("value() of a result that holds a fault at " + fault.pointer);
}

}  // namespace assent::gateway

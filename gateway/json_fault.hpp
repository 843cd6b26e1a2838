#pragma once

#include <boost/assert/source_location.hpp>
#include <string>

namespace assent::gateway {

// What is wrong with a JSON text that is not what it should be: a JSON pointer and what is there.
struct JsonFault {
  std::string pointer;
  std::string what;  // "is missing"
};

// value() of a result that holds a fault is a programming error of the caller.
[[noreturn]] void throw_exception_from_error(const JsonFault& fault,
                                             const boost::source_location& location);

}  // namespace assent::gateway

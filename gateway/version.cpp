#include "gateway/version.hpp"

namespace assent::gateway {

std::string_view version() {
  return ASSENT_VERSION;
}

}  // namespace assent::gateway

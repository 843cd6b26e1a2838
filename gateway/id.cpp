#include "gateway/id.hpp"

#include <algorithm>

namespace assent::gateway {

bool is_id(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '~' || c == '-';
  };
  return !text.empty() && text.size() <= id_bytes_max && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace assent::gateway

#include "media/ice_check.hpp"

#include <algorithm>

namespace assent::media {
namespace {

IceAnswer sealed(StunWriter& writer, std::string_view password) {
  IceAnswer answer;
  const auto bytes = writer.seal(password);
  answer.size = bytes.size();
  std::ranges::copy(bytes, answer.bytes.begin());
  return answer;
}

bool names(std::string_view username, std::string_view local, std::string_view remote) {
  return username.size() == local.size() + 1 + remote.size() && username.starts_with(local) &&
         username[local.size()] == ':' && username.ends_with(remote);
}

}  // namespace

bool is_check_for(const StunMessage& check, std::string_view local_ufrag,
                  std::string_view remote_ufrag, std::string_view password) {
  return check.kind == StunClass::request && check.method == stun_binding &&
         names(check.username, local_ufrag, remote_ufrag) && is_authentic(check, password);
}

IceAnswer answer_check(const StunMessage& check, const Endpoint& from, std::string_view password) {
  StunWriter success{StunClass::success, check.transaction};
  success.mapped(from);
  return sealed(success, password);
}

IceAnswer refuse_check(const StunMessage& check, StunError why, std::string_view password) {
  StunWriter writer{StunClass::error, check.transaction};
  writer.error(why);
  if (why == StunError::unknown_attribute)
    writer.unknown(std::span{check.unknown}.first(check.unknown_count));
  return sealed(writer, password);
}

}  // namespace assent::media

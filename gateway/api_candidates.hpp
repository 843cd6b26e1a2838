#pragma once

#include "gateway/api.hpp"

namespace assent::gateway {

// ICE candidates that are said after their description (trickle, RFC 8838).
void bind_candidates(Dispatcher& dispatcher, ApiBackend& backend);

}  // namespace assent::gateway

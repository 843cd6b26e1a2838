#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace assent::gateway {

// When a delivery is attempted again that failed `attempts` times (from 1): after 5 s, 10 s, 20 s
// and so on up to an hour, each longer or shorter by up to a fifth, so that what failed together
// does not come back together. Nothing: it is `age` old and given up, which is after three days.
// `chance` in [0, 1) is drawn by the caller.
[[nodiscard]] std::optional<std::chrono::milliseconds> webhook_pause(std::uint32_t attempts,
                                                                     std::chrono::milliseconds age,
                                                                     double chance);

}  // namespace assent::gateway

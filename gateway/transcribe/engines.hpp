#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "gateway/transcribe/config.hpp"
#include "gateway/transcribe/engine.hpp"

namespace assent::transcribe {

// Nothing: it cannot be had, for reasons that a fault of the configuration gives, or the system's.
[[nodiscard]] std::unique_ptr<Engine> make_pocketsphinx(const PocketSphinxConfig& config);
[[nodiscard]] std::unique_ptr<Engine> make_command(const CommandConfig& config);

}  // namespace assent::transcribe

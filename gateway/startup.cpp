#include "gateway/startup.hpp"

#include <iterator>
#include <utility>

#include "gateway/token_files.hpp"

namespace assent::gateway {

std::optional<Config> prepare_to_serve(const std::filesystem::path& file,
                                       const Surroundings& surroundings, Faults& faults) {
  Config config =
      file.empty() ? default_config(surroundings, faults) : load_config(file, surroundings, faults);
  if (!faults.empty()) return std::nullopt;  // nothing is made for a file that is wrong
  make_directories(config, faults);
  if (!faults.empty()) return std::nullopt;
  if (!config.api.token_directory.empty()) {
    auto made = load_or_make_tokens(config.api.token_directory, faults);
    std::move(made.begin(), made.end(), std::back_inserter(config.api.tokens));
  }
  if (!faults.empty()) return std::nullopt;
  return config;
}

}  // namespace assent::gateway

#include "gateway/startup.hpp"

#include <iterator>
#include <utility>

#include "gateway/policy_of_config.hpp"
#include "gateway/token_files.hpp"

namespace assent::gateway {

std::optional<Prepared> prepare_to_serve(const std::filesystem::path& file,
                                         const Surroundings& surroundings, policy::WallTime now,
                                         Faults& faults) {
  Config config =
      file.empty() ? default_config(surroundings, faults) : load_config(file, surroundings, faults);
  auto loaded = policy_of_config(config, now, faults);
  if (!loaded || !faults.empty()) return std::nullopt;
  make_directories(config, faults);
  if (!faults.empty()) return std::nullopt;
  if (!config.api.token_directory.empty()) {
    auto made = load_or_make_tokens(config.api.token_directory, faults);
    std::move(made.begin(), made.end(), std::back_inserter(config.api.tokens));
  }
  if (!faults.empty()) return std::nullopt;
  return Prepared{std::move(config), std::move(*loaded)};
}

void log_preparation(const Prepared& prepared, Log& log) {
  const Config& config = prepared.config;
  log.info("start.configuration", {{"file", OperatorText{config.file}},
                                   {"policy", OperatorText{prepared.policy.rules.hash}}});
  if (!config.api.token_directory.empty()) {
    log.info("start.tokens", {{"directory", OperatorText{config.api.token_directory.native()}}});
  }
  for (const std::string& warning : prepared.policy.warnings) {
    log.warning("start.warning", {{"what", OperatorText{warning}}});
  }
}

}  // namespace assent::gateway

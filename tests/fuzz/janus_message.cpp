#include "gateway/janus_message.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/id.hpp"

using namespace assent::gateway;

// Whatever a message holds, an id made of it is one of the gateway's, or none.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (!is_id(janus_plugin(text))) std::abort();
  auto message = parse_janus(text, from_janus_server);
  if (!message) return 0;
  (void)take_transaction_number(*message);
  for (const auto& [name, value] : *message) {
    const std::string_view field{name.data(), name.size()};
    const auto id = janus_id(*message, field);
    if (!id.empty() && !is_id(id)) std::abort();
    if (!is_id("videoroom-" + (id.empty() ? "x" : id))) std::abort();
    if (janus_number(*message, field) && !janus_word(*message, field).empty()) std::abort();
    if (const auto* inner = janus_object(*message, field)) (void)janus_flag(*inner, "e2ee");
  }
  return 0;
}

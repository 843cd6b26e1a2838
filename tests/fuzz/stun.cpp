#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "media/byte_order.hpp"
#include "media/ice.hpp"
#include "media/ice_agent.hpp"

using namespace assent::media;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::uint32_t crc32(std::span<const std::byte> bytes) {
  std::uint32_t sum = 0xFFFFFFFF;
  for (const auto byte : bytes) {
    sum ^= std::to_integer<std::uint32_t>(byte);
    for (int i = 0; i < 8; ++i)
      sum = (sum & 1U) != 0 ? (sum >> 1) ^ 0xEDB88320U : sum >> 1;
  }
  return ~sum;
}

// With the length, the cookie and the FINGERPRINT that let it through to what is read behind them.
std::vector<std::byte> made_plausible(std::span<const std::byte> bytes) {
  std::vector<std::byte> message(bytes.begin(), bytes.end());
  message.resize(std::max<std::size_t>(20, (message.size() + 3) & ~std::size_t{3}));
  store_be16(message, 2, static_cast<std::uint16_t>(message.size() - 20 + 8));
  store_be32(message, 4, 0x2112A442);
  const auto sum = crc32(message) ^ 0x5354554E;
  message.resize(message.size() + 8);
  store_be32(message, message.size() - 8, 0x80280004);
  store_be32(message, message.size() - 4, sum);
  return message;
}

void read(std::span<const std::byte> bytes) {
  volatile std::size_t seen = 0;
  if (const auto message = parse_stun(bytes)) {
    require(message->unknown_count <= stun_unknown_max);
    require(message->integrity_at == 0 || message->integrity_at + 24 <= bytes.size());
    require(message->username.size() <= bytes.size());
    for (const char c : message->asked())
      seen = seen + static_cast<unsigned char>(c);
    require(!is_authentic(*message, ""));
    seen = seen + (is_authentic(*message, "VOkJxbRl1RmTxUk/WvJxBt") ? 1 : 0);
  }
  // Nothing that is not authentic is answered or remembered.
  IceAgent full{{"gateway1", "a-password-nobody-has-24"},
                "peer",
                {"another-password-of-24ch",
                 false,
                 IceRole::controlled,
                 {*parse_endpoint("192.0.2.2", 1)},
                 {{*parse_endpoint("192.0.2.1", 1), 1}},
                 [](std::span<std::byte> random) { std::ranges::fill(random, std::byte{7}); }}};
  std::vector<IceDatagram> out;
  full.handle_timeout(TimePoint{}, out);
  out.clear();
  require(!full.handle(TimePoint{}, *parse_endpoint("192.0.2.1", 1), bytes, out));
  require(out.empty() && full.pairs() == 1 && !full.selected());
  require(!full.is_valid(*parse_endpoint("192.0.2.1", 1)));
  IceLite agent{{"gateway1", "a-password-nobody-has-24"}, "peer"};
  require(agent.handle(TimePoint{}, *parse_endpoint("192.0.2.1", 1), bytes).size == 0);
  require(!agent.selected());
}

}  // namespace

// Anybody can send these.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span{data, size});
  read(bytes);
  read(made_plausible(bytes));
  return 0;
}

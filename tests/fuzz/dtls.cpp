#include "media/dtls.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace assent::media;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

const DtlsIdentity& identity() {
  static const DtlsIdentity made =
      *DtlsIdentity::make(std::chrono::seconds{1'800'000'000}, [](std::span<std::byte> bytes) {
        for (auto& byte : bytes)
          byte = std::byte{7};
      });
  return made;
}

}  // namespace

// Datagrams of a peer that passed ICE and is up to no good: two-byte lengths, then the datagram.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto role = (data[0] & 1) != 0 ? DtlsRole::client : DtlsRole::server;
  auto rest = std::as_bytes(std::span{data, size}).subspan(1);
  DtlsSession session{identity(), role, {identity().fingerprint()}};
  session.begin();
  while (rest.size() >= 2) {
    const std::size_t wanted =
        std::to_integer<std::size_t>(rest[0]) << 8 | std::to_integer<std::size_t>(rest[1]);
    rest = rest.subspan(2);
    const auto datagram = rest.first(std::min(wanted, rest.size()));
    rest = rest.subspan(datagram.size());
    session.handle(datagram);
    for (const auto& outgoing : session.take_outgoing())
      require(outgoing.size() <= dtls_bytes_max);
  }
  require(!session.keys());  // nobody here holds a key
  return 0;
}

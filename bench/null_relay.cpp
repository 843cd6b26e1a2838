// The least a relay can do: what comes in on one leg's socket goes out of the other's. The limit
// that a gateway is measured against, with and without the bare cryptography of the same calls.
//   bench_null_relay sendto|mmsg|gso
// reads one line of JSON, {"calls":[{"client":{"peer":port,"open":{"suite":..,"key":..}?,
// "seal":{..}?},"server":{..}}...]} (open: what the peer sends; seal: what it expects), prints
// {"calls":[{"client":port,"server":port}...]}, and relays until its input ends.
//   sendto  readiness, recvfrom and sendto of one datagram
//   mmsg    readiness, recvmmsg and sendmmsg of up to 32
//   gso     the same with UDP_GRO and UDP_SEGMENT: neighbours travel as one (plain RTP only)
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <exception>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/bare_srtp.hpp"
#include "bench/udp_socket.hpp"

namespace assent::bench {
namespace {

namespace json = boost::json;

constexpr std::size_t batch = 32;
constexpr std::size_t datagram_bytes_max = 1500;
constexpr std::size_t coalesced_bytes_max = 65'535;
constexpr std::uint64_t input_ended = ~std::uint64_t{0};

struct Leg {
  UdpSocket socket;
  sockaddr_in peer{};
  std::optional<BareSrtp> open;
  std::optional<BareSrtp> seal;
  std::uint64_t last_index = 0;
};

std::optional<BareSrtp> crypto_of(const json::object& side, std::string_view use) {
  const json::value* keys = side.if_contains(use);
  if (keys == nullptr || keys->is_null()) return std::nullopt;
  auto crypto = BareSrtp::from_inline(keys->at("suite").as_string(), keys->at("key").as_string());
  if (!crypto) throw std::invalid_argument{"unknown suite, or a key that does not fit it"};
  return crypto;
}

// Legs 2n and 2n+1 are one call's.
std::vector<Leg> legs_of(const json::array& calls) {
  std::vector<Leg> legs;
  for (const json::value& call : calls) {
    for (const std::string_view name : {"client", "server"}) {
      const json::object& side = call.at(name).as_object();
      Leg leg;
      leg.peer = loopback_address(side.at("peer").to_number<std::uint16_t>());
      leg.open = crypto_of(side, "open");
      leg.seal = crypto_of(side, "seal");
      legs.push_back(std::move(leg));
    }
  }
  return legs;
}

json::object ports_of(const std::vector<Leg>& legs) {
  json::array calls;
  for (std::size_t i = 0; i < legs.size(); i += 2) {
    calls.push_back(
        json::object{{"client", legs[i].socket.port()}, {"server", legs[i + 1].socket.port()}});
  }
  return {{"calls", std::move(calls)}};
}

// Decrypts and encrypts in place; 0 drops the packet.
std::size_t recrypt(Leg& from, Leg& to, std::span<std::byte> buffer, std::size_t bytes) {
  if (!from.open && !to.seal) return bytes;
  if (bytes < rtp_header_bytes) return 0;
  const auto sequence = static_cast<std::uint16_t>(std::to_integer<unsigned>(buffer[2]) << 8 |
                                                   std::to_integer<unsigned>(buffer[3]));
  from.last_index = extend_sequence(from.last_index, sequence);
  if (from.open) bytes = from.open->unprotect(buffer.first(bytes), from.last_index);
  if (bytes != 0 && to.seal) bytes = to.seal->protect(buffer, bytes, from.last_index);
  return bytes;
}

void relay_one(Leg& from, Leg& to) {
  std::array<std::byte, datagram_bytes_max + tag_bytes_max> buffer;
  const ssize_t received =
      recvfrom(from.socket.fd(), buffer.data(), datagram_bytes_max, 0, nullptr, nullptr);
  if (received < 0) return;
  const std::size_t bytes = recrypt(from, to, buffer, static_cast<std::size_t>(received));
  if (bytes == 0) return;
  sendto(to.socket.fd(), buffer.data(), bytes, 0, reinterpret_cast<const sockaddr*>(&to.peer),
         sizeof to.peer);
}

// Headers are filled once; a call sets only what it changes.
struct Batch {
  std::array<std::array<std::byte, datagram_bytes_max + tag_bytes_max>, batch> buffers;
  std::array<mmsghdr, batch> in{};
  std::array<mmsghdr, batch> out{};
  std::array<iovec, batch> in_vectors;
  std::array<iovec, batch> out_vectors;

  Batch() {
    for (std::size_t i = 0; i < batch; ++i) {
      in_vectors[i] = {buffers[i].data(), datagram_bytes_max};
      in[i].msg_hdr.msg_iov = &in_vectors[i];
      out[i].msg_hdr.msg_iov = &out_vectors[i];
      in[i].msg_hdr.msg_iovlen = out[i].msg_hdr.msg_iovlen = 1;
      out[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
    }
  }
};

void relay_batch(Leg& from, Leg& to) {
  static Batch at_hand;
  const int received = recvmmsg(from.socket.fd(), at_hand.in.data(), batch, 0, nullptr);
  unsigned out = 0;
  for (std::size_t i = 0; received > 0 && i < static_cast<std::size_t>(received); ++i) {
    const std::size_t bytes = recrypt(from, to, at_hand.buffers[i], at_hand.in[i].msg_len);
    if (bytes == 0) continue;
    at_hand.out_vectors[out] = {at_hand.buffers[i].data(), bytes};
    at_hand.out[out].msg_hdr.msg_name = &to.peer;
    ++out;
  }
  if (out != 0) sendmmsg(to.socket.fd(), at_hand.out.data(), out, 0);
}

void relay_coalesced(Leg& from, Leg& to) {
  static std::array<std::byte, coalesced_bytes_max> buffer;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec vector{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t received = recvmsg(from.socket.fd(), &message, 0);
  if (received <= 0) return;
  int segment = 0;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c))
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
      std::memcpy(&segment, CMSG_DATA(c), sizeof segment);
  vector.iov_len = static_cast<std::size_t>(received);
  message.msg_name = &to.peer;
  message.msg_namelen = sizeof to.peer;
  message.msg_controllen = 0;
  if (segment != 0 && segment < received) {
    const auto size = static_cast<std::uint16_t>(segment);
    message.msg_controllen = CMSG_SPACE(sizeof size);
    cmsghdr* out = CMSG_FIRSTHDR(&message);
    out->cmsg_level = SOL_UDP;
    out->cmsg_type = UDP_SEGMENT;
    out->cmsg_len = CMSG_LEN(sizeof size);
    std::memcpy(CMSG_DATA(out), &size, sizeof size);
  }
  sendmsg(to.socket.fd(), &message, 0);
}

void watch(int epoll, int fd, std::uint64_t what) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = what;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

void relay_until_input_ends(std::vector<Leg>& legs, void (*relay)(Leg&, Leg&)) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  for (std::size_t i = 0; i < legs.size(); ++i)
    watch(epoll, legs[i].socket.fd(), i);
  watch(epoll, STDIN_FILENO, input_ended);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno != EINTR) return;
    for (int i = 0; i < ready; ++i) {
      const std::uint64_t what = events[static_cast<std::size_t>(i)].data.u64;
      if (what == input_ended) return;
      relay(legs[what], legs[what ^ 1]);
    }
  }
}

int serve(std::string_view mode) {
  void (*relay)(Leg&, Leg&) = mode == "sendto" ? relay_one
                              : mode == "mmsg" ? relay_batch
                              : mode == "gso"  ? relay_coalesced
                                               : nullptr;
  std::string line;
  if (relay == nullptr || !std::getline(std::cin, line)) return 2;
  std::vector<Leg> legs = legs_of(json::parse(line).at("calls").as_array());
  if (relay == relay_coalesced)
    for (const Leg& leg : legs)
      leg.socket.receive_coalesced();
  std::cout << json::serialize(ports_of(legs)) << std::endl;
  relay_until_input_ends(legs, relay);
  return 0;
}

}  // namespace
}  // namespace assent::bench

int main(int argc, char** argv) {
  try {
    if (argc == 2) return assent::bench::serve(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << "bench_null_relay: " << error.what() << '\n';
    return 1;
  }
  std::cerr << "usage: bench_null_relay sendto|mmsg|gso\n";
  return 2;
}

#pragma once

#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gateway/udp_port.hpp"
#include "media/byte_order.hpp"
#include "media/rtp.hpp"
#include "media/srtp.hpp"
#include "tests/gateway/running_service.hpp"

namespace assent::gateway::test {

using Bytes = std::vector<std::byte>;

inline media::Endpoint loopback(std::uint16_t port) {
  return *media::parse_endpoint("127.0.0.1", port);
}

// A UDP socket of a test.
class Socket {
 public:
  Socket() : port_{*UdpPort::bind(loopback(0))} {}

  [[nodiscard]] std::uint16_t port() const { return port_.local().port; }
  [[nodiscard]] int descriptor() const { return port_.descriptor(); }

  void send(const Bytes& bytes, std::uint16_t to) {
    const Dispatch one{bytes, loopback(to)};
    batch_.send(port_, {&one, 1}, [](std::size_t) {});
  }
  // The next datagram, or nothing within the time.
  std::optional<Bytes> receive(std::chrono::milliseconds within = std::chrono::seconds{2}) {
    if (waiting_.empty()) read(within);
    if (waiting_.empty()) return std::nullopt;
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    return next;
  }

 private:
  // The kernel hands neighbours over in one piece (UDP_GRO).
  void read(std::chrono::milliseconds within) {
    pollfd ready{port_.descriptor(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(within.count())) <= 0) return;
    Bytes bytes(65'536);
    iovec vector{bytes.data(), bytes.size()};
    std::array<std::byte, 256> control;
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const auto size = ::recvmsg(port_.descriptor(), &header, 0);
    if (size < 0) return;
    bytes.resize(static_cast<std::size_t>(size));
    std::size_t segment = bytes.size();
    for (auto* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
      if (c->cmsg_level != IPPROTO_UDP) continue;
      int gro = 0;
      std::memcpy(&gro, CMSG_DATA(c), sizeof gro);
      segment = static_cast<std::size_t>(gro);
    }
    for (std::size_t at = 0; at < bytes.size(); at += segment) {
      const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(at);
      const auto length = std::min(segment, bytes.size() - at);
      waiting_.emplace_back(from, from + static_cast<std::ptrdiff_t>(length));
    }
  }

  std::deque<Bytes> waiting_;
  UdpPort port_;
  SendBatch batch_;
};

// An Opus packet of 20 ms (RFC 6716: CELT, fullband) with recognisable content.
inline Bytes opus_rtp(std::uint16_t sequence, std::uint32_t ssrc) {
  Bytes packet(12 + 40, static_cast<std::byte>(sequence));
  packet[0] = std::byte{0x80};
  packet[1] = std::byte{111};
  media::store_be16(packet, 2, sequence);
  media::store_be32(packet, 4, sequence * 960U);
  media::store_be32(packet, 8, ssrc);
  packet[12] = std::byte{0xf8};
  return packet;
}

inline std::string sdp(std::uint16_t port, std::string_view profile = "RTP/AVP",
                       std::string_view more = {}) {
  return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio " +
         std::to_string(port) + " " + std::string(profile) +
         " 111\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-mux\r\n" + std::string(more);
}

inline std::uint16_t port_in(const std::string& description) {
  return static_cast<std::uint16_t>(
      std::stoi(description.substr(description.find("m=audio ") + 8)));
}

// A participant with a phone and its place on the conference server, both sockets of the test.
struct Caller {
  Caller(RunningService& service, const std::string& room, const std::string& name,
         std::uint32_t id)
      : path{"/v1/rooms/" + room + "/participants/" + name}, ssrc{id} {
    service.ask("PUT", path,
                R"({"subject": "s-)" + name +
                    R"(", "minor": false, "jurisdictions": {"declared": ["NL"]}})");
  }

  // Plain RTP on both sides.
  void connect(RunningService& service) {
    const auto offered = service.ask("POST", path + "/offer", offer_body(sdp(phone.port())));
    at_server = port_in(std::string(offered.at("sdp").as_string()));
    const auto answered = service.ask("POST", path + "/answer", answer_body(sdp(server.port())));
    at_client = port_in(std::string(answered.at("sdp").as_string()));
  }
  void speak() { phone.send(opus_rtp(next++, ssrc), at_client); }

  static std::string offer_body(const std::string& text, std::string_view toward = {}) {
    boost::json::object body{{"from", "client"}, {"sdp", text}};
    if (!toward.empty()) body["transport"] = toward;
    return boost::json::serialize(body);
  }
  static std::string answer_body(const std::string& text) {
    return boost::json::serialize(boost::json::object{{"sdp", text}});
  }

  std::string path;
  std::uint32_t ssrc;
  Socket phone;
  Socket server;
  std::uint16_t at_client = 0;  // the gateway's ports
  std::uint16_t at_server = 0;
  std::uint16_t next = 1;
};

}  // namespace assent::gateway::test

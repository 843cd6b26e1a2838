// Load generator and receiver: carries calls through whatever stands between, on one pinned core.
// A conversation on standard input and output, one JSON object a line each way, so that a driver
// can signal the calls to the relay between "open" and "connect":
//   {"command":"open","calls":200,"sockets_per_side":0}     0: a socket a call and side
//       -> {"client":[port...],"server":[port...]}
//   {"command":"connect","payload_bytes":160,"directions":"both"|"up"|"down","calls":[
//       {"client":{"to":port,"seal":{"suite":..,"key":base64}?,"open":{..}?},"server":{..}}...]}
//       -> {"flows":400}
//   {"command":"run","packets":N,"window":256 | "rate":50000,"burst":1,"relay":pid}
//       -> counts, times, latency
//   {"command":"quit"}
#include <boost/json.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "bench/converse.hpp"
#include "bench/traffic.hpp"

namespace assent::bench {
namespace {

namespace json = boost::json;

std::optional<BareSrtp> crypto_of(const json::object& side, std::string_view use) {
  const json::value* keys = side.if_contains(use);
  if (keys == nullptr || keys->is_null()) return std::nullopt;
  auto crypto = BareSrtp::from_inline(keys->at("suite").as_string(), keys->at("key").as_string());
  if (!crypto) throw std::invalid_argument{"unknown suite, or a key that does not fit it"};
  return crypto;
}

class Conversation {
 public:
  json::object answer(const json::object& request) {
    const std::string_view command = request.at("command").as_string();
    if (command == "open") return open(request);
    if (command == "connect") return connect(request);
    if (command == "run") return run(request);
    throw std::invalid_argument{"unknown command"};
  }

 private:
  json::object open(const json::object& request) {
    traffic_.reset();
    sockets_.clear();
    calls_ = request.at("calls").to_number<std::size_t>();
    per_side_ = request.at("sockets_per_side").to_number<std::size_t>();
    if (per_side_ == 0) per_side_ = calls_;
    for (std::size_t i = 0; i < 2 * per_side_; ++i)
      sockets_.emplace_back();
    json::array client;
    json::array server;
    for (std::size_t call = 0; call < calls_; ++call) {
      client.emplace_back(client_socket(call).port());
      server.emplace_back(server_socket(call).port());
    }
    return {{"client", std::move(client)}, {"server", std::move(server)}};
  }

  json::object connect(const json::object& request) {
    const std::string_view directions = request.at("directions").as_string();
    const json::array& calls = request.at("calls").as_array();
    if (calls.size() != calls_) throw std::invalid_argument{"not the calls that were opened"};
    std::vector<Flow> flows;
    if (directions != "down") add_flows(flows, calls, "client", "server");
    if (directions != "up") add_flows(flows, calls, "server", "client");
    const std::size_t count = flows.size();
    traffic_ = std::make_unique<Traffic>(std::move(flows), sockets_,
                                         request.at("payload_bytes").to_number<std::size_t>());
    return {{"flows", count}};
  }

  // Sequence numbers start above zero: some receivers take a first packet of zero for none.
  void add_flows(std::vector<Flow>& flows, const json::array& calls, std::string_view from,
                 std::string_view to) {
    constexpr std::uint64_t first_index = 1000;
    for (std::size_t call = 0; call < calls_; ++call) {
      const json::object& sender = calls[call].at(from).as_object();
      const json::object& receiver = calls[call].at(to).as_object();
      const UdpSocket& socket = from == "client" ? client_socket(call) : server_socket(call);
      flows.push_back({socket.fd(), sender.at("to").to_number<std::uint16_t>(),
                       crypto_of(sender, "seal"), crypto_of(receiver, "open"), first_index});
    }
  }

  json::object run(const json::object& request) {
    if (!traffic_) throw std::invalid_argument{"run before connect"};
    RunOrder order;
    order.packets = request.at("packets").to_number<std::size_t>();
    if (const auto* burst = request.if_contains("burst"))
      order.burst = burst->to_number<std::size_t>();
    if (const auto* window = request.if_contains("window"))
      order.window = window->to_number<std::size_t>();
    if (const auto* rate = request.if_contains("rate")) order.rate = rate->to_number<double>();
    if (const auto* relay = request.if_contains("relay")) order.relay = relay->to_number<pid_t>();
    const RunResult result = traffic_->run(order);
    return {{"sent", result.sent},
            {"received", result.received},
            {"duplicated", result.duplicated},
            {"unknown", result.unknown},
            {"verified", result.verified},
            {"corrupt", result.corrupt},
            {"seconds", result.seconds},
            {"relay_cpu_seconds", result.relay_cpu_seconds},
            {"generator_spare", result.generator_spare},
            {"latency_p50_us", result.latency_p50_us},
            {"latency_p99_us", result.latency_p99_us},
            {"latency_p999_us", result.latency_p999_us},
            {"latency_max_us", result.latency_max_us}};
  }

  [[nodiscard]] const UdpSocket& client_socket(std::size_t call) const {
    return sockets_[call % per_side_];
  }
  [[nodiscard]] const UdpSocket& server_socket(std::size_t call) const {
    return sockets_[per_side_ + call % per_side_];
  }

  std::size_t calls_ = 0;
  std::size_t per_side_ = 0;
  std::vector<UdpSocket> sockets_;  // client side first
  std::unique_ptr<Traffic> traffic_;
};

}  // namespace
}  // namespace assent::bench

int main(int argc, char** argv) {
  if (argc > 2) {
    std::cerr << "usage: bench_relay_load [CORE]\n";
    return 2;
  }
  if (argc == 2) assent::bench::pin_to_core(std::atoi(argv[1]));
  assent::bench::Conversation conversation;
  assent::bench::converse(conversation);
  return 0;
}

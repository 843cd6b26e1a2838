// The clients, talkers and sink of bench/withdrawals, which starts the gateway and speaks with this
// program on standard input and output, one JSON object a line each way:
//   {"command":"open"}
//       -> {"phone":port,"server":port,"sink":port}                    the sink's RTCP: one above
//   {"command":"run","api":port,"token":..,"purpose":..,"grant":{..},"clients":16,
//    "statements":20000,"rate":20000,"pause_us":2000,"seed":7,
//    "sink_name":..,"people":[{"path":..,"port":..,"ssrc":..}...],"name_cuts":false}
//       -> counts and latencies since "open"; cuts of this run at other sinks with name_cuts
//   {"command":"quit"}
#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "bench/consent_clients.hpp"
#include "bench/consent_sink.hpp"
#include "bench/converse.hpp"
#include "bench/talkers.hpp"

namespace assent::bench {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds talk_on{300};  // after the last withdrawal is answered

json::object latency_of(std::vector<float>& milliseconds) {
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto quantile = [&](double share) {
    const auto last = static_cast<double>(milliseconds.size() - 1);
    return milliseconds[static_cast<std::size_t>(share * last)];
  };
  if (milliseconds.empty()) return {};
  return {{"count", milliseconds.size()},
          {"p50_ms", quantile(0.5)},
          {"p99_ms", quantile(0.99)},
          {"max_ms", milliseconds.back()}};
}

class Conversation {
 public:
  json::object answer(const json::object& request) {
    const std::string_view command = request.at("command").as_string();
    if (command == "open") return open();
    if (command == "run") return run(request);
    throw std::invalid_argument{"unknown command"};
  }

 private:
  json::object open() {
    ports_.emplace();
    sink_.emplace();
    totals_ = {};
    sent_ = 0;
    return {{"phone", ports_->phone.port()},
            {"server", ports_->server.port()},
            {"sink", sink_->port()}};
  }

  json::object run(const json::object& request) {
    if (!sink_) throw std::invalid_argument{"run before open"};
    std::deque<Person> people;
    std::vector<Talkers::Talker> talkers;
    for (const auto& one : request.at("people").as_array()) {
      auto& person = people.emplace_back();
      person.path = one.at("path").as_string();
      person.ssrc = one.at("ssrc").to_number<std::uint32_t>();
      talkers.push_back({one.at("port").to_number<std::uint16_t>(), person.ssrc});
    }
    const auto order = read_order(request);
    sink_->listen_to(people);
    {
      const Talkers talking{ports_->phone, std::move(talkers),
                            request.at("rate").to_number<double>(), order.seed};
      state_consents(order, people, totals_);
      std::this_thread::sleep_for(talk_on);
      sent_ += talking.sent();
    }
    sink_->stop_listening();
    json::object report = totals_so_far(people);
    if (request.at("name_cuts").as_bool()) report["cuts"] = cuts_at_other_sinks(people);
    return report;
  }

  static ConsentOrder read_order(const json::object& request) {
    ConsentOrder order;
    order.api = request.at("api").to_number<std::uint16_t>();
    order.token = request.at("token").as_string();
    order.purpose = request.at("purpose").as_string();
    order.grant = json::serialize(request.at("grant"));
    order.sink = request.at("sink_name").as_string();
    order.clients = request.at("clients").to_number<std::size_t>();
    order.statements = request.at("statements").to_number<std::uint64_t>();
    order.pause = std::chrono::microseconds{request.at("pause_us").to_number<std::int64_t>()};
    order.seed = request.at("seed").to_number<std::uint64_t>();
    order.names_cuts = request.at("name_cuts").as_bool();
    return order;
  }

  json::object totals_so_far(const std::deque<Person>& people) {
    std::uint64_t unjudged = 0;
    std::uint64_t noticed = 0;
    std::uint64_t unnoticed = 0;
    for (const auto& person : people) {
      unjudged += person.history.waiting();
      const auto notices = person.history.notices_falsification();
      if (notices) ++(*notices ? noticed : unnoticed);
    }
    const auto& verdict = sink_->verdict();
    return {{"statements", totals_.grants.size() + totals_.withdrawals.size()},
            {"grants", latency_of(totals_.grants)},
            {"withdrawals", latency_of(totals_.withdrawals)},
            {"withdrawals_that_cut", totals_.cuts},
            {"packets_sent", sent_},
            {"packets_at_sink", verdict.packets},
            {"reports_at_sink", sink_->reports()},
            {"while_deciding", verdict.while_deciding},
            {"after_acknowledgement", verdict.after},
            {"beyond_cut", verdict.beyond},
            {"again_after_cut", verdict.again},
            {"without_grant", verdict.without_grant},
            {"unknown", sink_->unknown()},
            {"unseen", sink_->unseen()},
            {"unjudged", unjudged},
            {"falsifications_noticed", noticed},
            {"falsifications_unnoticed", unnoticed}};
  }

  static json::array cuts_at_other_sinks(const std::deque<Person>& people) {
    json::array all;
    for (const auto& person : people) {
      for (const auto& text : person.withdrawals)
        all.push_back(json::parse(text));
    }
    return all;
  }

  struct Ports {
    UdpSocket phone;
    UdpSocket server;  // the conference server's; what comes there is not read
  };
  std::optional<Ports> ports_;
  std::optional<ConsentSink> sink_;
  ConsentTotals totals_;
  std::uint64_t sent_ = 0;
};

}  // namespace
}  // namespace assent::bench

int main() {
  assent::bench::Conversation conversation;
  assent::bench::converse(conversation);
  return 0;
}

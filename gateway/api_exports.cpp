#include "gateway/api_exports.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "policy/release.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

json::object export_json(const ExportStatus& status, const policy::RuleBook& rules) {
  const ExportConfig& config = status.config;
  json::object out{{"name", config.name}, {"kind", config.kind()}};
  out["processor"] = config.processor;
  out["jurisdiction"] = config.jurisdiction;
  out["view"] = to_string(policy::records_view(rules, config.processor));
  out["records"] = config.interim ? "all" : "last";
  out["sent"] = status.state.sent;
  json::object refused;
  for (const auto& [reason, records] : status.state.refused)
    refused[reason] = records;
  out["refused"] = std::move(refused);
  out["after"] = std::to_string(static_cast<std::int64_t>(status.state.place.after));
  out["state"] = status.disabled ? "disabled" : status.failing ? "failing" : "working";
  return out;
}

asio::awaitable<HttpResponse> get_exports(const Exports& exports, const PolicyInForce& policy) {
  json::array all;
  for (const auto& status : exports.status())
    all.push_back(export_json(status, *policy.rules()));
  co_return json_response(json::serialize(json::object{{"exports", std::move(all)}}));
}

}  // namespace

void bind_exports(Dispatcher& dispatcher, const Exports& exports, const PolicyInForce& policy) {
  dispatcher.bind(Operation::get_exports,
                  [&exports, &policy](const HttpRequest&) { return get_exports(exports, policy); });
}

}  // namespace assent::gateway

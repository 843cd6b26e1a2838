// One object for each participant's call when it has ended, shaped as FreeSWITCH's mod_json_cdr
// writes them (encode-values off), for what rates or files such objects. All values are texts,
// times are in microseconds, as there. What FreeSWITCH would say of names, numbers and its own
// workings is left out: the gateway does not know it.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <utility>

#include "gateway/cdr_form.hpp"
#include "gateway/name_uuid.hpp"
#include "gateway/rfc3339.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

std::string text(std::int64_t number) {
  return std::to_string(number);
}
std::string count(std::uint64_t number) {
  return std::to_string(number);
}

std::int64_t microseconds(WallTime time) {
  return std::chrono::microseconds{time.time_since_epoch()}.count();
}
std::int64_t seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

// "2026-11-26 12:00:00"
std::string stamp(WallTime time) {
  constexpr std::size_t kept = 19;
  constexpr std::size_t between = 10;
  std::string words = to_rfc3339(time).substr(0, kept);
  words[between] = ' ';
  return words;
}

// Its name for it, and Q.850's number or its own.
std::pair<std::string_view, int> hangup_cause_of(const Cdr& cdr) {
  switch (cdr.cause.value_or(CauseForClosing::participant_left)) {
    case CauseForClosing::media_timeout:
      return {"MEDIA_TIMEOUT", 604};
    case CauseForClosing::shutdown:
      return {"MANAGER_REQUEST", 503};
    case CauseForClosing::restart:
      return {"SYSTEM_SHUTDOWN", 501};
    default:
      return {"NORMAL_CLEARING", 16};
  }
}

std::string uuid_of(const Cdr& cdr) {
  std::string name = "call of ";
  name.append(cdr.session).append(" by ").append(cdr.participant).append(" since ");
  return name_uuid(name + text(microseconds(cdr.opened)), cdr.opened);
}

// What came from one side. There can be several lines of one medium.
struct Amount {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
};
using Amounts = std::map<std::pair<std::string, bool>, Amount>;  // by medium; true: the client's

Amounts amounts_of(const Cdr& cdr) {
  Amounts amounts;
  for (const auto& leg : cdr.legs) {
    Amount& amount = amounts[{leg.media, leg.side == "client"}];
    amount.packets += leg.packets;
    amount.bytes += leg.bytes;
  }
  return amounts;
}

json::object statistics(const Amount& amount) {
  return {{"raw_bytes", amount.bytes},
          {"media_bytes", amount.bytes},
          {"packet_count", amount.packets},
          {"media_packet_count", amount.packets}};
}

json::object call_statistics(const Cdr& cdr) {
  json::object of_media;
  for (const auto& [of, amount] : amounts_of(cdr)) {
    const auto& [medium, by_client] = of;
    auto& sides = of_media[medium];
    if (!sides.is_object()) sides = json::object{};
    sides.get_object()[by_client ? "inbound" : "outbound"] = statistics(amount);
  }
  return of_media;
}

void add_times(json::object& variables, const Cdr& cdr) {
  for (const auto& [name, time] : {std::pair{"start", cdr.opened}, std::pair{"answer", cdr.opened},
                                   std::pair{"end", cdr.at}}) {
    const std::string prefix{name};
    variables[prefix + "_stamp"] = stamp(time);
    variables[prefix + "_epoch"] = text(seconds(time));
    variables[prefix + "_uepoch"] = text(microseconds(time));
  }
  const std::int64_t length =
      std::max<std::int64_t>(0, microseconds(cdr.at) - microseconds(cdr.opened));
  constexpr std::int64_t millisecond = 1'000;
  constexpr std::int64_t second = 1'000'000;
  for (const char* name : {"duration", "billsec"})
    variables[name] = text(length / second);
  for (const char* name : {"mduration", "billmsec"})
    variables[name] = text(length / millisecond);
  for (const char* name : {"uduration", "billusec"})
    variables[name] = text(length);
}

void add_media(json::object& variables, const Cdr& cdr) {
  for (const auto& [of, amount] : amounts_of(cdr)) {
    const auto& [medium, by_client] = of;
    // From the participant in; what the conference sends goes out to it.
    std::string prefix = "rtp_";
    prefix.append(medium).append(by_client ? "_in" : "_out");
    variables[prefix + "_media_bytes"] = count(amount.bytes);
    variables[prefix + "_packet_count"] = count(amount.packets);
  }
}

json::object variables_of(const Cdr& cdr) {
  const auto [cause, number] = hangup_cause_of(cdr);
  constexpr int own_causes = 128;
  constexpr int interworking = 127;
  json::object variables{{"direction", "inbound"}, {"uuid", uuid_of(cdr)}};
  variables["conference_name"] = cdr.room;
  variables["conference_uuid"] = name_uuid(cdr.session, WallTime{});
  variables["hangup_cause"] = cause;
  variables["hangup_cause_q850"] = text(number < own_causes ? number : interworking);
  add_times(variables, cdr);
  add_media(variables, cdr);
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) variables["assent_" + name] = value;
  };
  add("session", cdr.session);
  add("participant", cdr.participant);
  add("subject", cdr.subject);
  add("tenant", cdr.tenant);
  add("view", cdr.view);
  add("policy_hash", cdr.policy_hash);
  if (cdr.cause) add("cause_for_closing", std::string(to_string(*cdr.cause)));
  for (const auto& consent : cdr.consents)
    add("consent_" + consent.purpose, consent.state);
  return variables;
}

json::object times_of(const Cdr& cdr) {
  const std::string opened = text(microseconds(cdr.opened));
  json::object times;
  for (const char* name : {"created_time", "profile_created_time", "answered_time", "bridged_time"})
    times[name] = opened;
  for (const char* name : {"progress_time", "progress_media_time", "last_hold_time",
                           "hold_accum_time", "resurrect_time", "transfer_time"})
    times[name] = "0";
  times["hangup_time"] = text(microseconds(cdr.at));
  return times;
}

json::object profile_of(const Cdr& cdr) {
  json::object profile;
  for (const char* name :
       {"dialplan", "caller_id_name", "ani", "aniii", "caller_id_number", "network_addr", "rdnis"})
    profile[name] = "";
  profile["username"] = cdr.participant;
  profile["destination_number"] = cdr.room;
  profile["uuid"] = uuid_of(cdr);
  profile["source"] = "assent";
  profile["context"] = "conference";
  profile["chan_name"] = std::string("assent/").append(cdr.participant);
  return profile;
}

class FreeSwitchWriter final : public CdrWriter {
 public:
  explicit FreeSwitchWriter(std::string gateway) : gateway_{std::move(gateway)} {}

  void add(const Cdr& cdr, std::string& out) override {
    if (cdr.kind != CdrKind::stop || cdr.participant.empty()) return;
    json::object call{{"core-uuid", name_uuid(gateway_, WallTime{})}, {"switchname", gateway_}};
    call["channel_data"] =
        json::object{{"state", "CS_REPORTING"}, {"direction", "inbound"}, {"state_number", "11"}};
    call["callStats"] = call_statistics(cdr);
    call["variables"] = variables_of(cdr);
    json::array applications;
    applications.push_back(json::object{{"app_name", "conference"}, {"app_data", cdr.room}});
    call["app_log"] = json::object{{"applications", std::move(applications)}};
    json::array callflow;
    callflow.push_back(json::object{{"dialplan", ""},
                                    {"profile_index", "1"},
                                    {"caller_profile", profile_of(cdr)},
                                    {"times", times_of(cdr)}});
    call["callflow"] = std::move(callflow);
    out += json::serialize(call) + '\n';
  }

 private:
  std::string gateway_;
};

}  // namespace

std::unique_ptr<CdrWriter> make_freeswitch_writer(const std::string& gateway) {
  return std::make_unique<FreeSwitchWriter>(gateway);
}

}  // namespace assent::gateway

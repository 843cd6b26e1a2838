// Channel events as Asterisk logs them (CEL), in the columns of its sample cel_custom.conf, so that
// what reads such files can read calls through the gateway, too. A participant is a channel, and a
// holding of the room is what links them. Times are seconds since 1970, as without a `dateformat`.
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "gateway/cdr_form.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

constexpr std::string_view application = "Assent";
constexpr std::string_view no_ama = "3";  // AST_AMA_DOCUMENTATION, the default

struct Event {
  std::string_view type;
  WallTime at{};
  std::string_view user_type{};  // of USER_DEFINED
  std::string extra{};           // JSON
};

// Every field is quoted, as CSV_QUOTE does.
void add_field(std::string& line, std::string_view text) {
  line += line.empty() ? "\"" : ",\"";
  for (const char c : text) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

std::string time_text(WallTime time) {
  constexpr std::int64_t second = 1'000;
  const std::int64_t at = time.time_since_epoch().count();
  std::array<char, 48> text{};
  (void)std::snprintf(text.data(), text.size(), "%lld.%06lld", static_cast<long long>(at / second),
                      static_cast<long long>(at % second * second));
  return text.data();
}

std::string channel_of(const Cdr& cdr) {
  std::string name{application};
  name.append("/").append(cdr.participant).append("-").append(cdr.session);
  return name;
}
std::string unique_id_of(const Cdr& cdr) {
  std::string id = cdr.session;
  if (!cdr.participant.empty()) id.append(".").append(cdr.participant);
  return id;
}

// Q.850 §2.2.7, as HANGUP's `hangupcause` has it.
int hangup_cause_of(const Cdr& cdr) {
  constexpr int normal_clearing = 16;
  constexpr int temporary_failure = 41;
  constexpr int recovery_on_timer_expiry = 102;
  switch (cdr.cause.value_or(CauseForClosing::participant_left)) {
    case CauseForClosing::media_timeout:
      return recovery_on_timer_expiry;
    case CauseForClosing::restart:
      return temporary_failure;
    default:
      return normal_clearing;
  }
}

std::string hangup_of(const Cdr& cdr) {
  return json::serialize(json::object{
      {"hangupcause", hangup_cause_of(cdr)}, {"hangupsource", ""}, {"dialstatus", ""}});
}
std::string bridge_of(const Cdr& cdr) {
  return json::serialize(
      json::object{{"bridge_id", cdr.session}, {"bridge_technology", "softmix"}});
}

// What was decided about the participant since: what the change was of, and how consents stand.
std::string change_of(const Cdr& cdr) {
  json::object consents;
  for (const auto& of : cdr.consents)
    consents[of.purpose] = of.state;
  return json::serialize(json::object{{"consents", std::move(consents)}});
}
std::string_view user_type_of(CauseForClosing cause) {
  switch (cause) {
    case CauseForClosing::consent_change:
      return "CONSENT_CHANGE";
    case CauseForClosing::jurisdiction_change:
      return "JURISDICTION_CHANGE";
    case CauseForClosing::policy_change:
      return "POLICY_CHANGE";
    case CauseForClosing::sink_change:
      return "SINK_CHANGE";
    default:
      return {};
  }
}

class CelWriter final : public CdrWriter {
 public:
  void add(const Cdr& cdr, std::string& out) override {
    if (cdr.participant.empty()) {
      if (cdr.kind == CdrKind::stop) add_event(cdr, {"LINKEDID_END", cdr.at}, out);
      return;
    }
    switch (cdr.kind) {
      case CdrKind::start:
        add_event(cdr, {"CHAN_START", cdr.opened}, out);
        add_event(cdr, {"ANSWER", cdr.opened}, out);
        add_event(cdr, {"BRIDGE_ENTER", cdr.opened, {}, bridge_of(cdr)}, out);
        break;
      case CdrKind::interim:
        if (const auto type = user_type_of(cdr.cause.value_or(CauseForClosing::period));
            !type.empty())
          add_event(cdr, {"USER_DEFINED", cdr.at, type, change_of(cdr)}, out);
        break;
      case CdrKind::stop:
        add_event(cdr, {"BRIDGE_EXIT", cdr.at, {}, bridge_of(cdr)}, out);
        add_event(cdr, {"HANGUP", cdr.at, {}, hangup_of(cdr)}, out);
        add_event(cdr, {"CHAN_END", cdr.at}, out);
        break;
    }
  }

 private:
  // eventtype, eventtime, CALLERID(name), (num), (ANI), (RDNIS) and (DNID), CHANNEL(exten),
  // (context), (channame), (appname), (appdata), (amaflags), (accountcode), (uniqueid) and
  // (linkedid), BRIDGEPEER, CHANNEL(userfield), userdeftype, eventextra.
  static void add_event(const Cdr& cdr, const Event& event, std::string& out) {
    std::string line;
    const bool in_room = !cdr.participant.empty();
    add_field(line, event.type);
    add_field(line, time_text(event.at));
    add_field(line, {});  // names and numbers are not the gateway's to know
    add_field(line, cdr.participant);
    for (int i = 0; i < 3; ++i)
      add_field(line, {});
    add_field(line, cdr.room);
    add_field(line, "conference");
    add_field(line, in_room ? channel_of(cdr) : std::string{});
    add_field(line, application);
    add_field(line, cdr.room);
    add_field(line, no_ama);
    add_field(line, cdr.tenant);
    add_field(line, unique_id_of(cdr));
    add_field(line, cdr.session);
    add_field(line, {});
    add_field(line, cdr.subject);
    add_field(line, event.user_type);
    add_field(line, event.extra);
    out += line + '\n';
  }
};

}  // namespace

std::unique_ptr<CdrWriter> make_cel_writer() {
  return std::make_unique<CelWriter>();
}

}  // namespace assent::gateway

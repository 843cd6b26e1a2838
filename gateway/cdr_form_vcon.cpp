// A vCon (draft-ietf-vcon-vcon-core) for each holding of a room: who took part and when, and for
// every consent its lawful basis (draft-howe-vcon-lawful-basis), as it stands now. There is no
// media in it: recordings are the sinks'.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <list>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/cdr_form.hpp"
#include "gateway/name_uuid.hpp"
#include "gateway/pseudonym.hpp"
#include "gateway/rfc3339.hpp"
#include "gateway/sha256.hpp"
#include "policy/jurisdiction.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

// Participations that are kept until their rooms close; beyond, the oldest room's vCon comes as it
// is, and comes again, with the same `uuid` and a later `updated_at`, when there is more of it.
constexpr std::size_t kept_max = 20'000;

struct Stay {
  Cdr last;  // without intervals
  std::vector<std::pair<WallTime, const char*>> history;
};
struct Holding {
  std::string session;
  WallTime opened = WallTime::max();
  WallTime newest{};
  std::optional<WallTime> closed;
  std::string room;
  std::string view;
  std::vector<Stay> stays;  // in the order of their coming
  std::map<std::tuple<std::string, std::string, WallTime>, std::size_t> places{};

  // Whoever comes again stays anew, and is a party anew, with the same `uuid`.
  Stay& stay_of(const Cdr& cdr) {
    const auto [place, is_new] =
        places.try_emplace(std::tuple{cdr.participant, cdr.subject, cdr.opened}, stays.size());
    return is_new ? stays.emplace_back() : stays[place->second];
  }
  [[nodiscard]] bool is_over() const {
    return closed && std::all_of(stays.begin(), stays.end(),
                                 [](const Stay& stay) { return stay.last.kind == CdrKind::stop; });
  }
};

// RFC 8785: names in order. There are no numbers here, and no characters that it escapes otherwise.
json::value in_order(const json::value& value) {
  if (const auto* array = value.if_array()) {
    json::array sorted;
    for (const auto& item : *array)
      sorted.push_back(in_order(item));
    return sorted;
  }
  if (!value.is_object()) return value;
  std::set<std::string> names;
  for (const auto& [name, unused] : value.get_object())
    names.insert(std::string(name));
  json::object sorted;
  for (const auto& name : names)
    sorted[name] = in_order(value.at(name));
  return sorted;
}

std::string_view proof_type_of(const CdrConsent& consent) {
  if (consent.method == "verbal") return "verbal_confirmation";
  if (consent.method == "written") return "signed_document";
  return "external_system";
}

json::object proof_of(const CdrConsent& consent, const std::string& since) {
  json::object data;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) data[name] = value;
  };
  add("receipt", consent.receipt);
  add("method", consent.method);
  add("strength", consent.strength);
  add("notice", consent.notice);
  return {{"proof_type", proof_type_of(consent)}, {"timestamp", since}, {"proof_data", data}};
}

// No statement that holds is permission; what was refused or taken back is said, too.
json::object lawful_basis_of(const CdrConsent& consent, WallTime otherwise) {
  const std::string since = to_rfc3339(consent.since.value_or(otherwise));
  json::object grant{{"purpose", consent.purpose}};
  grant["granted"] = consent.state == "granted";
  grant["granted_at"] = since;
  json::array conditions;
  conditions.push_back(json::value("state: " + consent.state));
  if (consent.giver == "guardian") conditions.push_back("given by the guardian of a minor");
  grant["conditions"] = std::move(conditions);
  json::array grants;
  grants.push_back(std::move(grant));
  json::object basis{{"lawful_basis", "consent"}, {"expiration", nullptr}};
  if (consent.expires) basis["expiration"] = to_rfc3339(*consent.expires);
  basis["purpose_grants"] = std::move(grants);
  json::array proofs;
  if (!consent.method.empty() && consent.state == "granted")
    proofs.push_back(proof_of(consent, since));
  basis["proof_mechanisms"] = std::move(proofs);
  const std::string canonical = json::serialize(in_order(basis));
  basis["content_hash"] = {
      {"algorithm", "sha-256"}, {"canonicalization", "jcs"}, {"value", to_hex(sha256(canonical))}};
  return basis;
}

json::object attachment(std::string_view purpose, WallTime start, std::size_t party,
                        json::object body) {
  return {{"purpose", purpose},
          {"type", purpose},  // as the drafts before called it
          {"start", to_rfc3339(start)},
          {"party", party},
          {"dialog", 0},
          {"mediatype", "application/json"},
          {"encoding", "json"},
          {"body", std::move(body)}};
}

// A pseudonym, and a country if it is known for certain. Names, numbers and addresses are not
// known. All who were erased have one subject: it names nobody.
json::object party_of(const Cdr& cdr) {
  json::object party{{"type", "person"}, {"name", "anonymous"}, {"validation", "none"}};
  const bool named = !cdr.subject.empty() && cdr.subject != erased_subject;
  party["uuid"] = named ? cdr.subject : cdr.participant;
  std::set<std::string> countries;
  for (const auto& of : cdr.jurisdictions)
    countries.insert(std::string(policy::country_of(of.code)));
  if (countries.size() == 1 && !countries.begin()->empty())
    party["civicaddress"] = {{"country", *countries.begin()}};
  return party;
}

json::object dialog_of(const Holding& holding) {
  json::object dialog{{"type", "recording-set"},
                      {"start", to_rfc3339(holding.opened)},
                      {"recordings", json::array{}},
                      {"application", "assent"}};
  constexpr double second = 1'000;
  if (holding.closed)
    dialog["duration"] =
        static_cast<double>(std::max<std::int64_t>(0, (*holding.closed - holding.opened).count())) /
        second;
  json::array parties;
  std::vector<std::pair<WallTime, json::object>> events;
  for (std::size_t i = 0; i < holding.stays.size(); ++i) {
    parties.push_back(i);
    for (const auto& [time, event] : holding.stays[i].history)
      events.emplace_back(time,
                          json::object{{"party", i}, {"time", to_rfc3339(time)}, {"event", event}});
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  json::array history;
  for (auto& [time, event] : events)
    history.push_back(std::move(event));
  dialog["parties"] = std::move(parties);
  dialog["party_history"] = std::move(history);
  return dialog;
}

json::object record_of(const Cdr& cdr) {
  return json::parse(to_json(cdr)).as_object();
}

json::object vcon_of(const Holding& holding) {
  json::object vcon{{"vcon", "0.4.0"},
                    {"uuid", name_uuid("vCon of " + holding.session, holding.opened)},
                    {"created_at", to_rfc3339(holding.opened)},
                    {"updated_at", to_rfc3339(holding.newest)},
                    {"subject", holding.room}};
  vcon["extensions"] = json::array{"lawful_basis"};
  if (!holding.view.empty()) vcon["redacted"] = {{"type", holding.view}};
  json::array parties;
  json::array attachments;
  for (std::size_t i = 0; i < holding.stays.size(); ++i) {
    const Cdr& cdr = holding.stays[i].last;
    parties.push_back(party_of(cdr));
    for (const auto& consent : cdr.consents)
      attachments.push_back(attachment("lawful_basis", consent.since.value_or(cdr.opened), i,
                                       lawful_basis_of(consent, cdr.opened)));
    attachments.push_back(attachment("call_detail_record", cdr.at, i, record_of(cdr)));
  }
  vcon["parties"] = std::move(parties);
  json::array dialogs;
  dialogs.push_back(dialog_of(holding));
  vcon["dialog"] = std::move(dialogs);
  vcon["analysis"] = json::array{};
  vcon["attachments"] = std::move(attachments);
  return vcon;
}

class VconWriter final : public CdrWriter {
 public:
  void add(const Cdr& cdr, std::string& out) override {
    const auto place = holding_of(cdr.session);
    learn(*place, cdr);
    if (place->is_over()) let_go(place, out);
    while (kept_ > kept_max)
      let_go(holdings_.begin(), out);
  }
  void finish(std::string& out) override {
    while (!holdings_.empty())
      let_go(holdings_.begin(), out);
  }

 private:
  using Holdings = std::list<Holding>;

  Holdings::iterator holding_of(const std::string& session) {
    const auto [place, is_new] = by_session_.try_emplace(session);
    if (is_new) {
      place->second = holdings_.emplace(holdings_.end());
      place->second->session = session;
    }
    return place->second;
  }
  void let_go(Holdings::iterator holding, std::string& out) {
    write(*holding, out);
    kept_ -= holding->stays.size();
    by_session_.erase(holding->session);
    holdings_.erase(holding);
  }

  void learn(Holding& holding, const Cdr& cdr) {
    holding.opened = std::min(holding.opened, cdr.opened);
    holding.newest = std::max(holding.newest, cdr.at);
    holding.room = cdr.room;
    holding.view = cdr.view;
    if (cdr.participant.empty()) {
      if (cdr.kind == CdrKind::stop) holding.closed = cdr.at;
      return;
    }
    const std::size_t before = holding.stays.size();
    Stay& stay = holding.stay_of(cdr);
    kept_ += holding.stays.size() - before;
    if (cdr.kind == CdrKind::start || stay.history.empty())
      stay.history.emplace_back(cdr.opened, "join");
    if (cdr.kind == CdrKind::stop) stay.history.emplace_back(cdr.at, "drop");
    stay.last = cdr;
    for (auto& leg : stay.last.legs)
      for (auto& route : leg.routes)
        route.delivered.clear();
  }

  // Of nobody there is nothing to say.
  static void write(const Holding& holding, std::string& out) {
    if (holding.stays.empty()) return;
    out += json::serialize(vcon_of(holding));
    out += '\n';
  }

  Holdings holdings_;
  std::map<std::string, Holdings::iterator> by_session_;
  std::size_t kept_ = 0;  // stays
};

}  // namespace

std::unique_ptr<CdrWriter> make_vcon_writer() {
  return std::make_unique<VconWriter>();
}

}  // namespace assent::gateway

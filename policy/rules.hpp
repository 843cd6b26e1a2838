#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/consent.hpp"
#include "policy/jurisdiction.hpp"
#include "policy/transfer.hpp"

// The whole policy as plain data: what policy.yaml, jurisdictions.yaml and transfers.yaml say.
// gateway/policy_file loads it; tests write it down. Every default is the strict one.
namespace assent::policy {

inline constexpr std::size_t purposes_max = 16;
inline constexpr std::size_t sinks_max = 16;

// What becomes of data at the end of its retention.
enum class Disposal : std::uint8_t { destroy, erase, anonymise };

// The longer of the contract's end and a legal minimum.
struct Retention {
  bool until_contract_end = false;
  std::chrono::days legal_minimum{0};
  Disposal then = Disposal::destroy;
};

// A kind of data.
struct Category {
  std::string label;
  std::string source;  // from whom it is obtained, in words
  Retention retention;
  bool media_path = false;  // false: no purpose and no sink may carry it
};

enum class Basis : std::uint8_t {
  consent,
  requested_service,  // required to provide a service that was asked for
};
enum class Combine : std::uint8_t { all, any };

struct Purpose {
  std::string label;
  std::string category;
  std::vector<std::string> requires_purposes;
  std::vector<Basis> bases;  // empty: none, and nothing is permitted
  Combine combine = Combine::all;
  Strength least = Strength::strong;
  std::map<std::string, Strength, std::less<>> least_in;  // by jurisdiction, where stricter
  std::string notice;                                     // that a grant refers to; empty: any
  bool biometric = false;
  bool needs_plaintext = true;  // end-to-end encrypted media is of no use to it
};

enum class Role : std::uint8_t {
  third_party,  // a controller of its own
  sub_processor,
  processor,
  self,  // the operator of the conference
};

// What a processor may be shown of call detail records; each shows more than the one before.
enum class RecordsView : std::uint8_t {
  none,
  aggregates,  // numbers that enough people stand behind
  conference,  // of legs that came by a carrier: which, from where, when, how much
  support,     // of the rooms of a case: what worked and what was withheld, but not who it was
  full,
};

struct Processor {
  std::string label;
  Role role = Role::third_party;
  std::vector<std::string> categories;
  std::string except;  // what is held back, in words ("card numbers")
  std::vector<std::string> purposes;
  std::vector<std::string> countries;  // ISO 3166; "EU" stands for its members, "*" for all
  std::vector<Instrument> instruments;
  bool own_use = true;  // uses data for its own ends, too
  bool media_path = false;
  RecordsView records = RecordsView::none;
};

struct Sink {
  std::string purpose;
  std::string processor;
  std::string jurisdiction;  // ISO 3166
};

// The conference server, which may itself perform a purpose: the pseudo sink "server:<purpose>".
struct Server {
  std::string processor;  // empty: not declared, and it may perform none
  std::string jurisdiction;
};

struct Notice {
  std::string id;
  std::string version;
  std::string language;
  std::string hash;  // "sha256:<hex>" of the text
  std::string text;
  std::string general;  // the id of the notice that this one makes specific; empty: none
  std::string contact;  // for questions and complaints
  std::string dispute;
  bool material = true;  // a change from the version before suspends the grants given to it
};

struct Minors {
  bool unflagged_as_minor = true;     // who was not said to be an adult is treated as a minor
  std::vector<std::string> evidence;  // that a guardian's grant must carry
  Strength least = Strength::strong;  // of a guardian's grant
};

struct Composition {
  Rule unknown = Rule::prohibit;     // what unknown, unsourced and stale rows act as
  bool contested_as_stated = false;  // else the stricter reading
  bool rely_on_contested_transfers = false;
  bool rely_on_explicit_consent = false;  // Art. 49(1)(a) as a mechanism
  bool go_on_without_refuser = false;     // else one missing grant stops an all-party room
};

// A layer above the global policy: tenant, room or leg. It can only tighten: every member is a
// further prohibition or a higher bar.
struct Tightening {
  struct OfPurpose {
    bool prohibit = false;
    Strength least = Strength::none;
    Rule at_least = Rule::none;  // the rule is this or a stricter one
    std::string notice;          // a specific notice in the general one's place

    bool operator==(const OfPurpose&) const = default;
  };
  std::map<std::string, OfPurpose, std::less<>> purposes;
  std::set<std::string, std::less<>> deny_sinks;
  std::set<std::string, std::less<>> deny_processors;
  bool deny_sale = false;
  bool stop_for_all = false;  // takes go_on_without_refuser back
  bool unflagged_as_minor = false;
  bool deny_contested_transfers = false;
  bool deny_explicit_consent = false;

  bool operator==(const Tightening&) const = default;
};

struct RuleBook {
  std::string hash;       // of the three files, as loaded; every decision names it
  std::string data_hash;  // of jurisdictions and transfers alone
  std::string jurisdictions_version;
  std::string transfers_version;

  std::map<std::string, Category, std::less<>> categories;
  std::map<std::string, Purpose, std::less<>> purposes;
  std::map<std::string, Processor, std::less<>> processors;
  std::map<std::string, Sink, std::less<>> sinks;
  Server server;
  std::array<std::optional<MethodRule>, methods> method_rules;  // by Method
  std::vector<Notice> notices;
  Minors minors;
  Composition composition;
  bool sale_permitted = false;
  std::map<std::string, Tightening, std::less<>> tenants;
  std::size_t aggregate_k = 10;               // aggregates below this many people are not given out
  std::size_t disclosure_authorisations = 2;  // of a government disclosure, by different people

  JurisdictionRows jurisdictions;
  std::vector<TransferRow> transfers;
};

// "server:recording", the pseudo sink of a purpose that the conference server performs.
[[nodiscard]] std::string server_sink(std::string_view purpose);

// Does the processor's list of countries cover it?
[[nodiscard]] bool covers_country(const RuleBook& rules, const Processor& processor,
                                  std::string_view jurisdiction);

// May this processor do this for that purpose there? `permitted`, or what is missing.
[[nodiscard]] Reason judge_binding(const RuleBook& rules, std::string_view purpose,
                                   std::string_view processor, std::string_view jurisdiction);

// What people agree to when they agree to a purpose. Words that were not there before make a
// change material.
[[nodiscard]] std::set<std::string> terms_of(const RuleBook& rules, std::string_view purpose);

// Does the purpose mean more in these rules than in those before, or is it gone?
[[nodiscard]] bool has_new_terms(const RuleBook& before, const RuleBook& after,
                                 std::string_view purpose);

// The notice in force: by id, and language where given.
[[nodiscard]] const Notice* find_notice(const RuleBook& rules, std::string_view id,
                                        std::string_view language);

// May a grant refer to this notice where `required` is asked for? It must be that one, or one that
// makes it specific, in the version in force. A grant that names no notice passes: whether one is
// needed is the method's matter.
[[nodiscard]] Accepted<void> check_notice(const RuleBook& rules, std::string_view required,
                                          const NoticeReference& given);

// What fills both layers' gaps, the stricter of each; a later layer's notice replaces.
[[nodiscard]] Tightening tightened(Tightening general, const Tightening& specific);

[[nodiscard]] std::string_view to_string(Basis basis);
[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::string_view to_string(Disposal disposal);
[[nodiscard]] std::string_view to_string(RecordsView view);

}  // namespace assent::policy

#include "gateway/requests.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/json/value.hpp>
#include <string_view>
#include <utility>

#include "gateway/keypad_config.hpp"
#include "gateway/language_tag.hpp"
#include "gateway/request_reader.hpp"

namespace assent::gateway {
namespace {

namespace json = boost::json;
using boost::system::result;

template <class E, std::size_t N>
using WordTable = std::array<std::pair<std::string_view, E>, N>;

constexpr WordTable<MinorStatus, 1> minor_words{{{"unknown", MinorStatus::unknown}}};
constexpr WordTable<Side, 2> side_words{{{"client", Side::client}, {"server", Side::server}}};
constexpr WordTable<TransportProfile, 3> transport_words{
    {{"RTP/AVP", TransportProfile::rtp_avp},
     {"RTP/SAVP", TransportProfile::rtp_savp},
     {"UDP/TLS/RTP/SAVPF", TransportProfile::dtls}}};
constexpr WordTable<Statement, 2> statement_words{
    {{"granted", Statement::granted}, {"refused", Statement::refused}}};
constexpr WordTable<ConsentMethod, 5> method_words{{{"written", ConsentMethod::written},
                                                    {"verbal", ConsentMethod::verbal},
                                                    {"online", ConsentMethod::online},
                                                    {"service_start", ConsentMethod::service_start},
                                                    {"implied", ConsentMethod::implied}}};
constexpr WordTable<BoxDefault, 2> box_words{
    {{"unticked", BoxDefault::unticked}, {"ticked", BoxDefault::ticked}}};
constexpr WordTable<policy::Giver, 2> giver_words{
    {{"participant", policy::Giver::participant}, {"guardian", policy::Giver::guardian}}};
constexpr WordTable<PerformedBy, 2> by_words{
    {{"sinks", PerformedBy::sinks}, {"server", PerformedBy::server}}};
constexpr WordTable<media::WithheldAudio, 2> withhold_words{
    {{"drop", media::WithheldAudio::drop}, {"silence", media::WithheldAudio::silence}}};

template <class E, std::size_t N>
ObjectReader::Words<E> words(const WordTable<E, N>& table) {
  return ObjectReader::Words<E>{table};
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_upper_or_digit(char c) {
  return is_upper(c) || is_digit(c);
}
// ISO 3166-1 alpha-2, or 3166-2: "NL", "US-CA". "EU" passes as reserved code.
bool is_jurisdiction(std::string_view code) {
  if (code.size() < 2 || !is_upper(code[0]) || !is_upper(code[1])) return false;
  if (code.size() == 2) return true;
  const std::string_view part = code.substr(std::min<std::size_t>(3, code.size()));
  return code[2] == '-' && !part.empty() && part.size() <= 3 &&
         std::all_of(part.begin(), part.end(), is_upper_or_digit);
}

bool is_e164(std::string_view number) {
  return number.size() >= 3 && number.size() <= 16 && number[0] == '+' && number[1] != '0' &&
         std::all_of(number.begin() + 1, number.end(), is_digit);
}

bool is_ip(const std::string& text) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(text, error);
  return !error && (address.is_v4() || address.to_v6().scope_id() == 0);
}

bool is_sha256_hex(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f');
         });
}

constexpr std::string_view language_rule = "must be a language tag (BCP 47) such as nl or en-US";

std::vector<std::string> read_codes(ObjectReader& reader, std::string_view name) {
  auto codes = reader.optional_texts(name, jurisdictions_max, {2, 6, false});
  if (!codes) return {};
  if (!std::all_of(codes->begin(), codes->end(), is_jurisdiction)) {
    reader.fault(ProblemType::invalid_value, name, "must be ISO 3166 codes such as NL or US-CA");
  }
  return std::move(*codes);
}

JurisdictionClaims read_jurisdictions(ObjectReader& reader) {
  JurisdictionClaims evidence;
  evidence.declared = read_codes(reader, "declared");
  evidence.account = read_codes(reader, "account");
  evidence.e164 = reader.optional_text("e164", {1, 16, false});
  if (evidence.e164 && !is_e164(*evidence.e164)) {
    reader.fault(ProblemType::invalid_value, "e164", "must be a number such as +31201234567");
  }
  evidence.ip = reader.optional_text("ip", {2, 45, false});
  if (evidence.ip && !is_ip(*evidence.ip)) {
    reader.fault(ProblemType::invalid_value, "ip", "must be an IPv4 or IPv6 address");
  }
  return evidence;
}

std::optional<MinorStatus> read_minor(ObjectReader& reader) {
  return reader.optional_flag_or_word("minor", MinorStatus::minor, MinorStatus::adult,
                                      words(minor_words));
}

PolicyLayer read_layer_if_any(ObjectReader& reader) {
  PolicyLayer layer;
  reader.optional_object("policy",
                         [&](ObjectReader& nested) { layer = read_policy_layer(nested); });
  return layer;
}

NoticeReference read_notice(ObjectReader& reader) {
  NoticeReference notice;
  notice.id = reader.id("id");
  notice.version = reader.text("version", {1, 64, false});
  notice.language = reader.text("language", {1, 35, false});
  notice.hash = reader.text("hash", {1, 64, false});
  if (!is_language_tag(notice.language)) {
    reader.fault(ProblemType::invalid_value, "language", std::string(language_rule));
  }
  if (!is_sha256_hex(notice.hash)) {
    reader.fault(ProblemType::invalid_value, "hash",
                 "must be a SHA-256 as 64 lower-case hexadecimal digits");
  }
  return notice;
}

std::string read_sdp(ObjectReader& reader) {
  return reader.text("sdp", {1, sdp_bytes_max, true});
}

// The end of every parser: the request, unless something was wrong with it.
template <class T>
result<T, Problem> finished(ObjectReader& reader, T&& request) {
  if (auto problem = reader.finish()) return std::move(*problem);
  return std::forward<T>(request);
}

}  // namespace

result<PutRoom, Problem> parse_put_room(const json::value& body) {
  ObjectReader reader{body};
  PutRoom request;
  request.tenant = reader.optional_id("tenant");
  request.policy = read_layer_if_any(reader);
  return finished(reader, std::move(request));
}

result<PatchRoom, Problem> parse_patch_room(const json::value& body) {
  ObjectReader reader{body};
  PatchRoom request;
  reader.object("policy",
                [&](ObjectReader& nested) { request.policy = read_policy_layer(nested); });
  return finished(reader, std::move(request));
}

result<PutParticipant, Problem> parse_put_participant(const json::value& body) {
  ObjectReader reader{body};
  PutParticipant request;
  request.subject = reader.id("subject");
  request.language = reader.optional_text("language", {1, 35, false});
  if (request.language && !is_language_tag(*request.language)) {
    reader.fault(ProblemType::invalid_value, "language", std::string(language_rule));
  }
  request.minor = read_minor(reader);
  reader.optional_object("jurisdictions", [&](ObjectReader& nested) {
    request.jurisdictions = read_jurisdictions(nested);
  });
  request.sale_opt_out = reader.optional_flag("sale_opt_out").value_or(false);
  request.ciphertext_only = reader.optional_flag("ciphertext_only").value_or(false);
  request.latching = reader.optional_flag("latching").value_or(false);
  request.policy = read_layer_if_any(reader);
  return finished(reader, std::move(request));
}

result<PatchParticipant, Problem> parse_patch_participant(const json::value& body) {
  ObjectReader reader{body};
  PatchParticipant request;
  reader.optional_object("jurisdictions", [&](ObjectReader& nested) {
    request.jurisdictions = read_jurisdictions(nested);
  });
  request.reevaluate = reader.optional_flag("reevaluate").value_or(false);
  if (request.reevaluate && !request.jurisdictions) {
    reader.fault(ProblemType::missing_field, "jurisdictions",
                 "a re-evaluation gives all that is known now; {} says that nothing is");
  }
  request.minor = read_minor(reader);
  const auto opted_out = reader.optional_flag("sale_opt_out");
  request.sale_opt_out = opted_out.value_or(false);
  if (opted_out == false) {
    reader.fault(ProblemType::invalid_value, "sale_opt_out",
                 "opting out is one way, nothing takes it back: write true, or leave it out");
  }
  request.ciphertext_only = reader.optional_flag("ciphertext_only");
  reader.optional_object("policy",
                         [&](ObjectReader& nested) { request.policy = read_policy_layer(nested); });
  return finished(reader, std::move(request));
}

result<Offer, Problem> parse_offer(const json::value& body) {
  ObjectReader reader{body};
  Offer request;
  request.from = reader.word("from", words(side_words));
  request.sdp = read_sdp(reader);
  request.transport = reader.optional_word("transport", words(transport_words));
  request.carrier = reader.optional_id("carrier");
  request.connection = reader.optional_id("connection").value_or("");
  return finished(reader, std::move(request));
}

result<Answer, Problem> parse_answer(const json::value& body) {
  ObjectReader reader{body};
  Answer request;
  request.sdp = read_sdp(reader);
  request.connection = reader.optional_id("connection").value_or("");
  return finished(reader, std::move(request));
}

result<PostCandidates, Problem> parse_post_candidates(const json::value& body) {
  ObjectReader reader{body};
  PostCandidates request;
  request.from = reader.word("from", words(side_words));
  request.sdpfrag = reader.optional_text("sdpfrag", {1, sdp_bytes_max, true});
  request.connection = reader.optional_id("connection").value_or("");
  reader.optional_object("candidate", [&request](ObjectReader& nested) {
    auto& said = request.candidate.emplace();
    said.text = nested.text("candidate", {0, 1024, false});
    said.mid = nested.optional_text("sdpMid", {1, 256, false});
    said.section = nested.optional_count("sdpMLineIndex");
    said.ufrag = nested.optional_text("usernameFragment", {1, 256, false});
  });
  if (request.candidate.has_value() == request.sdpfrag.has_value()) {
    reader.fault(ProblemType::invalid_value, "candidate", "Give one of 'candidate' and 'sdpfrag'.");
  }
  return finished(reader, std::move(request));
}

result<PutConsent, Problem> parse_put_consent(const json::value& body) {
  ObjectReader reader{body};
  PutConsent request;
  request.statement = reader.word("statement", words(statement_words));
  request.method = reader.word("method", words(method_words));
  request.evidence = reader.optional_text_map("evidence", evidence_entries_max, {0, 1024, false});
  request.expires = reader.optional_time("expires");
  reader.optional_object("notice",
                         [&](ObjectReader& nested) { request.notice = read_notice(nested); });
  request.default_state = reader.optional_word("default_state", words(box_words));
  request.giver = reader.optional_word("giver", words(giver_words));
  request.stated_at = reader.optional_time("stated_at");
  request.seen_epoch = reader.optional_count("seen_epoch");
  return finished(reader, std::move(request));
}

result<PostConsentLink, Problem> parse_post_consent_link(const json::value& body) {
  ObjectReader reader{body};
  PostConsentLink request;
  request.language = reader.optional_text("language", {1, 35, false});
  if (request.language && !is_language_tag(*request.language)) {
    reader.fault(ProblemType::invalid_value, "language", std::string(language_rule));
  }
  if (const auto seconds = reader.optional_count("lifetime_seconds")) {
    const auto min = static_cast<std::uint64_t>(link_lifetime_min.count());
    const auto max = static_cast<std::uint64_t>(link_lifetime_max.count());
    if (*seconds < min || *seconds > max) {
      reader.fault(ProblemType::invalid_value, "lifetime_seconds", "must be 60 to 86400");
    }
    request.lifetime = std::chrono::seconds{std::min(*seconds, max)};
  }
  return finished(reader, std::move(request));
}

result<PutNotice, Problem> parse_put_notice(const json::value& body) {
  ObjectReader reader{body};
  PutNotice request;
  reader.object("notice", [&](ObjectReader& nested) { request.notice = read_notice(nested); });
  return finished(reader, std::move(request));
}

result<PutQuestions, Problem> parse_put_questions(const json::value& body) {
  ObjectReader reader{body};
  PutQuestions request;
  const auto purposes = reader.optional_ids("purposes", purposes_of_question_max);
  if (!purposes || purposes->empty()) {
    reader.fault(ProblemType::missing_field, "purposes", "must name a purpose");
  } else {
    request.purposes = *purposes;
  }
  request.language = reader.optional_text("language", {1, 35, false});
  if (request.language && !is_language_tag(*request.language)) {
    reader.fault(ProblemType::invalid_value, "language", std::string(language_rule));
  }
  const auto seconds = reader.optional_count("answer_within_seconds");
  const auto least = static_cast<std::uint64_t>(answer_within_min.count());
  const auto most = static_cast<std::uint64_t>(answer_within_max.count());
  if (seconds && (*seconds < least || *seconds > most)) {
    reader.fault(ProblemType::invalid_value, "answer_within_seconds", "must be from 5 to 600");
  } else if (seconds) {
    request.answer_within = std::chrono::seconds{*seconds};
  }
  reader.optional_objects("notices", purposes_of_question_max,
                          [&](const std::string& purpose, ObjectReader& nested) {
                            request.notices[purpose] = read_notice(nested);
                          });
  const auto is_asked = [&request](const auto& notice) {
    return std::find(request.purposes.begin(), request.purposes.end(), notice.first) !=
           request.purposes.end();
  };
  if (!std::all_of(request.notices.begin(), request.notices.end(), is_asked)) {
    reader.fault(ProblemType::invalid_value, "notices", "must be of purposes that are asked for");
  }
  return finished(reader, std::move(request));
}

result<PutPurpose, Problem> parse_put_purpose(const json::value& body) {
  ObjectReader reader{body};
  PutPurpose request;
  request.by = reader.word("by", words(by_words));
  request.sinks = reader.optional_ids("sinks", sinks_of_purpose_max);
  const auto withhold = reader.optional_word("withhold", words(withhold_words));
  request.requested = reader.optional_flag("requested").value_or(true);
  if (request.sinks && request.by == PerformedBy::server) {
    reader.fault(ProblemType::invalid_value, "sinks", "only goes with \"by\": \"sinks\"");
  }
  if (request.sinks && request.sinks->empty()) {
    reader.fault(ProblemType::invalid_value, "sinks", "must name a sink, or be left out for all");
  }
  request.withhold = withhold.value_or(request.withhold);
  if (withhold && request.by == PerformedBy::sinks) {
    reader.fault(ProblemType::invalid_value, "withhold", "only goes with \"by\": \"server\"");
  }
  return finished(reader, std::move(request));
}

}  // namespace assent::gateway

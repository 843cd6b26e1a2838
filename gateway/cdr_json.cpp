#include <array>
#include <boost/json.hpp>
#include <concepts>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "gateway/cdr.hpp"
#include "gateway/rfc3339.hpp"

// One description of each structure serves both directions: Writer and Reader visit its fields.
namespace assent::gateway {
namespace {

namespace json = boost::json;

constexpr std::int64_t format_version = 2;
constexpr std::int64_t format_version_min = 1;  // read, too: all of it is possible in the newest

template <class E>
using Words = std::pair<E, std::string_view>;

constexpr std::array kind_words{Words<CdrKind>{CdrKind::start, "start"},
                                Words<CdrKind>{CdrKind::interim, "interim"},
                                Words<CdrKind>{CdrKind::stop, "stop"}};
constexpr std::array cause_words{
    Words<CauseForClosing>{CauseForClosing::period, "period"},
    Words<CauseForClosing>{CauseForClosing::consent_change, "consent_change"},
    Words<CauseForClosing>{CauseForClosing::jurisdiction_change, "jurisdiction_change"},
    Words<CauseForClosing>{CauseForClosing::policy_change, "policy_change"},
    Words<CauseForClosing>{CauseForClosing::sink_change, "sink_change"},
    Words<CauseForClosing>{CauseForClosing::participant_change, "participant_change"},
    Words<CauseForClosing>{CauseForClosing::leg_change, "leg_change"},
    Words<CauseForClosing>{CauseForClosing::participant_left, "participant_left"},
    Words<CauseForClosing>{CauseForClosing::room_closed, "room_closed"},
    Words<CauseForClosing>{CauseForClosing::media_timeout, "media_timeout"},
    Words<CauseForClosing>{CauseForClosing::shutdown, "shutdown"},
    Words<CauseForClosing>{CauseForClosing::restart, "restart"}};
constexpr std::array minor_words{Words<policy::Minor>{policy::Minor::unknown, "unknown"},
                                 Words<policy::Minor>{policy::Minor::yes, "yes"},
                                 Words<policy::Minor>{policy::Minor::no, "no"},
                                 Words<policy::Minor>{policy::Minor::unflagged, "unflagged"}};
constexpr std::array evidence_words{
    Words<policy::EvidenceKind>{policy::EvidenceKind::declared, "declared"},
    Words<policy::EvidenceKind>{policy::EvidenceKind::account, "account"},
    Words<policy::EvidenceKind>{policy::EvidenceKind::e164, "e164"},
    Words<policy::EvidenceKind>{policy::EvidenceKind::ip, "ip"}};
constexpr std::array route_words{Words<RouteKind>{RouteKind::call, "call"},
                                 Words<RouteKind>{RouteKind::sink, "sink"}};

constexpr const auto& words_of(CdrKind) {
  return kind_words;
}
constexpr const auto& words_of(CauseForClosing) {
  return cause_words;
}
constexpr const auto& words_of(policy::Minor) {
  return minor_words;
}
constexpr const auto& words_of(policy::EvidenceKind) {
  return evidence_words;
}
constexpr const auto& words_of(RouteKind) {
  return route_words;
}

template <class E>
std::string_view word_of(E value) {
  for (const auto& [candidate, word] : words_of(value)) {
    if (candidate == value) return word;
  }
  return "unknown";
}

// An address to /24 or /48, a number to what tells its country and region.
std::string shortened(policy::EvidenceKind kind, std::string_view evidence) {
  constexpr std::size_t number_kept = 5;  // "+" and four digits
  if (kind == policy::EvidenceKind::ip) return truncated_address(evidence);
  if (kind == policy::EvidenceKind::e164) return std::string(evidence.substr(0, number_kept));
  return std::string(evidence);
}

// T or const T.
template <class T, class Of>
concept Is = std::same_as<std::remove_const_t<T>, Of>;

void describe(auto& visit, Is<CdrJurisdiction> auto& of) {
  visit("code", of.code);
  visit("evidence_kind", of.kind);
  visit.evidence("evidence", of.kind, of.evidence);
}
void describe(auto& visit, Is<CdrConsent> auto& of) {
  visit("purpose", of.purpose);
  visit("giver", of.giver);
  visit("state", of.state);
  visit("method", of.method);
  visit("strength", of.strength);
  visit("epoch", of.epoch);
  visit("since", of.since);
  visit("expires", of.expires);
  visit("notice", of.notice);
  visit("receipt", of.receipt);
}
void describe(auto& visit, Is<DeliveredInterval> auto& of) {
  visit("ssrc", of.ssrc);
  visit("epoch", of.epoch);
  visit("first_sequence", of.first_sequence);
  visit("last_sequence", of.last_sequence);
  visit("packets", of.packets);
  visit("bytes", of.bytes);
  visit("first", of.first);
  visit("last", of.last);
}
void describe(auto& visit, Is<CdrRoute> auto& of) {
  visit("kind", of.kind);
  visit("sink", of.sink);
  visit("purpose", of.purpose);
  visit("attached_at", of.attached_at);
  visit("detached_at", of.detached_at);
  visit("delivered", of.delivered);
  visit("withheld", of.withheld);
}
void describe(auto& visit, Is<CdrLeg> auto& of) {
  visit("side", of.side);
  visit("media", of.media);
  visit("transport", of.transport);
  visit("carrier", of.carrier);
  visit("packets", of.packets);
  visit("bytes", of.bytes);
  visit("control_packets", of.control_packets);
  visit("dropped", of.dropped);
  visit("routes", of.routes);
}
void describe(auto& visit, Is<CdrTransfer> auto& of) {
  visit("exporter", of.exporter);
  visit("importer", of.importer);
  visit("role", of.role);
  visit("from", of.from);
  visit("to", of.to);
  visit("mechanism", of.mechanism);
  visit("row", of.row);
  visit("purpose", of.purpose);
  visit("first", of.first);
  visit("last", of.last);
  visit("packets", of.packets);
  visit("bytes", of.bytes);
}
void describe(auto& visit, Is<Cdr> auto& of) {
  visit("id", of.id);
  visit.version("version");
  visit("kind", of.kind);
  visit("record_seq", of.record_seq);
  visit("cause_for_closing", of.cause);
  visit("session", of.session);
  visit("room", of.room);
  visit("tenant", of.tenant);
  visit("participant", of.participant);
  visit("subject", of.subject);
  visit("minor", of.minor);
  visit("opened", of.opened);
  visit("at", of.at);
  visit("counted_until", of.counted_until);
  visit("jurisdictions", of.jurisdictions);
  visit("consents", of.consents);
  visit("legs", of.legs);
  visit("transfers", of.transfers);
  visit("policy_hash", of.policy_hash);
  visit("data_hash", of.data_hash);
  visit("retain_until", of.retain_until);
}

// Empty texts and absent optionals are left out; everything else is always there.
class Writer {
 public:
  void operator()(std::string_view name, const std::string& text) {
    if (!text.empty()) object_.emplace(name, text);
  }
  template <class T>
  void operator()(std::string_view name, const std::optional<T>& value) {
    if (value) object_.emplace(name, to_value(*value));
  }
  template <class T>
  void operator()(std::string_view name, const T& value) {
    object_.emplace(name, to_value(value));
  }
  void evidence(std::string_view name, policy::EvidenceKind kind, const std::string& text) {
    (*this)(name, shortened(kind, text));
  }
  void version(std::string_view name) { object_.emplace(name, format_version); }

  json::object take() { return std::move(object_); }

 private:
  template <std::unsigned_integral T>
  static json::value to_value(T number) {
    return json::value(static_cast<std::uint64_t>(number));
  }
  template <class E>
  requires std::is_enum_v<E>
  static json::value to_value(E value) { return json::value(word_of(value)); }
  static json::value to_value(WallTime time) { return json::value(to_rfc3339(time)); }
  static json::value to_value(const std::map<std::string, std::uint64_t>& counts) {
    json::object object;
    for (const auto& [word, count] : counts)
      object.emplace(word, count);
    return object;
  }
  template <class T>
  static json::value to_value(const std::vector<T>& items) {
    json::array array;
    array.reserve(items.size());
    for (const T& item : items) {
      Writer writer;
      describe(writer, item);
      array.emplace_back(writer.take());
    }
    return array;
  }

  json::object object_;
};

// Remembers the first fault; what is read after it does not matter.
class Reader {
 public:
  Reader(const json::object& object, std::string pointer, std::optional<CdrFault>& fault)
      : object_{object}, pointer_{std::move(pointer)}, fault_{fault} {}

  void operator()(std::string_view name, std::string& text) {
    if (const auto* value = find(name)) from_value(*value, at(name), text);
  }
  template <class T>
  void operator()(std::string_view name, std::optional<T>& into) {
    if (const auto* value = find(name)) from_value(*value, at(name), into.emplace());
  }
  template <class T>
  void operator()(std::string_view name, T& into) {
    if (const auto* value = find(name)) {
      from_value(*value, at(name), into);
    } else {
      blame(at(name), "is missing");
    }
  }
  void evidence(std::string_view name, policy::EvidenceKind kind, std::string& text) {
    (*this)(name, text);
    text = shortened(kind, text);
  }
  void version(std::string_view name) {
    std::uint8_t version = 0;
    (*this)(name, version);
    if (version < format_version_min || version > format_version) {
      blame(at(name), "is a version this program does not know");
    }
  }

  void finish() {
    if (seen_ == object_.size()) return;
    blame(pointer_, "has a field that is not known");
  }

 private:
  const json::value* find(std::string_view name) {
    const auto* value = object_.if_contains(name);
    if (value != nullptr) ++seen_;
    return value;
  }
  std::string at(std::string_view name) const { return pointer_ + "/" + std::string(name); }
  void blame(std::string pointer, std::string what) {
    if (!fault_) fault_ = CdrFault{std::move(pointer), std::move(what)};
  }

  void from_value(const json::value& value, const std::string& pointer, std::string& into) {
    if (const auto* text = value.if_string()) {
      into.assign(text->data(), text->size());
    } else {
      blame(pointer, "is no text");
    }
  }
  template <std::unsigned_integral T>
  void from_value(const json::value& value, const std::string& pointer, T& into) {
    const auto* small = value.if_int64();
    const auto* large = value.if_uint64();
    const std::uint64_t number = large != nullptr   ? *large
                                 : small != nullptr ? static_cast<std::uint64_t>(*small)
                                                    : 0;
    const bool negative = small != nullptr && *small < 0;
    if ((small == nullptr && large == nullptr) || negative || !std::in_range<T>(number)) {
      blame(pointer, "is no whole number in range");
      return;
    }
    into = static_cast<T>(number);
  }
  template <class E>
  requires std::is_enum_v<E>
  void from_value(const json::value& value, const std::string& pointer, E& into) {
    const auto* text = value.if_string();
    for (const auto& [candidate, word] : words_of(E{})) {
      if (text != nullptr && std::string_view{*text} == word) {
        into = candidate;
        return;
      }
    }
    blame(pointer, "is none of the known words");
  }
  void from_value(const json::value& value, const std::string& pointer, WallTime& into) {
    const auto* text = value.if_string();
    const auto time = text != nullptr ? parse_rfc3339(*text) : std::nullopt;
    if (time) {
      into = *time;
    } else {
      blame(pointer, "is no RFC 3339 time");
    }
  }
  void from_value(const json::value& value, const std::string& pointer,
                  std::map<std::string, std::uint64_t>& into) {
    const auto* object = value.if_object();
    if (object == nullptr) return blame(pointer, "is no object");
    for (const auto& [word, count] : *object) {
      from_value(count, pointer + "/" + std::string(word), into[std::string(word)]);
    }
  }
  template <class T>
  void from_value(const json::value& value, const std::string& pointer, std::vector<T>& into) {
    const auto* array = value.if_array();
    if (array == nullptr) return blame(pointer, "is no array");
    for (std::size_t i = 0; i < array->size(); ++i) {
      const std::string item_pointer = pointer + "/" + std::to_string(i);
      const auto* object = (*array)[i].if_object();
      if (object == nullptr) return blame(item_pointer, "is no object");
      Reader reader{*object, item_pointer, fault_};
      describe(reader, into.emplace_back());
      reader.finish();
    }
  }

  const json::object& object_;
  std::string pointer_;
  std::optional<CdrFault>& fault_;
  std::size_t seen_ = 0;
};

}  // namespace

std::string_view to_string(CdrKind kind) {
  return word_of(kind);
}
std::string_view to_string(CauseForClosing cause) {
  return word_of(cause);
}
std::string_view to_string(RouteKind kind) {
  return word_of(kind);
}

std::string to_json(const Cdr& cdr) {
  Writer writer;
  describe(writer, cdr);
  return json::serialize(writer.take());
}

boost::system::result<Cdr, CdrFault> parse_cdr(std::string_view text) {
  if (text.size() > record_bytes_max) return CdrFault{"", "is too large"};
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error) return CdrFault{"", "is no JSON: " + error.message()};
  const auto* object = value.if_object();
  if (object == nullptr) return CdrFault{"", "is no object"};
  Cdr cdr;
  std::optional<CdrFault> fault;
  Reader reader{*object, "", fault};
  describe(reader, cdr);
  reader.finish();
  if (fault) return *std::move(fault);
  return cdr;
}

void throw_exception_from_error(const CdrFault& fault, const boost::source_location&) {
  throw std::logic_error("value() of a result that holds a fault at " + fault.pointer);
}

}  // namespace assent::gateway

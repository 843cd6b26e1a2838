#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace assent::policy {

// Why an event was not taken; nothing has changed then. Closed, with stable words.
enum class RefusalCode : std::uint8_t {
  limit_reached,
  participant_unknown,
  participant_present,  // joined already; leave first, a new party inherits nothing
  purpose_unknown,
  purpose_not_started,
  sink_unknown,
  sink_of_other_purpose,
  no_media_path,
  tenant_unknown,
  server_unknown,  // the policy names no processor for the conference server
  method_unknown,
  pre_ticked,  // online consent needs default_state: unticked
  evidence_missing,
  notice_missing,
  notice_unknown,
  notice_outdated,  // version or hash is not the one in force
  expires_in_past,
  stated_in_future,
  statement_older,     // a grant from before a withdrawal, refusal or invalidation
  statement_replayed,  // the nonce was used before
  not_a_minor,         // a guardian cannot speak for an adult
  rules_missing,
};
inline constexpr std::size_t refusal_codes =
    static_cast<std::size_t>(RefusalCode::rules_missing) + 1;

struct Refusal {
  RefusalCode code{};
  std::string field;  // JSON pointer into the event, for example "/evidence/signer"; may be empty

  bool operator==(const Refusal&) const = default;
};

[[nodiscard]] std::string_view to_string(RefusalCode code);

// What is wrong and how to mend it, in English.
[[nodiscard]] std::string_view sentence(RefusalCode code);

template <class T>
using Accepted = boost::system::result<T, Refusal>;

// Accepted<T>::value() on a refusal is a programming error of the caller.
[[noreturn]] void throw_exception_from_error(const Refusal& refusal,
                                             const boost::source_location& location);

}  // namespace assent::policy

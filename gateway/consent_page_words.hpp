#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/consent.hpp"
#include "policy/rules.hpp"

namespace assent::gateway {

// The consent page's own words in one language. Notices are the policy's.
struct PageWords {
  std::string_view language;  // BCP 47
  std::string_view language_name;

  std::string_view title;
  std::string_view intro;
  std::array<std::string_view, policy::consent_states> states;  // by ConsentState
  std::string_view since;
  std::string_view in_use;      // media is passed on at this moment
  std::string_view not_in_use;  // although it was agreed to

  std::string_view recipients;
  std::array<std::string_view, 4> roles;                        // by policy::Role
  std::array<std::string_view, policy::mechanisms> mechanisms;  // none: no transfer regime applies
  std::string_view own_use;
  std::string_view no_ground;
  std::string_view kept;
  std::string_view until_contract_end;
  std::string_view days_at_least;             // follows the number
  std::array<std::string_view, 3> disposals;  // by policy::Disposal
  std::string_view together_with;
  std::string_view guardian;

  std::string_view about_notice;
  std::string_view version;
  std::string_view fingerprint;
  std::string_view contact;
  std::string_view dispute;

  std::string_view agree_to;  // before the purpose's name, at the box
  std::string_view withdraw;
  std::string_view agree;
  std::string_view no_to_all;
  std::string_view nothing_asked;

  std::string_view saved;
  std::string_view nothing_ticked;
  std::string_view changed;
  std::string_view not_saved;

  std::string_view receipts;  // the link that downloads them
  std::string_view holds_for_call;
  std::string_view works_until;
  std::string_view language_label;

  std::string_view forged_title;
  std::string_view forged;
  std::string_view over_title;
  std::string_view over;
  std::string_view not_understood_title;
  std::string_view not_understood;

  std::array<std::string_view, 3> purposes;  // recording, transcription, summary
};

[[nodiscard]] std::span<const PageWords> page_languages();  // English first
[[nodiscard]] bool is_page_language(std::string_view tag);  // exactly one of theirs

// The first of the wishes that the page speaks, else English. A wish is a language tag or a whole
// Accept-Language field (RFC 9110 §12.5.4); "de-AT" finds German.
[[nodiscard]] const PageWords& words_for(std::span<const std::string_view> wishes);

// The policy's label, in the page's language where it is one of those that the page knows.
[[nodiscard]] std::string_view purpose_name(const PageWords& words, std::string_view label);

}  // namespace assent::gateway

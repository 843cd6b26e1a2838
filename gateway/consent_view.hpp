#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/conference.hpp"
#include "gateway/consent_page_words.hpp"

namespace assent::gateway {

// What the consent page shows one participant: copies, for the room goes on meanwhile.

struct ShownRecipient {
  std::string name;  // of the processor
  policy::Role role = policy::Role::third_party;
  std::string country;
  bool own_use = true;
  policy::Reason transfer = policy::Reason::transfer_unknown;
  policy::Mechanism mechanism = policy::Mechanism::none;
  std::string instrument;

  bool operator==(const ShownRecipient&) const = default;
};

struct ShownPurpose {
  std::string id;
  std::string label;
  policy::ConsentState state = policy::ConsentState::unknown;
  policy::WallTime since{};
  bool in_use = false;   // media is passed on for it at this moment
  bool askable = false;  // a box ticked here can permit it
  bool needs_guardian = false;
  policy::Notice notice;  // in the page's language if it is there, else in another; no id: none
  std::vector<ShownRecipient> recipients;
  std::vector<std::string> together_with;  // labels
  policy::Retention retention;
};

struct ConsentView {
  const PageWords& words;
  std::vector<ShownPurpose> purposes;
  policy::Epoch epoch = 0;
  // Of all that an answer rests on: the room's holding, notices, terms, recipients.
  std::string shown;

  [[nodiscard]] const ShownPurpose* find(std::string_view purpose) const;
};

// Purposes that can be consented to online, and those that stand granted in any way: what was
// given can be withdrawn here. The participant is in the room.
[[nodiscard]] ConsentView consent_view(const Conference& conference, std::string_view participant,
                                       const PageWords& words, policy::WallTime now);

}  // namespace assent::gateway

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "media/sdp.hpp"

// What descriptions say of recording: a participant's preference, and the indication to it
// (RFC 7866 §7.1.2, §7.1.3, §7.3; registered in its §11.5).
namespace assent::media {

// a=recordpref. The stricter is the greater.
enum class RecordPreference : std::uint8_t {
  unsaid,
  none,        // "nopreference"
  on,          // a wish, and no evidence of consent
  unreadable,  // none of the four words: it may be the word of a later RFC for "no"
  pause,
  off,
};

[[nodiscard]] constexpr bool refuses(RecordPreference preference) {
  return preference >= RecordPreference::unreadable;
}
[[nodiscard]] std::string_view to_string(RecordPreference preference);

// The strictest of all lines at all levels, also of sections that are refused or removed: consent
// is of the participant, not of a stream.
[[nodiscard]] RecordPreference read_record_preference(const Sdp& sdp);

// Whether the author knows the attributes of recording. Its option tag "record-aware" stands in
// SIP, which passes elsewhere; whoever writes one of the attributes is aware.
[[nodiscard]] bool is_record_aware(const Sdp& sdp);

// a=record. What hides less is the greater.
enum class RecordState : std::uint8_t {
  off,
  paused,  // recording is in progress, without this participant
  on,
};

[[nodiscard]] std::string_view to_string(RecordState state);

// What the gateway knows of one participant.
struct Recording {
  RecordState state = RecordState::off;
  bool withheld_from_server = false;  // whatever that one records is without this participant

  bool operator==(const Recording&) const = default;
};

// The indication to one client, for as long as it is in the call.
class RecordIndication {
 public:
  // A description of the client's own.
  void hear(const Sdp& from_client);

  // `sdp` is the server's, on its way to this client. Where the client is aware, or the server
  // thought so, its a=record lines give way to what is true of this participant. What the server
  // records itself stays told: whoever knows of a recording MUST tell it (RFC 7866 §7.1.2), and a
  // level says the most that the server or the gateway does.
  [[nodiscard]] Sdp tell(Sdp sdp, const Recording& recording);

 private:
  bool aware_ = false;
  bool told_before_ = false;
  std::optional<Recording> told_;
  // That the gateway told something else than before: to be added to the server's own version in
  // o=, because a description of the same version is not looked at again (RFC 3264 §8).
  std::uint64_t changes_ = 0;
};

}  // namespace assent::media

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "media/endpoint.hpp"
#include "media/ice.hpp"
#include "media/ice_candidate.hpp"
#include "media/ice_check.hpp"
#include "media/sdes.hpp"
#include "media/time.hpp"

namespace assent::media {

enum class IceRole : std::uint8_t { controlling, controlled };

inline constexpr std::chrono::milliseconds ice_pacing{50};        // Ta, RFC 8445 §14.2
inline constexpr std::chrono::milliseconds ice_rto_least{500};    // §14.3
inline constexpr std::chrono::milliseconds ice_patience{39'500};  // RFC 8863 §4
// Signalled ones and those whose checks arrive; more have no room.
inline constexpr std::size_t ice_pairs_max = 48;

// What a full agent knows besides what a lite one does.
struct FullIce {
  std::string remote_password;
  bool remote_is_lite = false;
  IceRole role = IceRole::controlling;  // at the beginning of this generation
  std::vector<Endpoint> bases;          // ours, the preferred one first, one of each family at most
  std::vector<IceCandidate> candidates;  // the peer's, as far as they are known
  Entropy entropy;                       // transactions are not to be guessed (RFC 8489 §5)
};

// The full agent (RFC 8445) of one transport with one component: RTCP is multiplexed. Its host
// candidates are sockets that send from one address of each family, so that a pair is a remote
// address. All pairs wait from the beginning; with a single check list and component, freezing
// (§6.1.2.6) would only say again in which order they are checked.
//
// As the controlling one it nominates the first pair that proves valid, by a second check on it
// (§8.1.1), and has media sent there from the first answer on, as §12.1 allows: one round trip.
// Consent to send is what the peer's answers renew, every few seconds (RFC 7675 §5.1). When it is
// over it stays so for that address; another one, from which the peer's authentic check came and
// which answers ours, takes its place. So does one when the selected has not answered for
// ice_silence: stricter readings of §8.1.1 would end the call there.
class IceAgent {
 public:
  static constexpr std::chrono::seconds ice_silence{10};

  IceAgent(IceCredentials local, std::string remote_ufrag, FullIce full);

  // RFC 8445 §9: other credentials. Media goes on to where it went until a pair is valid anew.
  void restart(IceCredentials local, std::string remote_ufrag, FullIce full);
  // Trickled, or said once more (RFC 8838 §11). Without effect once a pair is nominated.
  void add_candidate(const IceCandidate& candidate);

  // One STUN message; false: it is not authentic, or nothing that was asked for. What is to be
  // sent is put behind `out`. Nothing but authentic messages changes anything.
  bool handle(TimePoint now, const Endpoint& from, std::span<const std::byte> datagram,
              std::vector<IceDatagram>& out);
  void handle_timeout(TimePoint now, std::vector<IceDatagram>& out);
  // When handle_timeout has something to do; long ago: at once.
  [[nodiscard]] std::optional<TimePoint> next_timeout() const;

  // An authentic message came from there.
  [[nodiscard]] bool is_valid(const Endpoint& address) const;
  [[nodiscard]] const std::optional<Endpoint>& selected() const { return selected_; }
  [[nodiscard]] TimePoint consent_until() const { return consent_until_; }
  // No pair came of this generation within ice_patience, or consent was lost and nothing followed.
  [[nodiscard]] bool has_failed() const { return gave_up_ && !selected_; }

  [[nodiscard]] IceRole role() const { return role_; }
  [[nodiscard]] const IceCredentials& local() const { return local_; }
  [[nodiscard]] const std::string& remote_ufrag() const { return remote_ufrag_; }
  [[nodiscard]] std::size_t pairs() const { return pairs_.size(); }

 private:
  struct Check {  // RFC 8489 §6.2.1
    StunTransaction transaction{};
    IceRole role{};
    bool nominates = false;
    unsigned sent = 0;
    Duration rto{};
    TimePoint due{};
  };
  struct Pair {
    enum class State : std::uint8_t { waiting, in_progress, succeeded, failed };
    Endpoint remote;
    std::uint32_t remote_priority = 0;
    std::size_t base = 0;
    State state = State::waiting;
    bool heard = false;        // an authentic check came from there
    bool nominated = false;    // by the peer, who controls
    bool to_nominate = false;  // by us
    bool lost = false;         // consent was, for good
    unsigned triggered = 0;    // its place in that queue; 0: none
    TimePoint answered_at{};
    std::optional<Check> check;
    std::optional<Check> earlier;  // replaced by a triggered one, and may yet be answered
  };

  bool answer(TimePoint now, const Endpoint& from, const StunMessage& check,
              std::vector<IceDatagram>& out);
  bool agree_on_roles(const StunMessage& check);
  void switch_role(IceRole role);
  bool take_answer(TimePoint now, const Endpoint& from, const StunMessage& answer);
  void take_error(Pair& pair, const Check& check, const StunMessage& error);
  void succeed(TimePoint now, Pair& pair, bool nominates);
  void trigger(Pair& pair);
  void accept_nomination(TimePoint now, Pair& pair);
  void select(TimePoint now, Pair& pair);
  void conclude();
  void lose_consent();
  void fail(Pair& pair);

  void start_next(TimePoint now, std::vector<IceDatagram>& out);
  void transmit(TimePoint now, Pair& pair, std::vector<IceDatagram>& out);
  void ask_for_consent(TimePoint now, std::vector<IceDatagram>& out);
  [[nodiscard]] IceDatagram request(const Endpoint& to, std::size_t base,
                                    const StunTransaction& transaction, IceRole role,
                                    bool nominates) const;
  [[nodiscard]] const Pair* next_to_start() const;
  [[nodiscard]] Duration rto() const;
  [[nodiscard]] StunTransaction new_transaction();
  [[nodiscard]] std::uint64_t random();
  [[nodiscard]] Duration consent_interval();

  Pair* pair_with(const Endpoint& remote);
  Pair* pair_asked(const StunTransaction& transaction);
  Pair* add_pair(const Endpoint& remote, std::uint32_t priority);
  bool make_room();
  [[nodiscard]] std::uint64_t priority_of(const Pair& pair) const;
  [[nodiscard]] bool is_silent(TimePoint now) const { return now - last_answer_ > ice_silence; }
  [[nodiscard]] bool keeps_consent() const { return selected_ && !restarting_; }

  // Of the last 30 s: they are at least 4 s apart.
  static constexpr std::size_t consents_asked_max = 8;

  IceCredentials local_;
  std::string remote_ufrag_;
  std::string remote_password_;
  bool remote_is_lite_ = false;
  std::vector<Endpoint> bases_;
  Entropy entropy_;
  IceRole role_{};
  std::uint64_t tie_breaker_ = 0;
  std::vector<Pair> pairs_;
  unsigned triggered_ = 0;
  TimePoint next_start_{};
  std::optional<TimePoint> give_up_at_;  // none: nothing was begun yet
  bool gave_up_ = false;

  std::optional<Endpoint> selected_;
  std::size_t selected_base_ = 0;
  bool concluded_ = false;   // nominated
  bool restarting_ = false;  // `selected_` is of the generation before
  TimePoint consent_until_{};
  TimePoint consent_due_{};
  TimePoint last_answer_{};
  std::array<StunTransaction, consents_asked_max> consents_asked_{};
  std::size_t consents_ = 0;
};

}  // namespace assent::media

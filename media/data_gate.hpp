#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "media/sctp.hpp"

namespace assent::media {

// What of one participant's data channels may reach a conference server that performs purposes
// itself. Withheld are the chunks that carry data (DATA, I-DATA); all others pass, so that the
// association lives.
//
// What was withheld is never delivered later. SCTP sends what is not acknowledged again and again,
// browsers without end; after a grant that would carry over what was written before it. So:
// - Numbers (TSN) up to the highest that was withheld stay withheld for the life of the
//   association, and so does the rest of a message whose beginning was: DATA goes on with the next
//   message that begins; of I-DATA (RFC 8260), whose messages mix, only those of one chunk go.
// - To end the sending, the server is told in the client's name that these are abandoned, by
//   FORWARD TSN (RFC 3758 §3.5, which WebRTC requires, RFC 8831 §6.1): it acknowledges them, and
//   the client goes on to what comes next. Never beyond what is missing: what the server has not
//   got yet and was not withheld, it still gets, or it is withheld when it is sent again.
// A server that knows no FORWARD TSN gets nothing further in this association; nothing of what was
// withheld reaches it in any case.
//
// An association is known by its verification tag in packets with data, which the client's SCTP
// writes for the one it is in; another one begins anew. A channel that was opened meanwhile was
// opened toward nobody, because its opening is data, too (RFC 8832): the page opens another.
class DataGate {
 public:
  // A packet of the server's, which passes: what it says it has got.
  void hear_server(const SctpView& packet);

  // A packet of the client's. nullopt: it goes as it is. Otherwise data is withheld from it, and
  // this is the size of what goes in its place, at the front of `room`; 0: nothing. A packet of
  // which one chunk is withheld passes none that carries data: the others come again. The room is
  // three bytes longer than the packet, or more.
  [[nodiscard]] std::optional<std::size_t> withhold(const SctpView& packet, bool permitted,
                                                    std::span<std::byte> room);

 private:
  // The last message of a stream that was abandoned, for the server to go on behind it.
  struct Skipped {
    std::uint16_t stream = 0;
    bool unordered = false;
    std::uint32_t message = 0;
  };
  static constexpr std::size_t skipped_max = 16;

  void hear_client(const SctpView& packet);
  [[nodiscard]] bool admits(const SctpData& data, bool permitted);
  void abandon(const SctpData& data);
  void acknowledge(Tsn tsn);
  [[nodiscard]] bool skip(const SctpData& data);
  [[nodiscard]] std::size_t write_forward_tsn(std::span<std::byte> room) const;
  [[nodiscard]] std::size_t forward_tsn_bytes() const;

  std::optional<Tsn> first_;  // as the client said when it began an association
  std::optional<std::uint32_t> tag_;
  std::optional<Tsn> withheld_;  // up to this one
  bool is_within_ = false;       // a message that was withheld may go on
  std::optional<Tsn> acknowledged_;
  std::optional<Tsn> abandoned_;  // up to this one, beyond `acknowledged_`
  bool interleaved_ = false;
  std::array<Skipped, skipped_max> skipped_{};
  std::size_t skipped_count_ = 0;
};

}  // namespace assent::media

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assent::gateway {

enum class WhipEndpoint : std::uint8_t {
  whip,  // the client sends (RFC 9725)
  whep,  // the client receives (draft-ietf-wish-whep)
};

// Whom and what the target of a request names; empty: it does not say.
struct WhipPlace {
  std::string room;
  std::string participant;

  bool operator==(const WhipPlace&) const = default;
};

// The path of an endpoint, as "/live/{room}/whip" or "/rtc/v1/whip/?app=live&stream={room}".
// {room} and {participant} stand for a whole segment, or the whole value of a query parameter, and
// are ids; {} is a value that nothing is learnt from, such as a secret. A request that says more
// or less than the pattern does not match: what the server is asked for is what was judged here.
class WhipPattern {
 public:
  // Nothing: it is no such path.
  [[nodiscard]] static std::optional<WhipPattern> parse(std::string_view text);

  [[nodiscard]] bool names_room() const { return count(Kind::room) == 1; }
  [[nodiscard]] bool names_participant() const { return count(Kind::participant) == 1; }

  // `target`: as it stands in the request.
  [[nodiscard]] std::optional<WhipPlace> match(std::string_view target) const;

 private:
  enum class Kind : std::uint8_t { literal, room, participant, anything };
  struct Part {
    Kind kind = Kind::literal;
    std::string text;
  };
  struct Parameter {
    std::string name;
    Part value;
  };

  [[nodiscard]] static std::optional<Part> parse_part(std::string_view text);
  [[nodiscard]] static bool takes(const Part& part, std::string_view text, WhipPlace& place);
  bool parse_query(std::string_view text);
  [[nodiscard]] bool match_query(std::string_view text, WhipPlace& place) const;
  [[nodiscard]] std::size_t count(Kind kind) const;

  std::vector<Part> segments_;
  std::vector<Parameter> query_;
};

// What an operator says of one path.
struct WhipRule {
  WhipPattern path;
  WhipEndpoint endpoint = WhipEndpoint::whip;
  std::string room;               // where the path names none
  bool subject_of_token = false;  // the person is whoever has the bearer token
};

// Where the sessions of this gateway are; no rule's path begins so.
inline constexpr std::string_view whip_session_path = "/session/";

}  // namespace assent::gateway

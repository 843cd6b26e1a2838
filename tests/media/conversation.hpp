#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/negotiation.hpp"

namespace assent::media {

// One participant's offer/answer with the gateway at 198.51.100.1 toward the client and at
// 198.51.100.2 toward the server; m-section n has port 40000 + 10 n, RTCP on the next one.
// Entropy counts, so that every key differs from every other and a run can be repeated.
class Conversation {
 public:
  explicit Conversation(const CipherPolicy& policy = {}) : negotiation{policy, policy} {}

  Negotiation negotiation;
  std::optional<Profile> wanted;  // toward the side that answers
  bool only_multiplexed = false;  // the gateway has no RTCP ports

  Entropy entropy = [this](std::span<std::byte> bytes) {
    ++drawn_;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<std::byte>(drawn_ * 16 + i);
  };

  [[nodiscard]] std::vector<LocalTransport> transports(Side toward, std::size_t sections) const {
    const auto* const address = toward == Side::client ? "198.51.100.1" : "198.51.100.2";
    std::vector<LocalTransport> out(sections);
    for (std::size_t i = 0; i < sections; ++i) {
      const auto port = static_cast<std::uint16_t>(40'000 + 10 * i);
      out[i].rtp = *parse_endpoint(address, port);
      if (!only_multiplexed)
        out[i].rtcp = *parse_endpoint(address, static_cast<std::uint16_t>(port + 1));
    }
    return out;
  }

  // The text toward the other side.
  SdpResult<std::string> offer(Side from, std::string_view sdp) {
    const auto needed = negotiation.receive_offer(from, sdp);
    if (!needed) return needed.error();
    sections_ = parse_sdp(sdp)->media.size();
    return negotiation.write_offer(wanted, transports(other(from), sections_), entropy);
  }

  // The text toward the offerer; a further answer to an offer that was answered, too.
  SdpResult<std::string> answer(std::string_view sdp) {
    const auto received = negotiation.receive_answer(sdp);
    if (!received) return received.error();
    return negotiation.write_answer(transports(*negotiation.last_offerer(), sections_), entropy);
  }

  // Both halves, which must succeed; what each side was told.
  struct Told {
    std::string answerer;
    std::string offerer;
  };
  Told exchange(Side from, std::string_view offer_text, std::string_view answer_text) {
    auto offered = offer(from, offer_text);
    EXPECT_TRUE(offered) << to_string(offered.error());
    if (!offered) return {};
    auto answered = answer(answer_text);
    EXPECT_TRUE(answered) << to_string(answered.error());
    return answered ? Told{*offered, *answered} : Told{*offered, {}};
  }

  [[nodiscard]] const LegPlan& leg(Side side, std::size_t section = 0) const {
    return negotiation.legs()[section].leg(side);
  }

 private:
  std::size_t sections_ = 0;
  unsigned drawn_ = 0;
};

inline Endpoint endpoint(std::string_view address, std::uint16_t port) {
  return *parse_endpoint(address, port);
}

// "a=..." lines of an m-section of a text, without "a=".
inline std::vector<std::string> attributes(std::string_view text, std::size_t section = 0) {
  const auto sdp = parse_sdp(text);
  std::vector<std::string> out;
  for (const auto& line : sdp->media.at(section).lines)
    if (line.type == 'a') out.push_back(line.value);
  return out;
}

// A description of one or more audio sections: "audio 5004 RTP/AVP 0" and lines that follow.
inline std::string description(std::string_view address, std::string_view sections) {
  return "v=0\r\no=- 1 1 IN IP4 " + std::string(address) + "\r\ns=-\r\nc=IN IP4 " +
         std::string(address) + "\r\nt=0 0\r\n" + std::string(sections);
}

inline constexpr std::string_view client_address = "192.0.2.10";
inline constexpr std::string_view server_address = "192.0.2.50";
inline constexpr std::string_view key_a = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e";
inline constexpr std::string_view key_b = "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+";

inline std::string crypto(unsigned tag, std::string_view suite, std::string_view key) {
  return "a=crypto:" + std::to_string(tag) + ' ' + std::string(suite) +
         " inline:" + std::string(key) + "\r\n";
}
inline const std::string cm80 = "AES_CM_128_HMAC_SHA1_80";
inline const std::string cm32 = "AES_CM_128_HMAC_SHA1_32";

}  // namespace assent::media

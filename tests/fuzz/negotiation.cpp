// A whole conversation: the input is split at bytes 0x01 into descriptions, each begun by a byte
// that says who sends it and with what wish. Whatever comes, what was agreed is sound.
#include "media/negotiation.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace assent::media;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

class Conversation {
 public:
  void step(std::string_view message) {
    if (message.empty()) return;
    const auto what = static_cast<unsigned char>(message.front());
    const auto text = message.substr(1);
    if ((what & 4U) != 0) {
      negotiation_.roll_back();
    } else if ((what & 2U) != 0) {
      answer(text);
    } else {
      offer((what & 1U) != 0 ? Side::server : Side::client, text, what >> 4U);
    }
    check_plans();
  }

 private:
  void offer(Side from, std::string_view text, unsigned wish) {
    if (!negotiation_.receive_offer(from, text)) return;
    sections_ = parse_sdp(text)->media.size();
    std::optional<Profile> wanted;
    if (wish % 8 < 4) wanted = static_cast<Profile>(wish % 4);
    const auto told = negotiation_.write_offer(wanted, transports(), entropy_);
    if (!told) return;
    secure_.assign(sections_, false);
    const auto description = read_description(*parse_sdp(*told));
    // The peer's own lines may be malformed; what the gateway wrote in their place is not.
    require(description.has_value());
    for (std::size_t i = 0; i < sections_; ++i)
      secure_[i] =
          (*description)[i].standing == Standing::wanted && is_secure((*description)[i].profile);
    answerer_ = other(from);
    check_told(*told);
  }

  void answer(std::string_view text) {
    if (!negotiation_.receive_answer(text)) return;
    const auto told = negotiation_.write_answer(transports(), entropy_);
    require(told.has_value());
    require(parse_sdp(*told)->media.size() == sections_);
    check_told(*told);
    for (std::size_t i = 0; i < sections_; ++i) {
      const auto& media = negotiation_.legs()[i];
      if (media.active && secure_[i]) require(media.leg(answerer_).is_secure());
    }
  }

  // Nothing of the peers' transports.
  static void check_told(std::string_view told) {
    const auto sdp = parse_sdp(told);
    check_gone(sdp->lines);
    for (const auto& media : sdp->media)
      check_gone(media.lines);
  }
  static void check_gone(std::span<const SdpLine> lines) {
    for (const auto* const gone : {"candidate", "ice-ufrag", "ice-pwd", "fingerprint", "setup"})
      require(find_attribute(lines, gone) == nullptr);
    for (const auto& line : lines)
      require(line.type != 'k');
  }

  void check_plans() const {
    for (const auto& media : negotiation_.legs()) {
      for (const auto* leg : {&media.client, &media.server}) {
        require(leg->receive_key.has_value() == leg->send_key.has_value());
        require(media.active || (!leg->is_secure() && !leg->remote_rtp.is_set()));
        require(!media.active || leg->is_secure() == is_secure(leg->profile));
        if (leg->is_secure()) require(leg->receive_key->suite() == leg->send_key->suite());
      }
    }
  }

  [[nodiscard]] std::vector<LocalTransport> transports() const {
    return std::vector<LocalTransport>(
        sections_, {*parse_endpoint("127.0.0.1", 4000), *parse_endpoint("127.0.0.1", 4001)});
  }

  unsigned char drawn_ = 0;
  Entropy entropy_ = [this](std::span<std::byte> bytes) {
    for (auto& byte : bytes)
      byte = static_cast<std::byte>(drawn_++);
  };
  Negotiation negotiation_;
  std::size_t sections_ = 0;
  std::vector<bool> secure_;
  Side answerer_ = Side::server;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  Conversation conversation;
  while (!rest.empty()) {
    const auto end = rest.find('\x01');
    conversation.step(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return 0;
}

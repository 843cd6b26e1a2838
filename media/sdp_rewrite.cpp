#include "media/sdp_rewrite.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "media/sdp_attributes.hpp"

namespace assent::media {
namespace {

constexpr std::string_view nowhere = "IN IP4 0.0.0.0";

// Transports and keys of the author. Capability negotiation (RFC 5939) and alternative addresses
// would let a peer choose a transport that stands in none of the lines the gateway rewrites.
constexpr std::array<std::string_view, 21> attributes_dropped{"candidate",
                                                              "remote-candidates",
                                                              "end-of-candidates",
                                                              "setup",
                                                              "fingerprint",
                                                              "tls-id",
                                                              "dtls-message",
                                                              "connection",
                                                              "bundle-only",
                                                              "source-filter",
                                                              "alt",
                                                              "altc",
                                                              "crypto",
                                                              "key-mgmt",
                                                              "acap",
                                                              "tcap",
                                                              "ccap",
                                                              "pcfg",
                                                              "acfg",
                                                              "lcfg",
                                                              "csup"};

bool contains_key(std::string_view value) {
  // "inline:" is RFC 4568's; vendors put the same into attributes of their own.
  constexpr std::string_view mark = "inline:";
  const auto found = std::search(value.begin(), value.end(), mark.begin(), mark.end(),
                                 [](char a, char b) { return (a | 0x20) == (b | 0x20); });
  return found != value.end();
}

bool is_bundle(const SdpLine& line) {
  const auto value = attribute(line, "group");
  return value && (*value == "BUNDLE" || value->starts_with("BUNDLE "));
}

bool is_dropped(const SdpLine& line) {
  if (line.type == 'k') return true;  // RFC 8866 §5.12: MUST be discarded
  if (line.type != 'a') return false;
  if (contains_key(line.value) || is_bundle(line)) return true;
  if (line.value.starts_with("ice-")) return true;
  return std::ranges::any_of(attributes_dropped, [&line](std::string_view name) {
    return attribute(line, name).has_value();
  });
}

std::string connection_text(const Endpoint& endpoint) {
  return std::string(endpoint.is_v4() ? "IN IP4 " : "IN IP6 ") + address_text(endpoint);
}

std::string connection_text(const MediaRewrite& section) {
  return section.on_hold ? std::string(nowhere) : connection_text(section.rtp);
}

// o=<user> <id> <version> and then an address: the gateway's.
SdpLine rewrite_origin(const SdpLine& line, std::string_view address) {
  std::string_view kept = line.value;
  std::size_t end = 0;
  for (int field = 0; field < 3; ++field) {
    end = kept.find_first_not_of(' ', end);
    end = kept.find(' ', end);
  }
  return {'o', std::string(kept.substr(0, end)) + ' ' + std::string(address), line.number};
}

class SectionWriter {
 public:
  SectionWriter(const SdpMedia& media, const MediaRewrite& plan, std::string_view session_address)
      : media_{media}, plan_{plan}, session_address_{session_address} {}

  SdpMedia write() {
    out_.kind = media_.kind;
    out_.port = plan_.relayed ? plan_.rtp.port : std::uint16_t{0};
    out_.protocol = plan_.protocol;
    out_.formats = media_.formats;
    out_.number = media_.number;
    for (const auto& line : media_.lines)
      write_line(line);
    write_connection();
    write_transport();
    return std::move(out_);
  }

 private:
  void write_line(const SdpLine& line) {
    if (line.type != 'i' && line.type != 'c') write_connection();
    if (line.type == 'c') return write_existing_connection(line);
    if (line.type == 'a') return write_attribute(line);
    if (!is_dropped(line)) out_.lines.push_back(line);
  }

  void write_attribute(const SdpLine& line) {
    if (attribute(line, "rtcp")) return write_rtcp(line.number);
    if (attribute(line, "crypto")) return write_cryptos();
    if (attribute(line, "rtcp-mux") || attribute(line, "rtcp-mux-only")) {
      if (plan_.relayed && plan_.rtcp_mux && line.value != "rtcp-mux-only") write_mux();
      return;
    }
    if (!plan_.mid.empty() && attribute(line, "mid")) return;
    if (!is_dropped(line)) out_.lines.push_back(line);
  }

  [[nodiscard]] std::string address() const {
    return plan_.relayed ? connection_text(plan_) : std::string(nowhere);
  }

  void write_existing_connection(const SdpLine& line) {
    if (!std::exchange(connection_written_, true))
      out_.lines.push_back({'c', address(), line.number});
  }

  // Where the author relied on the c= of the session, and the gateway cannot.
  void write_connection() {
    if (connection_written_ || has('c')) return;
    connection_written_ = true;
    if (plan_.relayed && address() != session_address_) out_.lines.push_back({'c', address(), 0});
  }

  // What the author did not say, and the gateway must.
  void write_transport() {
    if (!plan_.mid.empty()) out_.lines.push_back({'a', "mid:" + plan_.mid, 0});
    if (!plan_.relayed) return;
    write_cryptos();
    if (plan_.rtcp && !is_default_rtcp()) write_rtcp(0);
    if (plan_.rtcp_mux) write_mux();
    out_.lines.insert(out_.lines.end(), plan_.webrtc.begin(), plan_.webrtc.end());
  }

  void write_cryptos() {
    if (!plan_.relayed || std::exchange(cryptos_written_, true)) return;
    out_.lines.insert(out_.lines.end(), plan_.cryptos.begin(), plan_.cryptos.end());
  }

  void write_mux() {
    if (!std::exchange(mux_written_, true)) out_.lines.push_back({'a', "rtcp-mux", 0});
  }

  void write_rtcp(std::size_t number) {
    if (!plan_.relayed || !plan_.rtcp || std::exchange(rtcp_written_, true)) return;
    auto text = "rtcp:" + std::to_string(plan_.rtcp->port);
    if (plan_.rtcp->address != plan_.rtp.address) text += ' ' + connection_text(*plan_.rtcp);
    out_.lines.push_back({'a', std::move(text), number});
  }

  [[nodiscard]] bool is_default_rtcp() const {
    return plan_.rtcp->address == plan_.rtp.address && plan_.rtcp->port == plan_.rtp.port + 1;
  }

  [[nodiscard]] bool has(char type) const {
    return std::ranges::find(media_.lines, type, &SdpLine::type) != media_.lines.end();
  }

  const SdpMedia& media_;
  const MediaRewrite& plan_;
  std::string_view session_address_;
  SdpMedia out_;
  bool connection_written_ = false;
  bool cryptos_written_ = false;
  bool rtcp_written_ = false;
  bool mux_written_ = false;
};

}  // namespace

Sdp rewrite(const Sdp& sdp, std::span<const MediaRewrite> sections,
            std::span<const SdpLine> session_lines) {
  const auto first = std::ranges::find(sections, true, &MediaRewrite::relayed);
  const bool any = first != sections.end();
  const auto origin = any ? connection_text(first->rtp) : std::string(nowhere);
  const auto session = any ? connection_text(*first) : std::string(nowhere);

  Sdp out;
  bool session_has_connection = false;
  for (const auto& line : sdp.lines) {
    if (line.type == 'c' && std::exchange(session_has_connection, true)) continue;
    if (line.type == 'c') {
      out.lines.push_back({'c', session, line.number});
    } else if (line.type == 'o') {
      out.lines.push_back(rewrite_origin(line, origin));
    } else if (!is_dropped(line)) {
      out.lines.push_back(line);
    }
  }
  out.lines.insert(out.lines.end(), session_lines.begin(), session_lines.end());
  for (std::size_t i = 0; i < sdp.media.size(); ++i) {
    const std::string_view known = session_has_connection ? std::string_view(session) : "";
    out.media.push_back(SectionWriter{sdp.media[i], sections[i], known}.write());
  }
  return out;
}

}  // namespace assent::media

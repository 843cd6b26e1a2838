#include "gateway/whip_sdp.hpp"

#include "media/sdp_description.hpp"

namespace assent::gateway {
namespace {

constexpr std::string_view ufrag_name = "a=ice-ufrag:";
constexpr std::string_view password_name = "a=ice-pwd:";
constexpr std::string_view candidate_name = "a=candidate:";
constexpr std::string_view end_of_candidates = "a=end-of-candidates";

// The next line, without its end.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void add_line(std::string& out, std::string_view line) {
  out += line;
  out += "\r\n";
}

bool is_right_way(media::Direction direction, WhipEndpoint endpoint) {
  return endpoint == WhipEndpoint::whip ? media::sends(direction) : media::receives(direction);
}

}  // namespace

Answered<void> check_whip_offer(std::string_view sdp, WhipEndpoint endpoint) {
  const auto parsed = media::parse_sdp(sdp);
  if (!parsed) return make_problem(ProblemType::invalid_value, media::to_string(parsed.error()));
  const auto sections = media::read_description(*parsed);
  if (!sections)
    return make_problem(ProblemType::invalid_value, media::to_string(sections.error()));
  bool has_media = false;
  for (const auto& section : *sections) {
    if (section.standing != media::Standing::wanted) continue;
    has_media = true;
    if (!media::has_dtls(section.profile) || !section.webrtc)
      return make_problem(ProblemType::invalid_value,
                          "Media is offered without ICE and DTLS. Offer UDP/TLS/RTP/SAVPF.");
    // RFC 9725 §4.2, and the same of WHEP the other way round.
    if (!is_right_way(section.direction, endpoint))
      return make_problem(ProblemType::invalid_value,
                          endpoint == WhipEndpoint::whip
                              ? "Whoever publishes offers sendonly or sendrecv."
                              : "Whoever plays offers recvonly or sendrecv.");
  }
  if (has_media) return {};
  return make_problem(ProblemType::invalid_value, "The offer has neither audio nor video.");
}

std::optional<IceWords> ice_words_of(std::string_view text) {
  IceWords out;
  while (!text.empty()) {
    const auto line = take_line(text);
    if (out.ufrag.empty() && line.starts_with(ufrag_name))
      out.ufrag = line.substr(ufrag_name.size());
    if (out.password.empty() && line.starts_with(password_name))
      out.password = line.substr(password_name.size());
  }
  if (out.ufrag.empty() || out.password.empty()) return std::nullopt;
  return out;
}

std::vector<std::string> candidate_lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto line = take_line(text);
    if (line.starts_with(candidate_name)) out.emplace_back(line);
  }
  return out;
}

std::string with_ice(std::string_view sdp, const IceWords& ice,
                     const std::vector<std::string>& candidates) {
  std::string out;
  std::size_t sections = 0;
  const auto end_section = [&] {
    if (sections != 1) return;
    for (const auto& candidate : candidates)
      add_line(out, candidate);
  };
  while (!sdp.empty()) {
    const auto line = take_line(sdp);
    if (line.starts_with("m=")) {
      end_section();
      ++sections;
    }
    if (line.starts_with(ufrag_name)) {
      add_line(out, std::string(ufrag_name).append(ice.ufrag));
    } else if (line.starts_with(password_name)) {
      add_line(out, std::string(password_name).append(ice.password));
    } else if (candidates.empty() ||
               (!line.starts_with(candidate_name) && line != end_of_candidates)) {
      add_line(out, line);
    }
  }
  end_section();
  return out;
}

std::string ice_fragment_of(std::string_view sdp) {
  std::string session;
  std::string section;
  const auto ice = ice_words_of(sdp);
  for (std::size_t sections = 0; !sdp.empty() && sections < 2;) {
    const auto line = take_line(sdp);
    if (line.starts_with("m=") && ++sections == 2) break;
    if (line == "a=ice-lite" || line.starts_with("a=ice-options:")) add_line(session, line);
    if (sections == 1 &&
        (line.starts_with("m=") || line.starts_with("a=mid:") || line.starts_with(candidate_name)))
      add_line(section, line);
  }
  if (ice) {
    add_line(session, std::string(ufrag_name).append(ice->ufrag));
    add_line(session, std::string(password_name).append(ice->password));
  }
  add_line(section, end_of_candidates);
  return session + section;
}

}  // namespace assent::gateway

#include "media/trickle.hpp"

#include <utility>

#include "media/ice.hpp"
#include "media/sdp_attributes.hpp"

namespace assent::media {
namespace {

class FragmentReader {
 public:
  SdpResult<SdpFragment> read(std::string_view text) {
    while (!text.empty()) {
      const auto end = text.find('\n');
      auto line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      ++number_;
      if (line.empty()) continue;
      if (auto error = read_line(line)) return *std::move(error);
    }
    return std::move(out_);
  }

 private:
  std::optional<SdpError> read_line(std::string_view line) {
    if (number_ > sdp_lines_max || line.size() > sdp_line_bytes_max)
      return fault("the fragment is too long", "trickle in several requests");
    if (line.starts_with("m=")) {
      section_ = in_section_ ? section_ + 1 : 0;
      in_section_ = true;
      mid_.clear();
      section_ufrag_.clear();
      return std::nullopt;
    }
    if (!line.starts_with("a="))
      return fault("is no line of a fragment", "write m= and a= lines (RFC 8840 §9)");
    return read_attribute({'a', std::string(line.substr(2)), number_});
  }

  std::optional<SdpError> read_attribute(const SdpLine& line) {
    if (const auto mid = attribute(line, "mid")) mid_ = *mid;
    if (const auto ufrag = attribute(line, "ice-ufrag"))
      (in_section_ ? section_ufrag_ : ufrag_) = *ufrag;
    if (attribute(line, "end-of-candidates")) out_.is_end = true;
    const auto candidate = attribute(line, "candidate");
    if (!candidate) return std::nullopt;
    if (out_.candidates.size() == SdpFragment::candidates_max)
      return fault("more than 64 candidates", "trickle in several requests");
    out_.candidates.push_back({mid_, section_, section_ufrag_.empty() ? ufrag_ : section_ufrag_,
                               parse_candidate(*candidate)});
    return std::nullopt;
  }

  [[nodiscard]] SdpError fault(std::string what, std::string remedy) const {
    return {number_, std::move(what), std::move(remedy)};
  }

  SdpFragment out_;
  std::size_t number_ = 0;
  bool in_section_ = false;
  std::size_t section_ = 0;
  std::string mid_;
  std::string ufrag_;
  std::string section_ufrag_;
};

}  // namespace

SdpResult<SdpFragment> parse_sdp_fragment(std::string_view text) {
  if (text.size() > sdp_bytes_max) return SdpError{0, "the fragment is too long", "trickle less"};
  return FragmentReader{}.read(text);
}

std::optional<IceCandidate> parse_browser_candidate(std::string_view text) {
  if (text.starts_with("a=")) text.remove_prefix(2);
  constexpr std::string_view name = "candidate:";
  if (!text.starts_with(name)) return std::nullopt;
  return parse_candidate(text.substr(name.size()));
}

std::string_view ufrag_of_browser_candidate(std::string_view text) {
  constexpr std::string_view name = " ufrag ";
  const auto at = text.find(name);
  if (at == std::string_view::npos) return {};
  const auto value = text.substr(at + name.size());
  return value.substr(0, value.find(' '));
}

}  // namespace assent::media

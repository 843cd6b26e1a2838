#include <boost/beast/http.hpp>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/id.hpp"
#include "gateway/whip_answer.hpp"
#include "gateway/whip_sdp.hpp"

using namespace assent::gateway;

// A client's target, description and fragment, a server's Link: whatever they hold, what is learnt
// of them is an id, what is written of them has the lines that it is to have.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  static const auto pattern = WhipPattern::parse("/{room}/whip/?id={participant}&secret={}");
  if (const auto place = pattern->match(text)) {
    if (!is_id(place->room) || !is_id(place->participant)) std::abort();
  }
  if (const auto written = WhipPattern::parse(text)) (void)written->match(text);
  (void)check_whip_offer(text, WhipEndpoint::whip);
  const IceWords other{"other", "otherpassword0123456789ab"};
  const auto restarted = with_ice(text, other, candidate_lines_of(text));
  if (ice_words_of(text) && ice_words_of(restarted) != other) std::abort();
  for (const auto& line : candidate_lines_of(ice_fragment_of(text)))
    if (line.find('\n') != std::string::npos) std::abort();
  WhipResponse response;
  response.set(boost::beast::http::field::link, text.substr(0, 4'096));
  for (const auto& link : ice_server_links(response))
    if (link.find('<') == std::string::npos) std::abort();
  (void)if_match_holds(text, "\"a\"");
  return 0;
}

// What is read back from disk: a leaf of the ledger, a room's event, a call detail record. Only
// what the gateway writes is accepted, and it is written again as it was.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/cdr.hpp"
#include "gateway/ledger_entry.hpp"
#include "gateway/room_event_json.hpp"

using namespace assent;
using namespace assent::gateway;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_leaf(std::string_view text) {
  const auto leaf = parse_ledger_entry(text);
  if (!leaf) return;
  require(leaf->open.subject.empty() && leaf->open.data.empty());
  if (leaf->nonce || leaf->subject || leaf->data) return;  // needs the subject's key to be made
  const auto again = to_leaf(leaf->open, nullptr, {});
  require(!again || *again == text);
}

void check_event(std::string_view text, std::string participant) {
  RoomEvent record;
  record.participant = std::move(participant);
  record.json = std::string(text);
  const auto event = parse_room_event(record);
  if (!event) {
    require(!event.error().what.empty());
    return;
  }
  const auto* const taken = std::get_if<policy::Event>(&*event);
  if (taken == nullptr) return;
  record.json = to_json(*taken);
  const auto again = parse_room_event(record);
  require(again && to_json(std::get<policy::Event>(*again)) == record.json);
}

void check_cdr(std::string_view text) {
  const auto cdr = parse_cdr(text);
  if (!cdr) return;
  const auto written = to_json(*cdr);
  const auto again = parse_cdr(written);
  require(again && to_json(*again) == written);
  (void)imbalances(*cdr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  check_leaf(text);
  check_event(text, "");
  check_event(text, "ann");
  check_cdr(text);
  return 0;
}

// What is read back from disk: a leaf of the ledger, a room's event, a call detail record. Only
// what the gateway writes is accepted, and it is written again as it was.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/cdr.hpp"
#include "gateway/cdr_form.hpp"
#include "gateway/cdr_view.hpp"
#include "gateway/cdrs_parameters.hpp"
#include "gateway/export_queue.hpp"
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

// Whatever a record says, it can be given out: in each form, and as each view shows it.
void check_forms(const Cdr& cdr) {
  using policy::RecordsView;
  for (const auto view : {RecordsView::full, RecordsView::support, RecordsView::conference}) {
    const auto shown = CdrView{view, "processor"}.shown(cdr);
    if (!shown) continue;
    require(parse_cdr(to_json(*shown)).has_value());
    for (std::size_t form = 0; form < cdr_form_words.size(); ++form) {
      const auto writer = make_cdr_writer(static_cast<CdrForm>(form), "gateway");
      std::string out;
      writer->begin(out);
      writer->add(*shown, out);
      writer->finish(out);
      require(out.empty() || out.back() == '\n');
    }
  }
}

void check_transfers(std::string_view text) {
  const auto ways = parse_transfers(text);
  const auto written = to_json(ways);
  require(to_json(parse_transfers(written)) == written);
}

void check_cdr(std::string_view text) {
  const auto cdr = parse_cdr(text);
  if (!cdr) return;
  const auto written = to_json(*cdr);
  const auto again = parse_cdr(written);
  require(again && to_json(*again) == written);
  (void)imbalances(*cdr);
  check_forms(*cdr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  check_leaf(text);
  check_transfers(text);
  (void)cdr_form_accepted(text);
  check_event(text, "");
  check_event(text, "ann");
  check_cdr(text);
  return 0;
}

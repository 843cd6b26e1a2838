#include "gateway/cdr_form.hpp"

#include <algorithm>

namespace assent::gateway {
namespace {

class LinesWriter final : public CdrWriter {
 public:
  void add(const Cdr& cdr, std::string& out) override { out += to_json(cdr) + '\n'; }
};

}  // namespace

std::optional<CdrForm> parse_cdr_form(std::string_view word) {
  const auto found = std::find(cdr_form_words.begin(), cdr_form_words.end(), word);
  if (found == cdr_form_words.end()) return std::nullopt;
  return static_cast<CdrForm>(found - cdr_form_words.begin());
}

std::string_view to_string(CdrForm form) {
  return cdr_form_words.at(static_cast<std::size_t>(form));
}

std::string_view media_type(CdrForm form) {
  switch (form) {
    case CdrForm::csv:
      return "text/csv; charset=utf-8; header=present";
    case CdrForm::cel:
      return "text/csv; charset=utf-8; header=absent";
    case CdrForm::lines:
    case CdrForm::vcon:
    case CdrForm::freeswitch:
      break;
  }
  return "application/jsonl";
}

std::string_view file_ending(CdrForm form) {
  return form == CdrForm::csv || form == CdrForm::cel ? "csv" : "jsonl";
}

std::unique_ptr<CdrWriter> make_cdr_writer(CdrForm form, const std::string& gateway) {
  switch (form) {
    case CdrForm::csv:
      return make_csv_writer();
    case CdrForm::vcon:
      return make_vcon_writer();
    case CdrForm::cel:
      return make_cel_writer();
    case CdrForm::freeswitch:
      return make_freeswitch_writer(gateway);
    case CdrForm::lines:
      break;
  }
  return std::make_unique<LinesWriter>();
}

}  // namespace assent::gateway

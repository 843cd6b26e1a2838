#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/cdr.hpp"

namespace assent::gateway {

// The forms in which call detail records are given out.
enum class CdrForm : unsigned char {
  lines,       // JSON lines, a record each, as in the daily files
  csv,         // RFC 4180, a record each
  vcon,        // a vCon (draft-ietf-vcon-vcon-core) a room, each on a line
  cel,         // the channel events of Asterisk, in the columns of its cel_custom.conf
  freeswitch,  // the objects of FreeSWITCH's mod_json_cdr, one a participant's call, each on a line
};
inline constexpr std::array<std::string_view, 5> cdr_form_words{"jsonl", "csv", "vcon", "cel",
                                                                "freeswitch"};
[[nodiscard]] std::optional<CdrForm> parse_cdr_form(std::string_view word);
[[nodiscard]] std::string_view to_string(CdrForm form);
[[nodiscard]] std::string_view media_type(CdrForm form);
[[nodiscard]] std::string_view file_ending(CdrForm form);  // "jsonl", without a dot

// Writes records, in the order of their ids, in one form. What is appended to `out` is complete
// lines, but for quoted line feeds. Memory does not grow with the records, but for vCons: those of
// rooms that are open at the same time are kept together until their room closes.
class CdrWriter {
 public:
  CdrWriter() = default;
  CdrWriter(const CdrWriter&) = delete;
  CdrWriter& operator=(const CdrWriter&) = delete;
  virtual ~CdrWriter() = default;

  virtual void begin(std::string& out) { (void)out; }
  virtual void add(const Cdr& cdr, std::string& out) = 0;
  virtual void finish(std::string& out) { (void)out; }
};

// `gateway`: its name, where a form says who made it.
[[nodiscard]] std::unique_ptr<CdrWriter> make_cdr_writer(CdrForm form, const std::string& gateway);

// cdr_form_*.cpp
[[nodiscard]] std::unique_ptr<CdrWriter> make_csv_writer();
[[nodiscard]] std::unique_ptr<CdrWriter> make_vcon_writer();
[[nodiscard]] std::unique_ptr<CdrWriter> make_cel_writer();
[[nodiscard]] std::unique_ptr<CdrWriter> make_freeswitch_writer(const std::string& gateway);

}  // namespace assent::gateway

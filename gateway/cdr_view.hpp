#pragma once

#include <optional>
#include <string>
#include <utility>

#include "gateway/cdr.hpp"
#include "policy/rules.hpp"

namespace assent::gateway {

// What a processor is shown of call detail records: the fields that its view names, and no other,
// whatever fields records get later. Every form of a record is written from what comes out here.
//
// In all views but the full one a room's session and its participants have other names: the same in
// every record of one holding for one processor, different in every other, and traceable by nobody
// who does not know the session.
class CdrView {
 public:
  CdrView(policy::RecordsView view, std::string processor)
      : view_{view}, processor_{std::move(processor)} {}
  // All of it, as the operator itself sees it.
  CdrView() : CdrView{policy::RecordsView::full, {}} {}

  // Nothing: the processor is not shown that there is such a record. So it is where the layers of
  // tenant, room or leg denied it.
  [[nodiscard]] std::optional<Cdr> shown(const Cdr& whole) const;

  // It is for cases: somebody names their rooms.
  [[nodiscard]] bool needs_rooms() const { return view_ == policy::RecordsView::support; }
  [[nodiscard]] policy::RecordsView kind() const { return view_; }
  [[nodiscard]] bool is_operators() const { return processor_.empty(); }
  // What the processor knows this session, or this participant of it, by, in all views but the full
  // one.
  [[nodiscard]] std::string name_of(const std::string& session, const std::string& what) const;

 private:
  [[nodiscard]] Cdr common(const Cdr& whole) const;
  [[nodiscard]] Cdr for_support(const Cdr& whole) const;
  [[nodiscard]] Cdr for_carriers(const Cdr& whole) const;

  policy::RecordsView view_;
  std::string processor_;
};

}  // namespace assent::gateway

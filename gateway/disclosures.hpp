#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "gateway/subject_rights.hpp"

namespace assent::gateway {

// A government that asks for what is kept about somebody. A route of its own: it opens no sink and
// changes no permission, only what is on file is given out, once, and only when enough different
// people say so. Each step is recorded.
struct DisclosureRequest {
  std::string subject;
  std::string authority;  // who asks
  std::string reference;  // of the order
  bool confidential =
      false;  // the person may not be told: the person's own archive is silent on it
};
[[nodiscard]] Answered<DisclosureRequest> parse_disclosure_request(const boost::json::value& body);

// Control thread only. Requests wait in memory, for a day: after a restart they are made again.
class Disclosures {
 public:
  static constexpr std::chrono::hours request_lifetime{24};
  static constexpr std::size_t requests_max = 100;

  Disclosures(SubjectRights& rights, const PolicyInForce& policy)
      : rights_{rights}, policy_{policy} {}

  // Answers with the id under which others approve it, and until when. Who asks for it counts as
  // one of those who authorise it.
  boost::asio::awaitable<Answered<boost::json::object>> request(DisclosureRequest request,
                                                                std::string actor);
  // The archive, if this is the last approval that it takes; else how many are missing.
  boost::asio::awaitable<Answered<boost::json::object>> approve(std::string id, std::string actor);

 private:
  struct Waiting {
    DisclosureRequest request;
    std::set<std::string> authorised_by;
    std::chrono::steady_clock::time_point until;
    bool being_released = false;
  };
  void forget_old();
  [[nodiscard]] bool is_enough(const Waiting& waiting) const;

  SubjectRights& rights_;
  const PolicyInForce& policy_;
  std::map<std::string, Waiting, std::less<>> waiting_;
};

}  // namespace assent::gateway

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/conference.hpp"

namespace assent::gateway {

// All rooms, each on the worker that had the fewest when it began. Control thread only.
class Conferences {
 public:
  Conferences(boost::asio::any_io_executor executor, ConferenceServices& services,
              std::vector<std::unique_ptr<MediaWorker>>& workers);

  static constexpr std::size_t rooms_max = 20'000;

  // Opens the room; one that is open already stays as it is, if its tenant and the layer that it
  // was opened with are the same.
  boost::asio::awaitable<Answered<std::shared_ptr<Conference>>> put(std::string room,
                                                                    std::string tenant,
                                                                    PolicyLayer layer);
  [[nodiscard]] Answered<std::shared_ptr<Conference>> find(std::string_view room) const;
  boost::asio::awaitable<Answered<void>> close(std::string room, CauseForClosing cause);
  boost::asio::awaitable<void> close_all(CauseForClosing cause);

  // Every open room goes on under these rules; rooms that open meanwhile are to open under them.
  boost::asio::awaitable<AdoptedRules> adopt(std::shared_ptr<const policy::RuleBook> rules);
  // What adopt() would come to now.
  boost::asio::awaitable<AdoptedRules> preview(const policy::RuleBook& rules) const;

  // In every open room, at once: one that waits does not keep the others. Nobody waits for it.
  void review_permits();

  // In every open room; see Conference::erase().
  boost::asio::awaitable<Answered<std::vector<PersonInSession>>> erase(std::string subject);
  // While it lives, nobody joins as this subject.
  class JoinsRefused;

  // Wherever this subject is now.
  boost::asio::awaitable<Answered<void>> opt_out_of_sale(std::string subject);
  // Of those who are there: what became known of them, or new, after they joined.
  boost::asio::awaitable<void> heed_opt_outs();

  // What a worker's relay noticed.
  void on_relay_events(const std::vector<media::RelayEvent>& events);

  [[nodiscard]] std::size_t rooms() const { return rooms_.size(); }
  [[nodiscard]] std::size_t participants() const;

 private:
  [[nodiscard]] MediaWorker& least_busy_worker();
  [[nodiscard]] Answered<policy::Tightening> judge_layer_of_tenant(const std::string& tenant,
                                                                   const PolicyLayer& layer) const;
  [[nodiscard]] std::vector<std::shared_ptr<Conference>> all() const;

  boost::asio::any_io_executor executor_;
  ConferenceServices& services_;
  std::vector<std::unique_ptr<MediaWorker>>& workers_;
  std::map<std::string, std::shared_ptr<Conference>, std::less<>> rooms_;
  std::map<media::RoomKey, std::weak_ptr<Conference>> by_key_;
  std::uint32_t last_key_ = 0;
};

class Conferences::JoinsRefused {
 public:
  JoinsRefused(Conferences& conferences, std::string subject)
      : services_{conferences.services_}, of_{services_.being_erased.insert(std::move(subject))} {}
  ~JoinsRefused() { services_.being_erased.erase(of_); }
  JoinsRefused(const JoinsRefused&) = delete;
  JoinsRefused& operator=(const JoinsRefused&) = delete;

 private:
  ConferenceServices& services_;
  std::multiset<std::string, std::less<>>::iterator of_;
};

}  // namespace assent::gateway

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "gateway/conferences.hpp"
#include "gateway/exports_config.hpp"
#include "gateway/opt_outs.hpp"
#include "gateway/sink_places.hpp"
#include "gateway/storage.hpp"
#include "gateway/subject_changes.hpp"

namespace assent::gateway {

class Exports;

// What people may ask of whoever keeps data about them: to see it, to have it put right, to be
// forgotten. Every request is recorded with the name of the token that made it, before it is
// answered. One executor only: the control thread's, or a command's.
class SubjectRights {
 public:
  struct Parts {
    Storage& storage;
    SinkPlaces& sinks;
    const PolicyInForce& policy;
    Conferences* conferences = nullptr;  // none: no call runs
    // Until every recording that was closed is on its way to storage.
    std::function<boost::asio::awaitable<bool>()> recordings_settled;
    // Somebody in a running call is to be told of under another name.
    std::function<void(const PersonInSession& who, const std::string& pseudonym)> rename;
    Publish publish;
    OptOuts& opt_outs;
    const std::vector<ExportConfig>& exports;
    Exports* running_exports = nullptr;  // none: nothing is exported meanwhile
  };
  explicit SubjectRights(Parts parts) : parts_{std::move(parts)} {}

  // All that is kept about the person, explained: see subject_archive.hpp.
  boost::asio::awaitable<Answered<boost::json::object>> access(std::string subject,
                                                               std::string actor);
  // The same without a record of it: for who records more.
  boost::asio::awaitable<Answered<boost::json::object>> archive(std::string subject);
  boost::asio::awaitable<Answered<void>> note(std::string action, std::string subject,
                                              std::string actor, std::string json);
  // Adds to what is known; nothing is edited. What holds now.
  boost::asio::awaitable<Answered<boost::json::object>> change(std::string subject,
                                                               SubjectChange change,
                                                               std::string actor);
  // Withdraws all in running calls, deletes recordings, tells other sinks, then forgets who it was:
  // see Storage::erase(). What became of it, and what the law has the operator keep, and until
  // when. Who is not known is erased, too: a request that was cut off can be made again.
  boost::asio::awaitable<Answered<boost::json::object>> erase(std::string subject,
                                                              std::string actor);

 private:
  using Names = std::map<PersonInSession, std::string>;
  struct DeletedRecordings {
    std::map<RecordId, std::string> entries;  // of the manifests, now
    std::size_t deleted = 0;
    std::map<std::string, WallTime> kept_until;  // by purpose: the latest
    std::size_t kept = 0;
    std::vector<std::pair<std::string, std::string>> not_found;  // sink and file
  };

  boost::asio::awaitable<Answered<std::vector<CdrEntry>>> records_of(std::string subject);
  boost::asio::awaitable<Answered<void>> settle_recordings();
  boost::asio::awaitable<Answered<void>> note_erasure(const SubjectFile& file, std::string subject,
                                                      std::string actor);
  boost::asio::awaitable<Answered<DeletedRecordings>> delete_recordings(
      const std::vector<ClosedRecording>& recordings, const Names& names, WallTime now);
  void count_found(const ClosedRecording& recording, const ErasedTrack& track, WallTime now,
                   DeletedRecordings& done) const;
  [[nodiscard]] WallTime kept_until(const ClosedRecording& recording) const;
  [[nodiscard]] boost::json::object told_to_sinks(const std::vector<CdrEntry>& records) const;

  Parts parts_;
  boost::asio::thread_pool reader_{1};  // archives may be long
};

// Whose erasure was asked for and is not done, with who asked.
[[nodiscard]] std::map<std::string, std::string> unfinished_erasures(
    std::span<const PrivacyAction> changes);

}  // namespace assent::gateway

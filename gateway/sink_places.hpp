#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config.hpp"
#include "gateway/metrics.hpp"
#include "gateway/ogg_recorder.hpp"
#include "gateway/pcm_sender.hpp"
#include "media/endpoint.hpp"
#include "media/permit_table.hpp"
#include "media/relay.hpp"
#include "policy/rules.hpp"

namespace assent::gateway {

class MediaPath;

// Where a sink of the policy is: what assent.yaml says under its name.
struct SinkPlace {
  std::string name;
  SinkTransport transport;
};

// The sinks as the media path knows them: the policy's names as SinkId, sockets, recorders. The
// purposes that the conference server may perform itself are sinks too, without a place.
class SinkPlaces {
 public:
  struct Notices {
    std::function<void(ClosedTrack)> on_closed;  // on a recorder's thread
    // A worker's connection to the sink stands, or is gone; on that worker's thread.
    std::function<void(const std::string& sink, std::size_t worker, bool open)> on_connection;
    // A pcm sink takes connections, or does not any more; on its own thread.
    std::function<void(const std::string& sink, bool reachable)> on_reachable;
  };
  SinkPlaces(std::vector<SinkPlace> places, std::size_t workers, Notices notices = {});

  // Gives an id to each purpose that has none yet. Ids last as long as the process, also those of
  // purposes that are gone: packets may be counted under them still. All or, where there are not
  // enough, none.
  [[nodiscard]] bool learn(const policy::RuleBook& rules);
  [[nodiscard]] bool can_learn(const policy::RuleBook& rules) const;

  // Makes the sinks known to a worker's path. An error names the sink.
  struct Fault {
    std::string sink;
    std::string what;
  };
  std::optional<Fault> install(MediaPath& path, std::size_t worker) const;

  [[nodiscard]] std::optional<media::SinkId> find(std::string_view name) const;
  [[nodiscard]] const std::string& name(media::SinkId sink) const;
  [[nodiscard]] OggRecorder* recorder(media::SinkId sink) const;  // nullptr: not an ogg sink
  [[nodiscard]] PcmSender* sender(media::SinkId sink) const;      // nullptr: not a pcm sink
  [[nodiscard]] TrackSink* track_sink(media::SinkId sink) const;  // nullptr: neither
  [[nodiscard]] const std::map<media::SinkId, std::unique_ptr<OggRecorder>>& recorders() const {
    return recorders_;
  }
  [[nodiscard]] const std::map<media::SinkId, std::unique_ptr<PcmSender>>& senders() const {
    return senders_;
  }

  // Its line in the totals, which hold one a place in their order; nullptr for a server's purpose.
  void list_in(MetricsSnapshot& totals) const;
  [[nodiscard]] SinkMetrics* totals(MetricsSnapshot& totals, media::SinkId sink) const;

  // What has become of a worker's connections, into the lines of their sinks.
  void count_connections(const MediaPath& path, std::size_t worker, MetricsSnapshot& totals) const;

  void stop();  // those with threads of their own; no worker may offer any more

 private:
  void add_recorder(media::SinkId id, const OggSink& ogg, std::size_t workers);
  void add_sender(media::SinkId id, const PcmSink& pcm, std::size_t workers);
  std::optional<Fault> install_rtp(MediaPath& path, std::size_t worker, std::size_t place) const;

  std::vector<SinkPlace> places_;
  Notices notices_;
  std::map<std::string, media::SinkId, std::less<>> ids_;
  std::map<media::SinkId, std::unique_ptr<OggRecorder>> recorders_;
  std::map<media::SinkId, std::unique_ptr<PcmSender>> senders_;
  std::size_t purposes_ = 0;  // with an id
};

}  // namespace assent::gateway

#include "gateway/sink_places.hpp"

#include <algorithm>
#include <utility>

#include "gateway/media_path.hpp"

namespace assent::gateway {
namespace {

// Sinks first, then one place for each purpose that the server may perform.
static_assert(policy::sinks_max + policy::purposes_max <= media::sinks_max);

// What media/speech_decoder.hpp knows.
constexpr media::Codecs codecs_decodable =
    media::codec_bit(media::Codec::opus) | media::codec_bit(media::Codec::pcmu) |
    media::codec_bit(media::Codec::pcma) | media::codec_bit(media::Codec::g722);

media::SinkId sink_id(std::size_t position) {
  return media::SinkId{static_cast<std::uint8_t>(position)};
}

}  // namespace

SinkPlaces::SinkPlaces(std::vector<SinkPlace> places, std::size_t workers, Notices notices)
    : places_{std::move(places)}, notices_{std::move(notices)} {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    ids_[places_[i].name] = sink_id(i);
    const auto& transport = places_[i].transport;
    if (const auto* ogg = std::get_if<OggSink>(&transport)) add_recorder(sink_id(i), *ogg, workers);
    if (const auto* pcm = std::get_if<PcmSink>(&transport)) add_sender(sink_id(i), *pcm, workers);
  }
}

void SinkPlaces::add_recorder(media::SinkId id, const OggSink& ogg, std::size_t workers) {
  OggRecorderOptions options;
  options.directory = ogg.directory;
  options.workers = workers;
  options.on_closed = notices_.on_closed;
  recorders_[id] = std::make_unique<OggRecorder>(std::move(options));
}

void SinkPlaces::add_sender(media::SinkId id, const PcmSink& pcm, std::size_t workers) {
  PcmSenderOptions options;
  options.to = pcm;
  options.workers = workers;
  options.on_change = [this, sink = name(id)](bool reachable) {
    if (notices_.on_reachable) notices_.on_reachable(sink, reachable);
  };
  senders_[id] = std::make_unique<PcmSender>(std::move(options));
}

bool SinkPlaces::can_learn(const policy::RuleBook& rules) const {
  std::size_t unknown = 0;
  for (const auto& [purpose, unused] : rules.purposes) {
    if (!ids_.contains(policy::server_sink(purpose))) ++unknown;
  }
  return purposes_ + unknown <= policy::purposes_max;
}

bool SinkPlaces::learn(const policy::RuleBook& rules) {
  if (!can_learn(rules)) return false;
  for (const auto& [purpose, unused] : rules.purposes) {
    const auto [at, is_new] =
        ids_.try_emplace(policy::server_sink(purpose), sink_id(policy::sinks_max + purposes_));
    if (is_new) ++purposes_;
  }
  return true;
}

std::optional<SinkPlaces::Fault> SinkPlaces::install(MediaPath& path, std::size_t worker) const {
  for (std::size_t i = 0; i < policy::purposes_max; ++i) {
    path.relay().set_sink(sink_id(policy::sinks_max + i), {media::codecs_forkable, false, true});
  }
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (std::holds_alternative<RtpSink>(places_[i].transport)) {
      if (auto fault = install_rtp(path, worker, i)) return fault;
      continue;
    }
    const bool is_pcm = std::holds_alternative<PcmSink>(places_[i].transport);
    const auto codecs = is_pcm ? codecs_decodable : media::codec_bit(media::Codec::opus);
    path.relay().set_sink(sink_id(i), {codecs, false, false});
    path.set_track_sink(sink_id(i), *track_sink(sink_id(i)));
  }
  return std::nullopt;
}

std::optional<SinkPlaces::Fault> SinkPlaces::install_rtp(MediaPath& path, std::size_t worker,
                                                         std::size_t place) const {
  const auto& [name, transport] = places_[place];
  const auto& sink = std::get<RtpSink>(transport);
  const auto id = sink_id(place);
  media::SinkConfig config{media::codecs_forkable, true, false};
  config.extensions = sink.extensions;
  path.relay().set_sink(id, config);
  if (sink.transport == RtpTransport::tcp) {
    path.set_stream_sink(id, sink.address, [this, worker, sink_name = name](bool open) {
      if (notices_.on_connection) notices_.on_connection(sink_name, worker, open);
    });
    return std::nullopt;
  }
  auto rtcp_address = sink.address;
  ++rtcp_address.port;
  auto rtp = UdpPort::connect(sink.address);
  auto rtcp = UdpPort::connect(rtcp_address);
  if (!rtp) return Fault{name, rtp.error().message()};
  if (!rtcp) return Fault{name, rtcp.error().message()};
  path.set_rtp_sink(id, std::move(*rtp), std::move(*rtcp));
  return std::nullopt;
}

std::optional<media::SinkId> SinkPlaces::find(std::string_view name) const {
  const auto known = ids_.find(name);
  if (known == ids_.end()) return std::nullopt;
  return known->second;
}

const std::string& SinkPlaces::name(media::SinkId sink) const {
  return std::find_if(ids_.begin(), ids_.end(),
                      [sink](const auto& entry) { return entry.second == sink; })
      ->first;
}

OggRecorder* SinkPlaces::recorder(media::SinkId sink) const {
  const auto known = recorders_.find(sink);
  return known == recorders_.end() ? nullptr : known->second.get();
}

PcmSender* SinkPlaces::sender(media::SinkId sink) const {
  const auto known = senders_.find(sink);
  return known == senders_.end() ? nullptr : known->second.get();
}

TrackSink* SinkPlaces::track_sink(media::SinkId sink) const {
  if (auto* const kept = recorder(sink)) return kept;
  return sender(sink);
}

void SinkPlaces::list_in(MetricsSnapshot& totals) const {
  for (const auto& place : places_)
    totals.sinks.emplace_back().sink = place.name;
}

SinkMetrics* SinkPlaces::totals(MetricsSnapshot& totals, media::SinkId sink) const {
  return media::index(sink) < totals.sinks.size() ? &totals.sinks[media::index(sink)] : nullptr;
}

void SinkPlaces::count_connections(const MediaPath& path, std::size_t worker,
                                   MetricsSnapshot& totals) const {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const auto counts = path.stream_counts(sink_id(i));
    if (!counts) continue;
    const std::uint64_t again = counts->connections > 0 ? counts->connections - 1 : 0;
    totals.sinks[i].connections.push_back({worker, counts->open, again, counts->withheld});
  }
}

void SinkPlaces::stop() {
  for (auto& [sink, recorder] : recorders_)
    recorder->stop();
  for (auto& [sink, sender] : senders_)
    sender->stop();
}

}  // namespace assent::gateway

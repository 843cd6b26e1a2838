#include "tests/simulation/hearing_model.hpp"

#include <algorithm>

namespace assent::simulation {
namespace {

// A relay may leave out the first packet after a grant, which may repeat audio from before it;
// but not go on leaving out.
constexpr unsigned skipped_max = 2;

}  // namespace

Verdict HearingModel::judge(media::TimePoint now, const Line& line, const Datagram& datagram,
                            media::SinkId sink) {
  Hearing& hearing = hearings_[{line.serial, datagram.ssrc, sink}];
  const bool in_order = datagram.frame > hearing.highest;
  hearing.highest = std::max(hearing.highest, datagram.frame);
  hearing.contested = hearing.contested || is_shared(line, datagram.ssrc, sink);
  if (!book_.may_have(line.person, sink, now)) {
    forbidden_[{line.person, sink}] = now;
    hearing.barred = hearing.highest;
    hearing.waiting = true;
    hearing.skipped = 0;
    return Verdict::must_not;
  }
  const auto oldest = datagram.frame - (datagram.repeats_previous ? 1 : 0);
  if (oldest <= hearing.barred) return Verdict::must_not;  // captured before the grant

  const auto& place = place_of(sink);
  if (place.config.is_server && datagram.reaches_back > media::Duration::zero()) {
    // The grant came after it, perhaps long after: then even what may go must wait longer.
    const auto forbidden = forbidden_.find({line.person, sink});
    if (forbidden != forbidden_.end() && now - datagram.reaches_back < forbidden->second)
      return Verdict::must_not;
    return Verdict::may;
  }
  if (!place.config.is_server && (place.config.accepts & media::codec_bit(datagram.codec)) == 0) {
    return Verdict::must_not;
  }
  if (is_anothers(line, datagram.ssrc, sink)) return Verdict::must_not;
  if (hearing.contested || !book_.must_have(line.person, sink, now)) return Verdict::may;
  if (hearing.waiting) {
    if (in_order) ++hearing.skipped;
    return in_order && hearing.skipped > skipped_max ? Verdict::must : Verdict::may;
  }
  return datagram.frame < hearing.first ? Verdict::may : Verdict::must;
}

// Two people under one SSRC, which such a sink cannot tell apart: the first keeps it, and the
// other stays in quarantine, also when the first is gone.
bool HearingModel::is_anothers(const Line& line, media::Ssrc ssrc, media::SinkId sink) const {
  const auto speakers = speakers_.find({sink, ssrc});
  return place_of(sink).config.is_rtp && speakers != speakers_.end() &&
         std::any_of(speakers->second.begin(), speakers->second.end(),
                     [&](LegSerial serial) { return lines_.at(serial)->person != line.person; });
}

bool HearingModel::is_shared(const Line& line, media::Ssrc ssrc, media::SinkId sink) const {
  if (!place_of(sink).config.is_rtp) return false;
  return std::any_of(lines_.begin(), lines_.end(), [&](const auto& entry) {
    const Line& other = *entry.second;
    return other.is_client() && other.person != line.person &&
           std::any_of(other.talks.begin(), other.talks.end(),
                       [ssrc](const Talk& talk) { return talk.ssrc == ssrc; });
  });
}

void HearingModel::heard(const Line& line, const Datagram& datagram, std::int64_t extended,
                         media::SinkId sink) {
  Hearing& hearing = hearings_.at({line.serial, datagram.ssrc, sink});
  if (hearing.waiting) hearing.first = datagram.frame;
  hearing.waiting = false;
  hearing.last = std::max(hearing.last.value_or(extended), extended);
  speakers_[{sink, datagram.ssrc}].insert(line.serial);
}

bool HearingModel::knows(const Line& line, media::Ssrc ssrc, media::SinkId sink) const {
  const auto hearing = hearings_.find({line.serial, ssrc, sink});
  return hearing != hearings_.end() && hearing->second.last;
}

std::vector<HearingModel::Mark> HearingModel::permit_set(Person person, media::SinkId sink,
                                                         std::uint64_t epoch, bool opens) {
  auto& standing = epochs_[{person, sink}];
  std::vector<Mark> cut;
  auto& parted = parted_[{person, sink}];
  if (!opens) cut = parted;
  if (!opens || epoch != standing) parted.clear();
  for (auto& [key, hearing] : hearings_) {
    const auto& [serial, ssrc, of] = key;
    if (of != sink || lines_.at(serial)->person != person) continue;
    hearing.waiting = true;
    hearing.skipped = 0;
    hearing.contested = hearing.contested || is_shared(*lines_.at(serial), ssrc, sink);
    if (!opens && hearing.last) cut.push_back({ssrc, standing, *hearing.last});
    if (!opens || epoch != standing) hearing.last.reset();
  }
  standing = epoch;
  std::sort(cut.begin(), cut.end());
  return cut;
}

std::uint64_t HearingModel::epoch(Person person, media::SinkId sink) const {
  const auto found = epochs_.find({person, sink});
  return found == epochs_.end() ? 0 : found->second;
}

void HearingModel::leg_removed(const Line& line) {
  for (const auto& [key, hearing] : hearings_) {
    const auto& [serial, ssrc, sink] = key;
    if (serial == line.serial && hearing.last)
      parted_[{line.person, sink}].push_back({ssrc, epoch(line.person, sink), *hearing.last});
  }
  std::erase_if(hearings_,
                [&](const auto& entry) { return std::get<LegSerial>(entry.first) == line.serial; });
  for (auto& [key, serials] : speakers_)
    serials.erase(line.serial);
}

}  // namespace assent::simulation

#include "gateway/ogg_opus_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

namespace assent::gateway {
namespace {

constexpr std::uint64_t page_samples_max = 48'000;  // a second
constexpr std::size_t page_segments_max = 255;      // RFC 3533 §6
constexpr std::size_t page_head_bytes = 27;         // without the segment table
constexpr std::size_t segment_bytes = 255;
constexpr std::size_t recent_pages_max = 8;
// The delay of common encoders. RFC 7845 §4.2 would discard 80 ms of a stream joined in the middle
// for the decoder to converge: that would silence the first words that were consented to.
constexpr std::uint16_t pre_skip = 312;

void put(std::vector<unsigned char>& to, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    to.push_back(static_cast<unsigned char>(value >> (8 * i)));
  }
}

void put(std::vector<unsigned char>& to, std::string_view text) {
  to.insert(to.end(), text.begin(), text.end());
}

// RFC 7845 §5.1
std::vector<unsigned char> opus_head(std::uint8_t channels) {
  std::vector<unsigned char> head;
  put(head, "OpusHead");
  put(head, 1, 1);  // version
  put(head, channels, 1);
  put(head, pre_skip, 2);
  put(head, 48'000, 4);  // input rate
  put(head, 0, 2);       // gain
  put(head, 0, 1);       // mapping family: mono or stereo
  return head;
}

// RFC 7845 §5.2
std::vector<unsigned char> opus_tags(const std::vector<std::string>& comments) {
  constexpr std::string_view vendor = "assent";
  std::vector<unsigned char> tags;
  put(tags, "OpusTags");
  put(tags, vendor.size(), 4);
  put(tags, vendor);
  put(tags, comments.size(), 4);
  for (const auto& comment : comments) {
    put(tags, comment.size(), 4);
    put(tags, comment);
  }
  return tags;
}

}  // namespace

// One page at a time: the state is made new for each, since a page may be taken back.
struct OggOpusFile::Stream {
  Stream(std::uint32_t serial, long page) {
    ogg_stream_init(&state, static_cast<int>(serial));
    state.pageno = page;
    state.b_o_s = page == 0 ? 0 : 1;
  }
  ~Stream() { ogg_stream_clear(&state); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void add(unsigned char* bytes, std::size_t size, std::uint64_t granule, bool end) {
    ogg_packet packet{};
    packet.packet = bytes;
    packet.bytes = static_cast<long>(size);
    packet.e_o_s = end ? 1 : 0;
    packet.granulepos = static_cast<ogg_int64_t>(granule);
    ogg_stream_packetin(&state, &packet);
  }
  ogg_page take() {
    constexpr int no_split = static_cast<int>(page_segments_max * segment_bytes) + 1;
    ogg_page page{};
    ogg_stream_flush_fill(&state, &page, no_split);
    return page;
  }

  ogg_stream_state state{};
};

OggOpusFile::OggOpusFile(FileHandle file, std::uint32_t serial, Head head)
    : file_{std::move(file)}, serial_{serial}, head_{std::move(head)} {}
OggOpusFile::~OggOpusFile() = default;

std::error_code OggOpusFile::append(const ogg_page& page) {
  std::vector<std::byte> bytes;
  const auto take = [&](const unsigned char* from, long size) {
    const auto* const first = reinterpret_cast<const std::byte*>(from);
    bytes.insert(bytes.end(), first, first + size);
  };
  take(page.header, page.header_len);
  take(page.body, page.body_len);
  if (const auto error = write_at(file_.get(), size_, bytes)) {
    static_cast<void>(
        shorten());  // else a torn page stays behind the whole ones until the next try
    return error;
  }
  size_ += bytes.size();
  ++pages_;
  return {};
}

std::error_code OggOpusFile::shorten() {
  if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) {
    return {errno, std::generic_category()};
  }
  return {};
}

// RFC 7845 §3: the two headers stand on pages of their own.
std::error_code OggOpusFile::write_head() {
  size_ = 0;
  pages_ = 0;
  for (auto packet : {opus_head(head_.channels), opus_tags(head_.comments)}) {
    Stream stream{serial_, pages_};
    stream.add(packet.data(), packet.size(), 0, false);
    if (const auto error = append(stream.take())) return error;
  }
  head_size_ = size_;
  return {};
}

std::size_t OggOpusFile::segments_of(const OggOpusPacket& packet) const {
  return packet.bytes.size() / segment_bytes + 1;
}

std::uint64_t OggOpusFile::open_page_samples() const {
  std::uint64_t samples = 0;
  for (const auto& packet : open_page_)
    samples += packet.samples;
  return samples;
}

std::error_code OggOpusFile::add(OggOpusPacket packet) {
  std::error_code error;
  const std::size_t segments = segments_of(packet);
  const bool full = open_page_samples() + packet.samples > page_samples_max ||
                    open_segments_ + segments > page_segments_max;
  if (full && !open_page_.empty()) error = flush();
  position_ += packet.samples;
  open_segments_ += segments;
  if (packet.concealment) {
    ++content_.concealed;
  } else {
    ++content_.packets;
    content_.bytes += packet.bytes.size();
    content_.last_sequence = packet.sequence;
    content_.last_captured = packet.captured;
  }
  open_page_.push_back(std::move(packet));
  return error;
}

std::error_code OggOpusFile::write_page(std::span<const OggOpusPacket> packets,
                                        std::uint64_t position_before, bool end) {
  if (head_size_ == 0) {
    if (const auto error = write_head()) return error;
  }
  Stream stream{serial_, pages_};
  Page page;
  std::uint64_t granule = position_before;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const OggOpusPacket& packet = packets[i];
    granule += packet.samples;
    auto* const bytes =
        reinterpret_cast<unsigned char*>(const_cast<std::byte*>(packet.bytes.data()));
    stream.add(bytes, packet.bytes.size(), granule, end && i + 1 == packets.size());
    page.packets.push_back({packet.sequence, packet.samples, packet.concealment, packet.captured});
  }
  page.offset = size_;
  if (const auto error = append(stream.take())) return error;
  page.size = size_ - page.offset;
  recent_.push_back(std::move(page));
  if (recent_.size() > recent_pages_max) {
    before_recent_ = recent_.front().packets.back();
    has_before_recent_ = true;
    recent_.pop_front();
  }
  return {};
}

std::error_code OggOpusFile::flush() {
  // More than one page where the disk refused for a while.
  while (!open_page_.empty()) {
    const std::uint64_t before = position_ - open_page_samples();
    std::size_t count = 0;
    std::size_t segments = 0;
    std::uint64_t samples = 0;
    for (const auto& packet : open_page_) {
      segments += segments_of(packet);
      samples += packet.samples;
      if (count > 0 && (samples > page_samples_max || segments > page_segments_max)) break;
      ++count;
    }
    if (const auto error = write_page({open_page_.data(), count}, before, false)) return error;
    open_page_.erase(open_page_.begin(), open_page_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  open_segments_ = 0;
  return {};
}

// The last page's packets come back into memory; on disk it stays until it is overwritten.
std::error_code OggOpusFile::reopen_last_page() {
  const Page page = recent_.back();
  std::vector<std::byte> bytes(page.size);
  const auto read =
      ::pread(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(page.offset));
  if (read != static_cast<ssize_t>(bytes.size())) {
    return std::make_error_code(std::errc::io_error);
  }
  // Our own page: its packets end where the segment table says so (RFC 3533 §6).
  const auto segments = std::to_integer<std::size_t>(bytes[page_head_bytes - 1]);
  std::size_t segment = page_head_bytes;
  std::size_t at = page_head_bytes + segments;
  std::vector<OggOpusPacket> packets;
  for (const auto& mark : page.packets) {
    std::size_t size = 0;
    std::size_t lacing = segment_bytes;
    while (lacing == segment_bytes && segment < page_head_bytes + segments) {
      lacing = std::to_integer<std::size_t>(bytes[segment++]);
      size += lacing;
    }
    if (at + size > bytes.size()) return std::make_error_code(std::errc::io_error);
    packets.push_back({mark.sequence,
                       mark.samples,
                       mark.concealment,
                       mark.captured,
                       {bytes.begin() + static_cast<std::ptrdiff_t>(at),
                        bytes.begin() + static_cast<std::ptrdiff_t>(at + size)}});
    at += size;
  }
  open_page_.insert(open_page_.begin(), std::make_move_iterator(packets.begin()),
                    std::make_move_iterator(packets.end()));
  open_segments_ += segments;
  size_ = page.offset;
  --pages_;
  recent_.pop_back();
  return {};
}

void OggOpusFile::forget(const OggOpusPacket& packet) {
  position_ -= packet.samples;
  open_segments_ -= segments_of(packet);
  if (packet.concealment) {
    --content_.concealed;
  } else {
    --content_.packets;
    content_.bytes -= packet.bytes.size();
  }
}

std::error_code OggOpusFile::take_back_after(std::int64_t last) {
  std::error_code error;
  const std::size_t size_before = size_;
  for (;;) {
    while (!open_page_.empty() && open_page_.back().sequence > last) {
      forget(open_page_.back());
      open_page_.pop_back();
    }
    const bool written_too =
        open_page_.empty() && !recent_.empty() && recent_.back().packets.back().sequence > last;
    if (!written_too) break;
    if ((error = reopen_last_page())) break;
  }
  const bool beyond_reach = error || (open_page_.empty() && recent_.empty() && has_before_recent_ &&
                                      before_recent_.sequence > last);
  if (beyond_reach) {
    open_page_.clear();
    recent_.clear();
    has_before_recent_ = false;
    open_segments_ = 0;
    position_ = 0;
    content_ = {};
    size_ = head_size_ = 0;
  }
  find_last();
  // At once: what is taken back must not outlast a crash.
  if (size_ != size_before) error = shorten();
  return error;
}

void OggOpusFile::find_last() {
  const auto found = [this](const auto& packet) {
    content_.last_sequence = packet.sequence;
    content_.last_captured = packet.captured;
  };
  const auto sounds = [](const auto& packet) { return !packet.concealment; };
  const auto open = std::find_if(open_page_.rbegin(), open_page_.rend(), sounds);
  if (open != open_page_.rend()) return found(*open);
  for (auto page = recent_.rbegin(); page != recent_.rend(); ++page) {
    const auto mark = std::find_if(page->packets.rbegin(), page->packets.rend(), sounds);
    if (mark != page->packets.rend()) return found(*mark);
  }
  if (has_before_recent_) found(before_recent_);
}

std::error_code OggOpusFile::finish() {
  if (content_.packets == 0) return {};
  if (const auto error = flush()) return error;
  // A cut far back has taken every page that is remembered: what is left ends without the mark.
  if (recent_.empty()) {
    if (const auto error = shorten()) return error;
    return sync_file(file_.get());
  }
  // The end mark belongs on the last page (RFC 3533 §6), which is out already: write it again.
  if (const auto error = reopen_last_page()) return error;
  const std::uint64_t before = position_ - open_page_samples();
  if (const auto error = write_page(open_page_, before, true)) return error;
  open_page_.clear();
  open_segments_ = 0;
  if (const auto error = shorten()) return error;
  return sync_file(file_.get());
}

std::optional<media::TimePoint> OggOpusFile::oldest_unwritten() const {
  if (open_page_.empty()) return std::nullopt;
  return open_page_.front().captured;
}

std::uint64_t OggOpusFile::drop_unwritten() {
  const std::uint64_t before = content_.packets;
  while (!open_page_.empty()) {
    forget(open_page_.back());
    open_page_.pop_back();
  }
  find_last();
  return before - content_.packets;
}

}  // namespace assent::gateway

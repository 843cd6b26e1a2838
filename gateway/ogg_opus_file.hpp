#pragma once

#include <ogg/ogg.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "gateway/durable_file.hpp"
#include "media/time.hpp"

namespace assent::gateway {

// One Opus packet as it stands in a file.
struct OggOpusPacket {
  std::int64_t sequence = 0;  // extended; concealment has that of the packet behind it
  std::uint32_t samples = 0;  // at 48 kHz
  bool concealment = false;   // put in for what did not arrive
  media::TimePoint captured{};
  std::vector<std::byte> bytes;
};

// Ogg Opus (RFC 3533, RFC 7845): whole pages of at most a second, written one by one, so that what
// is on disk plays to its last page at any instant; and able to take packets back, since a cut may
// lie before what was written already.
class OggOpusFile {
 public:
  struct Head {
    std::uint8_t channels = 1;
    std::vector<std::string> comments;  // NAME=value
  };
  // What the file holds, or will when it is flushed.
  struct Content {
    std::uint64_t packets = 0;  // without concealment
    std::uint64_t bytes = 0;
    std::uint64_t concealed = 0;
    std::int64_t last_sequence = 0;
    media::TimePoint last_captured{};
  };

  // The file must be new and empty; `serial` is the stream's in it.
  OggOpusFile(FileHandle file, std::uint32_t serial, Head head);
  ~OggOpusFile();
  OggOpusFile(const OggOpusFile&) = delete;
  OggOpusFile& operator=(const OggOpusFile&) = delete;

  // Sequences ascend. What fills a page is written; on an error nothing is lost from memory, and
  // flush() tries again; the file then ends after its last whole page.
  [[nodiscard]] std::error_code add(OggOpusPacket packet);
  [[nodiscard]] std::error_code flush();

  // Takes back all packets beyond `last`, from memory and from disk: nothing of them stays in the
  // file. A cut that lies further back than the last pages takes everything back.
  [[nodiscard]] std::error_code take_back_after(std::int64_t last);
  // Gives up what the disk does not take; the number of packets, without concealment.
  std::uint64_t drop_unwritten();

  // Marks the end of the stream and syncs. Nothing can be added after it.
  [[nodiscard]] std::error_code finish();

  [[nodiscard]] const Content& content() const { return content_; }
  [[nodiscard]] std::uint64_t position() const { return position_; }  // samples so far
  // When the oldest packet came that is in memory only.
  [[nodiscard]] std::optional<media::TimePoint> oldest_unwritten() const;

 private:
  // What a page that can still be taken back holds.
  struct PacketMark {
    std::int64_t sequence;
    std::uint32_t samples;
    bool concealment;
    media::TimePoint captured;
  };
  struct Page {
    std::size_t offset = 0;
    std::size_t size = 0;
    std::vector<PacketMark> packets;
  };
  struct Stream;  // owner of libogg's state

  std::error_code write_head();
  std::error_code write_page(std::span<const OggOpusPacket> packets, std::uint64_t position_before,
                             bool end);
  std::error_code append(const ogg_page& page);
  std::error_code reopen_last_page();
  std::error_code shorten();
  void forget(const OggOpusPacket& packet);
  void find_last();
  [[nodiscard]] std::size_t segments_of(const OggOpusPacket& packet) const;
  [[nodiscard]] std::uint64_t open_page_samples() const;

  FileHandle file_;
  std::uint32_t serial_;
  Head head_;
  Content content_;
  std::uint64_t position_ = 0;
  std::size_t head_size_ = 0;  // 0: not written yet
  std::size_t size_ = 0;       // of whole pages
  long pages_ = 0;
  std::deque<Page> recent_;     // the last pages
  PacketMark before_recent_{};  // the last packet of the pages before them
  bool has_before_recent_ = false;
  std::vector<OggOpusPacket> open_page_;
  std::size_t open_segments_ = 0;
};

}  // namespace assent::gateway

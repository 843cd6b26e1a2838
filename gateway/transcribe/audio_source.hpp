#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>
#include <optional>
#include <string>

#include "gateway/config.hpp"

namespace assent::transcribe {

struct Received {
  bool is_audio = false;
  std::string bytes;
};

// A connection of the gateway, from the other side: messages of a WebSocket (RFC 6455), or frames
// of a byte stream. None is longer than message_bytes_max.
class AudioSource {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  [[nodiscard]] static std::unique_ptr<AudioSource> make(Socket socket,
                                                         gateway::PcmTransport transport);
  AudioSource() = default;
  AudioSource(const AudioSource&) = delete;
  AudioSource& operator=(const AudioSource&) = delete;
  virtual ~AudioSource() = default;

  // Whether it may go on.
  virtual boost::asio::awaitable<bool> open() = 0;
  // Nothing: it is over.
  virtual boost::asio::awaitable<std::optional<Received>> read() = 0;
  virtual void close() = 0;
};

}  // namespace assent::transcribe

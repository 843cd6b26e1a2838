#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>

#include "gateway/config.hpp"
#include "gateway/pcm_stream.hpp"

namespace assent::gateway {

// One connection to the place of a `pcm` sink: messages of a WebSocket (RFC 6455), or frames of a
// byte stream. What the other end says is read, and nobody listens to it. One operation of each
// kind at a time; after abort() they all end.
class PcmLink {
 public:
  [[nodiscard]] static std::shared_ptr<PcmLink> make(const boost::asio::any_io_executor& executor,
                                                     const PcmSink& to);
  PcmLink() = default;
  PcmLink(const PcmLink&) = delete;
  PcmLink& operator=(const PcmLink&) = delete;
  virtual ~PcmLink() = default;

  // Whether it was done.
  virtual boost::asio::awaitable<bool> open() = 0;
  virtual boost::asio::awaitable<bool> write(PcmMessage message) = 0;  // the system has all of it
  // Until the other end goes.
  virtual boost::asio::awaitable<void> read_to_end() = 0;
  // In order: what was written arrives.
  virtual boost::asio::awaitable<void> close() = 0;

  // At once: not one byte more is given to the system, and what it still holds goes nowhere.
  virtual void abort() = 0;
  [[nodiscard]] virtual bool is_open() const = 0;
  // Bytes that the system took and still has to send; of which it cannot tell: some. What a Unix
  // socket takes is at the other end at once.
  [[nodiscard]] virtual std::size_t unsent() = 0;
};

}  // namespace assent::gateway

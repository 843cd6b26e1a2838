#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "gateway/log.hpp"
#include "gateway/transcribe/audio_source.hpp"
#include "gateway/transcribe/engine_thread.hpp"
#include "gateway/transcribe/hearing.hpp"

namespace assent::transcribe {

class Server;

// One connection, from its first byte until the last word of it is out. It has an engine from the
// first audio on for which there is room; what it is to take back it does without one, too.
class Session final : private Ear {
 public:
  Session(Server& server, std::unique_ptr<AudioSource> source, gateway::Log& log,
          boost::asio::any_io_executor executor);

  boost::asio::awaitable<void> run();
  void retract(const Retraction& retraction);
  void close() { source_->close(); }
  [[nodiscard]] bool has_engine() const { return engine_.has_value(); }

 private:
  [[nodiscard]] bool hear(std::span<const std::int16_t> samples) override;
  void pause() override;
  void finish(std::uint64_t samples) override;
  void begin_engine();
  void end(bool is_sound);

  boost::asio::awaitable<std::optional<Start>> read_start();
  boost::asio::awaitable<void> receive();
  [[nodiscard]] bool take(const Received& received);
  void take_words(const std::vector<Utterance>& utterances);

  Server& server_;
  std::shared_ptr<AudioSource> source_;  // a limit of time may outlive the session
  gateway::Log& log_;
  boost::asio::steady_timer over_;
  std::optional<EngineThread> engine_;
  std::optional<Hearing> hearing_;
};

}  // namespace assent::transcribe

#include "gateway/transcribe/session.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "gateway/transcribe/server.hpp"

namespace assent::transcribe {
namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds start_within{10};
constexpr gateway::LogWord no_start{"no_start"};  // clang 14 stumbles over one in a coroutine
constexpr gateway::LogWord protocol{"protocol"};

}  // namespace

Session::Session(Server& server, std::unique_ptr<AudioSource> source, gateway::Log& log,
                 asio::any_io_executor executor)
    : server_{server},
      source_{std::move(source)},
      log_{log},
      over_{std::move(executor), asio::steady_timer::time_point::max()} {}

asio::awaitable<void> Session::run() {
  auto start = co_await read_start();
  if (!start) co_return;
  Ear& ear = *this;
  hearing_.emplace(*std::move(start), ear);
  log_.info("stream.began");
  co_await receive();
  boost::system::error_code ignored;
  if (engine_) co_await over_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  log_.info("stream.ended", {{"shed_samples", hearing_->shed_samples()}});
}

bool Session::hear(std::span<const std::int16_t> samples) {
  if (!engine_ && server_.has_room_for_an_engine()) begin_engine();
  return engine_ && engine_->hear(samples);
}

void Session::pause() {
  if (engine_) engine_->pause();
}

void Session::finish(std::uint64_t samples) {
  if (engine_) engine_->finish(samples);
}

void Session::begin_engine() {
  engine_.emplace(
      over_.get_executor(), server_.make_engine(),
      EngineThread::Notices{[this](const std::vector<Utterance>& words) { take_words(words); },
                            [this](bool is_sound) { end(is_sound); }});
}

void Session::end(bool is_sound) {
  if (!is_sound) log_.error("engine.failed");
  if (!is_sound) source_->close();
  over_.expires_at(asio::steady_timer::time_point::min());
}

asio::awaitable<std::optional<Start>> Session::read_start() {
  asio::steady_timer limit{over_.get_executor(), start_within};
  limit.async_wait([limited = std::weak_ptr{source_}](boost::system::error_code error) {
    const auto source = error ? nullptr : limited.lock();
    if (source) source->close();
  });
  const bool is_open = co_await source_->open();
  if (!is_open) co_return std::nullopt;
  const auto first = co_await source_->read();
  if (!first || first->is_audio) co_return std::nullopt;
  auto message = parse_message(first->bytes);
  auto* const start = message ? std::get_if<Start>(&*message) : nullptr;
  if (start == nullptr) {
    log_.warning("stream.refused", {{"why", no_start}});
    co_return std::nullopt;
  }
  co_return std::move(*start);
}

asio::awaitable<void> Session::receive() {
  for (;;) {
    const auto received = co_await source_->read();
    if (!received) break;
    if (take(*received)) continue;
    log_.warning("stream.refused", {{"why", protocol}});
    hearing_->distrust();
    break;
  }
  hearing_->lose();
  source_->close();
}

bool Session::take(const Received& received) {
  if (received.is_audio) return hearing_->take_audio(received.bytes);
  const auto message = parse_message(received.bytes);
  if (!message) return false;
  if (const auto* time = std::get_if<Time>(&*message))
    server_.begin_call(hearing_->start().call, time->time);
  std::vector<Retraction> retractions;
  const bool is_sound = hearing_->take_message(*message, retractions);
  for (const Retraction& retraction : retractions)
    server_.retract(retraction);
  return is_sound;
}

void Session::take_words(const std::vector<Utterance>& utterances) {
  for (const Utterance& utterance : utterances)
    for (const Segment& segment : hearing_->take_words(utterance))
      server_.keep(segment);
}

void Session::retract(const Retraction& retraction) {
  if (hearing_) hearing_->retract(retraction);
}

}  // namespace assent::transcribe

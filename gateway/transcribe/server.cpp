#include "gateway/transcribe/server.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "gateway/system_address.hpp"
#include "gateway/transcribe/session.hpp"

namespace assent::transcribe {
namespace asio = boost::asio;
namespace fs = std::filesystem;
using Protocol = asio::generic::stream_protocol;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds again_after{1};
// Who has no engine may still take something back.
constexpr std::size_t connections_per_engine = 4;

// What nobody foresaw ends the process, and it begins anew: what it was to take back must not be
// lost in silence.
constexpr auto end_by = [](std::exception_ptr error) noexcept {
  if (error) std::rethrow_exception(error);
};

Protocol::endpoint endpoint_of(const Listening& listening) {
  if (const auto* socket = std::get_if<gateway::UnixSocket>(&listening.address))
    return asio::local::stream_protocol::endpoint{socket->path.string()};
  sockaddr_in6 address{};
  const socklen_t length =
      gateway::to_system(std::get<media::Endpoint>(listening.address), address);
  return {&address, length, IPPROTO_TCP};
}

// The socket of a process that has gone; one that answers stays, and the bind fails.
void remove_stale(asio::io_context& context, const fs::path& path) {
  std::error_code unknown;
  if (!fs::is_socket(path, unknown)) return;
  asio::local::stream_protocol::socket probe{context};
  error_code error;
  probe.connect(path.string(), error);
  if (error == asio::error::connection_refused) fs::remove(path, unknown);
}

}  // namespace

Server::Server(asio::io_context& context, const Config& config,
               std::function<std::unique_ptr<Engine>()> make_engine, gateway::Log& log)
    : context_{context},
      config_{config},
      make_engine_{std::move(make_engine)},
      log_{log},
      transcripts_{config.directory} {}

Server::~Server() = default;

std::error_code Server::start() {
  if (const auto error = transcripts_.recover()) return error;
  for (const Listening& listening : config_.listen)
    if (const auto error = listen(listening)) return error;
  for (Door& door : doors_)
    asio::co_spawn(context_, accept_all(door), end_by);
  return {};
}

std::error_code Server::listen(const Listening& listening) {
  const auto* const socket = std::get_if<gateway::UnixSocket>(&listening.address);
  if (socket != nullptr) remove_stale(context_, socket->path);
  Acceptor acceptor{context_};
  const auto endpoint = endpoint_of(listening);
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error && socket == nullptr) acceptor.set_option(Acceptor::reuse_address{true}, error);
  const mode_t before = ::umask(0117);  // 0660 from the first moment on
  if (!error) acceptor.bind(endpoint, error);
  ::umask(before);
  if (!error) acceptor.listen(Acceptor::max_listen_connections, error);
  if (!error) doors_.push_back({std::move(acceptor), listening.transport});
  return error;
}

void Server::stop() {
  stopping_ = true;
  error_code ignored;
  for (Door& door : doors_)
    door.acceptor.close(ignored);
  for (const Listening& listening : config_.listen)
    if (const auto* socket = std::get_if<gateway::UnixSocket>(&listening.address))
      fs::remove(socket->path, ignored);
  for (Session* session : sessions_)
    session->close();
}

asio::awaitable<void> Server::accept_all(Door& door) {
  while (door.acceptor.is_open()) {
    error_code error;
    Protocol::socket socket{context_};
    co_await door.acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (error && door.acceptor.is_open()) {  // of descriptors there are none left
      asio::steady_timer pause{context_, again_after};
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    if (error || stopping_) continue;
    if (sessions_.size() >= connections_per_engine * config_.streams_max) {
      heed_room(false);
      continue;
    }
    asio::co_spawn(context_, serve(std::move(socket), door.transport), end_by);
  }
}

asio::awaitable<void> Server::serve(Protocol::socket socket, gateway::PcmTransport transport) {
  Session session{*this, AudioSource::make(std::move(socket), transport), log_,
                  context_.get_executor()};
  sessions_.insert(&session);
  co_await session.run();
  sessions_.erase(&session);
}

bool Server::has_room_for_an_engine() {
  const auto engines = std::ranges::count_if(sessions_, &Session::has_engine);
  const bool has_room = static_cast<std::size_t>(engines) < config_.streams_max;
  heed_room(has_room);
  return has_room;
}

// Said when it changes.
void Server::heed_room(bool has_room) {
  if (!has_room && !is_full_)
    log_.warning("streams.too_many", {{"streams_max", config_.streams_max}});
  is_full_ = !has_room;
}

void Server::begin_call(const std::string& call, UtcTime now) {
  transcripts_.begin(call, now);
}

void Server::keep(const Segment& segment) {
  heed(transcripts_.add(segment));
}

// Said when it changes.
void Server::heed(std::error_code error) {
  const bool is_written = !error;
  if (is_written == std::exchange(is_written_, is_written)) return;
  if (error) {
    log_.error("transcripts.not_written", {{"error", error}});
  } else {
    log_.info("transcripts.written_again");
  }
}

void Server::retract(const Retraction& retraction) {
  for (Session* session : sessions_)
    session->retract(retraction);
  const auto error = transcripts_.retract(retraction);
  log_.info("words.retracted", {{"done", !error}});
  heed(error);
  if (error) asio::co_spawn(context_, retract_until_done(retraction), end_by);
}

asio::awaitable<void> Server::retract_until_done(Retraction retraction) {
  asio::steady_timer pause{context_};
  std::error_code error;
  do {
    pause.expires_after(again_after);
    boost::system::error_code ignored;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    error = transcripts_.retract(retraction);
    heed(error);
  } while (error && !stopping_);
  if (error) log_.error("words.not_retracted", {{"error", error}});
}

}  // namespace assent::transcribe

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/system/result.hpp>
#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gateway/log.hpp"
#include "gateway/transcribe/config.hpp"
#include "gateway/transcribe/segment.hpp"
#include "gateway/transcribe/transcripts.hpp"

namespace assent::transcribe {

class Engine;
class Session;

// Takes the gateway's connections, and keeps what is said in them. On one thread, but for the
// engines, which have each their own.
class Server {
 public:
  Server(boost::asio::io_context& context, const Config& config,
         std::function<std::unique_ptr<Engine>()> make_engine, gateway::Log& log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // What is wrong, of the system; nothing: it listens, everywhere or nowhere.
  [[nodiscard]] std::error_code start();
  // No connection any more; what was heard becomes words yet. Then the context has nothing to do.
  void stop();

  // Of sessions.
  [[nodiscard]] bool has_room_for_an_engine();
  [[nodiscard]] const std::function<std::unique_ptr<Engine>()>& make_engine() const {
    return make_engine_;
  }
  void begin_call(const std::string& call, UtcTime now);
  void keep(const Segment& segment);
  void retract(const Retraction& retraction);

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;
  struct Door {
    Acceptor acceptor;
    gateway::PcmTransport transport;
  };
  [[nodiscard]] std::error_code listen(const Listening& listening);
  boost::asio::awaitable<void> accept_all(Door& door);
  boost::asio::awaitable<void> serve(boost::asio::generic::stream_protocol::socket socket,
                                     gateway::PcmTransport transport);
  boost::asio::awaitable<void> retract_until_done(Retraction retraction);
  void heed(std::error_code error);
  void heed_room(bool has_room);

  boost::asio::io_context& context_;
  const Config& config_;
  std::function<std::unique_ptr<Engine>()> make_engine_;
  gateway::Log& log_;
  Transcripts transcripts_;
  std::list<Door> doors_;
  std::set<Session*> sessions_;
  bool is_written_ = true;
  bool is_full_ = false;
  bool stopping_ = false;
};

}  // namespace assent::transcribe

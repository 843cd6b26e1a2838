#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/gateway/media_peer.hpp"
#include "tests/media/webrtc_peer.hpp"

namespace assent::gateway::test {

// One m-section of ICE and DTLS. `more`: lines of it.
inline std::string webrtc_sdp(std::string_view way, std::string_view ufrag = "peer",
                              std::string_view more = {}, std::string_view setup = "actpass") {
  static const media::tests::WebRtcPeer peer;
  std::string text =
      "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:";
  text += ufrag;
  text += "\r\na=ice-pwd:" + peer.password + "\r\n";
  if (!more.empty()) text.append(more).append("\r\n");
  text += "a=fingerprint:" + to_string(peer.identity.fingerprint()) + "\r\na=setup:";
  text.append(setup).append("\r\na=mid:0\r\na=").append(way);
  text += "\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n";
  return text;
}

// A server of WHIP and WHEP that says what a test wants it to; a thread of its own.
class WhipListener {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;
  using Answer = std::function<Response(const Request& asked)>;

  explicit WhipListener(Answer answer) : answer_{std::move(answer)} {
    thread_ = std::thread{[this] { serve(); }};
  }
  ~WhipListener() {
    stopping_ = true;
    Tcp::socket wake{io_};
    boost::system::error_code ignored;
    wake.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  WhipListener(const WhipListener&) = delete;
  WhipListener& operator=(const WhipListener&) = delete;

  [[nodiscard]] std::string authority() const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  std::vector<Request> asked() {
    const std::lock_guard lock{access_};
    return asked_;
  }

 private:
  using Tcp = boost::asio::ip::tcp;

  void serve() {
    namespace http = boost::beast::http;
    while (!stopping_) {
      Tcp::socket socket{io_};
      boost::system::error_code error;
      acceptor_.accept(socket, error);
      if (error || stopping_) continue;
      boost::beast::flat_buffer buffer;
      Request request;
      http::read(socket, buffer, request, error);
      if (error) continue;
      Response response = answer_(request);
      {
        const std::lock_guard lock{access_};
        asked_.push_back(std::move(request));
      }
      response.prepare_payload();
      response.keep_alive(false);
      http::write(socket, response, error);
    }
  }

  Answer answer_;
  boost::asio::io_context io_;
  Tcp::acceptor acceptor_{io_, {boost::asio::ip::make_address("127.0.0.1"), 0}};
  std::mutex access_;
  std::vector<Request> asked_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace assent::gateway::test

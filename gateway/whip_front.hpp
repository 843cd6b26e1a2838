#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <memory>

#include "gateway/conferences.hpp"
#include "gateway/config.hpp"
#include "gateway/ip_database.hpp"
#include "gateway/opt_outs.hpp"

namespace boost::asio::ssl {
class context;
}

namespace assent::gateway {

// Stands in front of a server of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): clients send
// their offers to it, and it asks the server with offers of its own. Control thread only.
class WhipFront {
 public:
  static constexpr std::size_t connections_max = 4'096;

  // All of it outlives the front.
  struct Parts {
    Conferences& conferences;
    const IpDatabase& addresses;
    const OptOuts& opt_outs;
    media::Entropy entropy;
    Log& log;
  };
  // `config` as well, and it has somewhere to listen and a server. `tls`: nullptr where it speaks
  // none. Throws std::runtime_error if the authorities of the server cannot be read.
  WhipFront(boost::asio::any_io_executor executor, const WhipConfig& config, const Parts& parts,
            std::shared_ptr<boost::asio::ssl::context> tls);
  ~WhipFront();
  WhipFront(const WhipFront&) = delete;
  WhipFront& operator=(const WhipFront&) = delete;

  boost::system::result<std::uint16_t> listen();  // the port
  // Nothing is accepted any more; connections end, and so do the sessions.
  boost::asio::awaitable<void> stop();

 private:
  class Door;
  std::shared_ptr<Door> door_;
};

}  // namespace assent::gateway

#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>
#include <string>

#include "gateway/http_connections.hpp"

namespace boost::asio::ssl {
class context;
}

namespace assent::gateway {

// Serves one accepted connection on its socket's executor until either side ends it. The
// connections are kept alive by it; it is counted among them from now until its end.
void start_http_session(std::shared_ptr<HttpConnections> connections,
                        boost::asio::generic::stream_protocol::socket socket, std::string peer,
                        const std::shared_ptr<boost::asio::ssl::context>& tls);

}  // namespace assent::gateway

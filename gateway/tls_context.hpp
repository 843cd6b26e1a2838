#pragma once

#include <boost/system/result.hpp>
#include <filesystem>
#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace assent::gateway {

struct TlsFiles {
  std::filesystem::path certificate_chain;  // PEM, the server's own first
  std::filesystem::path private_key;        // PEM
  std::filesystem::path client_authority;   // PEM; empty: clients need no certificate
};

struct TlsFault {
  std::filesystem::path file;
  std::string what;
};
[[noreturn]] void throw_exception_from_error(const TlsFault& fault,
                                             const boost::source_location& location);

// A server's context: TLS 1.2 and 1.3, no renegotiation, no compression. With a client authority,
// a peer without a certificate of it does not get past the handshake (mutual TLS); it needs its
// bearer token all the same. The files are read here, once.
[[nodiscard]] boost::system::result<std::shared_ptr<boost::asio::ssl::context>, TlsFault>
make_tls_context(const TlsFiles& files);

}  // namespace assent::gateway

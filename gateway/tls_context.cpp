#include "gateway/tls_context.hpp"

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <stdexcept>
#include <string_view>

namespace assent::gateway {
namespace {

namespace ssl = boost::asio::ssl;

// RFC 7301: of what the client offers only HTTP/1.1 is spoken here; h2 clients fall back to it.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length,
                    const unsigned char* offered, unsigned int offered_length, void*) {
  static constexpr unsigned char spoken[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  const int outcome =
      SSL_select_next_proto(&found, length, spoken, sizeof spoken - 1, offered, offered_length);
  *chosen = found;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

void throw_exception_from_error(const TlsFault& fault, const boost::source_location&) {
  throw std::logic_error("value() of a TLS context that could not be made: " + fault.what);
}

boost::system::result<std::shared_ptr<ssl::context>, TlsFault> make_tls_context(
    const TlsFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(
      native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Sessions would let a revoked client certificate in again.
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(native, 0);
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);

  boost::system::error_code error;
  context->use_certificate_chain_file(files.certificate_chain.string(), error);
  if (error) return TlsFault{files.certificate_chain, error.message()};
  context->use_private_key_file(files.private_key.string(), ssl::context::pem, error);
  if (error) return TlsFault{files.private_key, error.message()};
  if (SSL_CTX_check_private_key(native) != 1) {
    return TlsFault{files.private_key, "is not the key of " + files.certificate_chain.string()};
  }
  if (files.client_authority.empty()) return context;
  context->load_verify_file(files.client_authority.string(), error);
  if (error) return TlsFault{files.client_authority, error.message()};
  if (STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(files.client_authority.c_str())) {
    SSL_CTX_set_client_CA_list(native, names);
  }
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  return context;
}

}  // namespace assent::gateway

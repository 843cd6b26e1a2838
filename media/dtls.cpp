#include "media/dtls.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace assent::media {
namespace {

// A flight is a few datagrams; a peer that makes us say more without taking any is not served.
constexpr std::size_t outgoing_max = 64;
constexpr std::size_t messages_max = 256;
constexpr std::size_t message_bytes_max = 16'384;  // RFC 8446 §5.1, as in 1.2: one record
constexpr unsigned first_timeout_us = 250'000;     // of a path that a check has just crossed
constexpr unsigned last_timeout_us = 3'000'000;

std::optional<SrtpSuite> suite_of(const SSL* ssl) {
  const auto* const profile = SSL_get_selected_srtp_profile(const_cast<SSL*>(ssl));
  if (profile == nullptr) return std::nullopt;
  switch (profile->id) {
    case SRTP_AEAD_AES_128_GCM:
      return SrtpSuite::aead_aes_128_gcm;
    case SRTP_AEAD_AES_256_GCM:
      return SrtpSuite::aead_aes_256_gcm;
    case SRTP_AES128_CM_SHA1_80:
      return SrtpSuite::aes_cm_128_hmac_sha1_80;
    default:
      return std::nullopt;
  }
}

unsigned next_timeout_us(SSL*, unsigned last_us) {
  return last_us == 0 ? first_timeout_us : std::min(last_us * 2, last_timeout_us);
}

std::optional<SrtpKey> join_key(SrtpSuite suite, std::span<const std::byte> key,
                                std::span<const std::byte> salt) {
  std::array<std::byte, srtp_key_and_salt_bytes_max> both{};
  std::ranges::copy(key, both.begin());
  std::ranges::copy(salt, both.begin() + static_cast<std::ptrdiff_t>(key.size()));
  auto joined = SrtpKey::from_bytes(suite, std::span{both}.first(key.size() + salt.size()));
  OPENSSL_cleanse(both.data(), both.size());
  return joined;
}

}  // namespace

// OpenSSL's datagram memory BIO came after 3.0, so this is one: each write is a datagram, each read
// gives a whole one.
struct DtlsDoor {
  static DtlsSession& session_of(BIO* bio) { return *static_cast<DtlsSession*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* data, int size) {
    auto& session = session_of(bio);
    if (size <= 0) return 0;
    if (session.outgoing_.size() < outgoing_max) {
      const auto bytes = std::as_bytes(std::span{data, static_cast<std::size_t>(size)});
      session.outgoing_.emplace_back(bytes.begin(), bytes.end());
    }
    return size;  // what is lost here is lost as on a network
  }

  static int read(BIO* bio, char* room, int size) {
    auto& session = session_of(bio);
    BIO_clear_retry_flags(bio);
    if (session.incoming_.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const auto datagram = std::exchange(session.incoming_, {});
    const auto taken = std::min(datagram.size(), static_cast<std::size_t>(std::max(size, 0)));
    std::ranges::copy(datagram.first(taken), reinterpret_cast<std::byte*>(room));
    return static_cast<int>(taken);
  }

  static long control(BIO*, int command, long, void*) {
    switch (command) {
      case BIO_CTRL_FLUSH:
        return 1;
      case BIO_CTRL_DGRAM_QUERY_MTU:
      case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return dtls_bytes_max;
      default:
        return 0;
    }
  }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  struct MethodFree {
    void operator()(BIO_METHOD* method) const noexcept { BIO_meth_free(method); }
  };
  using Method = std::unique_ptr<BIO_METHOD, MethodFree>;

  static Method make_method() {
    Method method{BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams")};
    if (!method) return nullptr;
    BIO_meth_set_write(method.get(), write);
    BIO_meth_set_read(method.get(), read);
    BIO_meth_set_ctrl(method.get(), control);
    BIO_meth_set_create(method.get(), create);
    return method;
  }

  static BIO* make(DtlsSession& session) {
    static const Method method = make_method();
    BIO* const bio = method ? BIO_new(method.get()) : nullptr;
    if (bio != nullptr) BIO_set_data(bio, &session);
    return bio;
  }

  // Instead of a chain of authorities: the certificate is the one the description named, or the
  // handshake ends here, before the peer's Finished and before any key.
  static int judge(X509_STORE_CTX* chain, void*) {
    const auto* const ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& session = *static_cast<DtlsSession*>(SSL_get_app_data(ssl));
    X509* const certificate = X509_STORE_CTX_get0_cert(chain);
    unsigned char* der = nullptr;
    const int size = certificate != nullptr ? i2d_X509(certificate, &der) : 0;
    if (size > 0) {
      session.peer_is_known_ =
          matches(session.peer_, std::as_bytes(std::span{der, static_cast<std::size_t>(size)}));
      OPENSSL_free(der);
    }
    if (!session.peer_is_known_) X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_UNTRUSTED);
    return session.peer_is_known_ ? 1 : 0;
  }
};

void judge_peers(ssl_ctx_st* context) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, DtlsDoor::judge, nullptr);
}

void DtlsSession::SslFree::operator()(ssl_st* ssl) const noexcept {
  SSL_free(ssl);
}

DtlsSession::DtlsSession(const DtlsIdentity& identity, DtlsRole role, std::vector<Fingerprint> peer,
                         DtlsUse use)
    : role_{role}, use_{use}, peer_{std::move(peer)}, ssl_{SSL_new(identity.context())} {
  BIO* const door = ssl_ ? DtlsDoor::make(*this) : nullptr;
  if (door == nullptr) {
    ssl_.reset();
    state_ = State::failed;
    return;
  }
  SSL_set_bio(ssl_.get(), door, door);
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_mtu(ssl_.get(), dtls_bytes_max);
  DTLS_set_timer_cb(ssl_.get(), next_timeout_us);
  if (role == DtlsRole::client) {
    SSL_set_connect_state(ssl_.get());
  } else {
    SSL_set_accept_state(ssl_.get());
  }
}

DtlsSession::~DtlsSession() = default;

void DtlsSession::begin() {
  if (role_ == DtlsRole::client) advance();
}

void DtlsSession::handle(std::span<const std::byte> datagram) {
  incoming_ = datagram;
  advance();
  incoming_ = {};
}

void DtlsSession::advance() {
  if (state_ == State::handshaking) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    if (done == 1) {
      finish();
    } else if (SSL_get_error(ssl_.get(), done) != SSL_ERROR_WANT_READ) {
      state_ = State::failed;
    }
  }
  if (state_ == State::connected) read_messages();
}

void DtlsSession::read_messages() {
  std::array<std::byte, message_bytes_max> room;
  for (;;) {
    ERR_clear_error();
    const int size = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()));
    if (size > 0) {
      const auto message = std::span{room}.first(static_cast<std::size_t>(size));
      if (messages_.size() < messages_max) messages_.emplace_back(message.begin(), message.end());
      continue;
    }
    const int why = SSL_get_error(ssl_.get(), size);
    if (why == SSL_ERROR_ZERO_RETURN) end(State::closed);
    if (why == SSL_ERROR_SSL) end(State::failed);  // a fatal alert; what is not authentic is none
    return;
  }
}

void DtlsSession::finish() {
  const bool is_sound = peer_is_known_ && SSL_get_extms_support(ssl_.get()) == 1;
  if (is_sound) keys_ = export_keys();
  const bool serves = keys_ || use_ == DtlsUse::messages;
  state_ = is_sound && serves ? State::connected : State::failed;
}

// Who says goodbye sends nothing more, and is sent nothing: a later packet is somebody else's.
void DtlsSession::end(State state) {
  state_ = state;
  keys_.reset();
}

// RFC 5764 §4.2: the client's key, the server's, the client's salt, the server's.
std::optional<DtlsSrtpKeys> DtlsSession::export_keys() const {
  const auto suite = suite_of(ssl_.get());
  if (!suite) return std::nullopt;
  const auto sizes = sizes_of(*suite);
  std::array<std::byte, 2 * srtp_key_and_salt_bytes_max> material{};
  constexpr std::string_view label = "EXTRACTOR-dtls_srtp";
  const auto used = 2 * (sizes.key_bytes + sizes.salt_bytes);
  if (SSL_export_keying_material(ssl_.get(), reinterpret_cast<unsigned char*>(material.data()),
                                 used, label.data(), label.size(), nullptr, 0, 0) != 1) {
    return std::nullopt;
  }
  const auto keys = std::span{material};
  const auto salts = keys.subspan(2 * sizes.key_bytes);
  const auto of_client =
      join_key(*suite, keys.first(sizes.key_bytes), salts.first(sizes.salt_bytes));
  const auto of_server = join_key(*suite, keys.subspan(sizes.key_bytes, sizes.key_bytes),
                                  salts.subspan(sizes.salt_bytes, sizes.salt_bytes));
  OPENSSL_cleanse(material.data(), material.size());
  if (!of_client || !of_server) return std::nullopt;
  return role_ == DtlsRole::client ? DtlsSrtpKeys{*of_server, *of_client}
                                   : DtlsSrtpKeys{*of_client, *of_server};
}

void DtlsSession::handle_timeout() {
  if (!ssl_ || state_ == State::failed) return;
  ERR_clear_error();
  // -1: it was sent again and again, and nobody answered.
  if (DTLSv1_handle_timeout(ssl_.get()) < 0 && state_ == State::handshaking) {
    state_ = State::failed;
  }
}

std::optional<TimePoint> DtlsSession::next_timeout(TimePoint now) const {
  timeval left{};
  if (!ssl_ || state_ == State::failed || DTLSv1_get_timeout(ssl_.get(), &left) != 1) {
    return std::nullopt;
  }
  return now + std::chrono::seconds{left.tv_sec} + std::chrono::microseconds{left.tv_usec};
}

void DtlsSession::close() {
  if (state_ != State::connected) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  end(State::closed);
}

bool DtlsSession::send(std::span<const std::byte> message) {
  if (state_ != State::connected || message.empty() || message.size() > dtls_message_bytes_max) {
    return false;
  }
  ERR_clear_error();
  return SSL_write(ssl_.get(), message.data(), static_cast<int>(message.size())) > 0;
}

DtlsSession::Datagrams DtlsSession::take_outgoing() {
  return std::exchange(outgoing_, {});
}

DtlsSession::Datagrams DtlsSession::take_messages() {
  return std::exchange(messages_, {});
}

}  // namespace assent::media

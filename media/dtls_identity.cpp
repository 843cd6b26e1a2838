#include "media/dtls_identity.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <utility>
#include <vector>

#include "media/dtls.hpp"

namespace assent::media {
namespace {

struct CertificateFree {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, CertificateFree>;
struct KeyFree {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;

constexpr std::chrono::hours clock_error{24};

// RFC 8827 §6.5 asks for forward secrecy and AEAD; ECDSA is ours, RSA some peer's.
constexpr const char* cipher_suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
constexpr const char* groups = "X25519:P-256:P-384";
// RFC 5764 §4.1.2, RFC 7714 §14.2; the first that both know is taken.
constexpr const char* srtp_profiles =
    "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";
constexpr std::size_t peer_certificates_bytes_max = 16'384;
// OpenSSL keeps a buffer of this size for each association; nothing that is sent is longer.
constexpr std::size_t dtls_fragment_bytes_max = 2'048;

// A serial number that repeats under one name would confuse peers (RFC 5280 §4.1.2.2).
bool set_serial(X509* certificate, const Entropy& entropy) {
  std::array<std::byte, 8> bytes{};
  entropy(bytes);
  std::uint64_t serial = 0;
  for (const auto byte : bytes)
    serial = serial << 8 | std::to_integer<std::uint64_t>(byte);
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1;
}

// Who a fingerprint names needs no name; a constant one tells nobody which gateway this is.
bool set_name(X509* certificate) {
  X509_NAME* const name = X509_get_subject_name(certificate);
  const auto* const text = reinterpret_cast<const unsigned char*>("WebRTC");
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1;
}

bool set_life(X509* certificate, std::chrono::seconds now) {
  const auto at = [](ASN1_TIME* time, std::chrono::seconds when) {
    return ASN1_TIME_set(time, static_cast<std::time_t>(when.count())) != nullptr;
  };
  return at(X509_getm_notBefore(certificate), now - clock_error) &&
         at(X509_getm_notAfter(certificate), now + certificate_life);
}

Certificate self_signed(EVP_PKEY* key, std::chrono::seconds now, const Entropy& entropy) {
  Certificate certificate{X509_new()};
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      !set_serial(certificate.get(), entropy) || !set_name(certificate.get()) ||
      !set_life(certificate.get(), now) || X509_set_pubkey(certificate.get(), key) != 1 ||
      X509_sign(certificate.get(), key, EVP_sha256()) == 0) {
    return nullptr;
  }
  return certificate;
}

bool configure(SSL_CTX* context, X509* certificate, EVP_PKEY* key) {
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_QUERY_MTU |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(context, peer_certificates_bytes_max);
  SSL_CTX_set_max_send_fragment(context, dtls_fragment_bytes_max);
  judge_peers(context);
  return SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, cipher_suites) == 1 &&
         SSL_CTX_set1_groups_list(context, groups) == 1 &&
         SSL_CTX_set_tlsext_use_srtp(context, srtp_profiles) == 0 &&  // 0 is success here
         SSL_CTX_use_certificate(context, certificate) == 1 &&
         SSL_CTX_use_PrivateKey(context, key) == 1;
}

std::vector<std::byte> der_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return {};
  const auto bytes = std::as_bytes(std::span{der, static_cast<std::size_t>(size)});
  std::vector<std::byte> copy(bytes.begin(), bytes.end());
  OPENSSL_free(der);
  return copy;
}

}  // namespace

void DtlsContextFree::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}

std::optional<DtlsIdentity> DtlsIdentity::make(std::chrono::seconds now, const Entropy& entropy) {
  const Key key{EVP_EC_gen("P-256")};
  if (!key) return std::nullopt;
  const auto certificate = self_signed(key.get(), now, entropy);
  Context context{SSL_CTX_new(DTLS_method())};
  if (!certificate || !context || !configure(context.get(), certificate.get(), key.get())) {
    return std::nullopt;
  }
  const auto fingerprint = fingerprint_of(FingerprintHash::sha_256, der_of(certificate.get()));
  if (!fingerprint) return std::nullopt;
  return DtlsIdentity{std::move(context), *fingerprint};
}

DtlsIdentity::DtlsIdentity(const DtlsIdentity& other) : fingerprint_{other.fingerprint_} {
  SSL_CTX_up_ref(other.context());
  context_.reset(other.context());
}

DtlsIdentity& DtlsIdentity::operator=(const DtlsIdentity& other) {
  return *this = DtlsIdentity{other};
}

}  // namespace assent::media

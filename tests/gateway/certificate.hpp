#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <memory>
#include <string>

namespace assent::gateway::test {

// A certificate for `name` that it signed itself, as the receiver's and as a PEM file.
inline void use_certificate(boost::asio::ssl::context& tls, const std::string& name,
                            const std::filesystem::path& file) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  const std::unique_ptr<X509, decltype(&X509_free)> made{X509_new(), X509_free};
  X509* const certificate = made.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key.get());
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  const std::string names = "DNS:" + name;
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension{
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str()),
      X509_EXTENSION_free};
  X509_add_ext(certificate, extension.get(), -1);
  X509_sign(certificate, key.get(), EVP_sha256());
  SSL_CTX_use_certificate(tls.native_handle(), certificate);
  SSL_CTX_use_PrivateKey(tls.native_handle(), key.get());
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> out{BIO_new_file(file.c_str(), "w"),
                                                          BIO_free_all};
  PEM_write_bio_X509(out.get(), certificate);
}

}  // namespace assent::gateway::test

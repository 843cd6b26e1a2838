#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>

#include "gateway/tls_context.hpp"
#include "tests/gateway/api_fixture.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using testing::Api;
using testing::ApiOptions;
using testing::ClientTls;
using testing::RawClient;
using testing::request_text;
using testing::server_token;

template <auto free_it>
struct Free {
  void operator()(auto* pointer) const { free_it(pointer); }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;

struct Identity {
  Key key;
  Certificate certificate;
};

void extend(X509* certificate, int nid, const char* value) {
  std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>> extension{
      X509V3_EXT_conf_nid(nullptr, nullptr, nid, value)};
  X509_add_ext(certificate, extension.get(), -1);
}

// Signed by `issuer`, or by itself and an authority then.
Identity make_identity(const std::string& name, const Identity* issuer) {
  Identity made{Key{EVP_EC_gen("P-256")}, Certificate{X509_new()}};
  X509* const certificate = made.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), static_cast<long>(name.size()));
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(
      certificate,
      X509_get_subject_name(issuer == nullptr ? certificate : issuer->certificate.get()));
  extend(certificate, NID_basic_constraints,
         issuer == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (issuer != nullptr) extend(certificate, NID_subject_alt_name, "IP:127.0.0.1");
  X509_sign(certificate, (issuer == nullptr ? made : *issuer).key.get(), EVP_sha256());
  return made;
}

void write(const Identity& identity, const std::filesystem::path& stem) {
  const Bio certificate{BIO_new_file((stem.string() + ".pem").c_str(), "w")};
  PEM_write_bio_X509(certificate.get(), identity.certificate.get());
  const Bio key{BIO_new_file((stem.string() + ".key").c_str(), "w")};
  PEM_write_bio_PrivateKey(key.get(), identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

struct Tls : ::testing::Test {
  testing::TemporaryFolder folder;

  std::filesystem::path file(const std::string& name) const { return folder.path() / name; }
  void SetUp() override {
    const Identity authority = make_identity("authority", nullptr);
    write(authority, file("authority"));
    write(make_identity("gateway", &authority), file("gateway"));
    write(make_identity("server-1", &authority), file("client"));
    const Identity foreign = make_identity("foreign authority", nullptr);
    write(make_identity("intruder", &foreign), file("foreign"));
  }
  TlsFiles files(bool mutual) const {
    TlsFiles result;
    result.certificate_chain = file("gateway.pem");
    result.private_key = file("gateway.key");
    if (mutual) result.client_authority = file("authority.pem");
    return result;
  }
  void listen(Api& api, bool mutual) const {
    port = api.server().listen_tcp("127.0.0.1", 0, make_tls_context(files(mutual)).value()).value();
    api.start();
  }
  RawClient connect(const std::string& identity = {}, int version_max = 0) const {
    ClientTls options;
    options.authority = file("authority.pem");
    options.version_max = version_max;
    if (!identity.empty()) {
      options.certificate = file(identity + ".pem");
      options.key = file(identity + ".key");
    }
    return RawClient::tls(port, options);
  }
  mutable std::uint16_t port = 0;
};

const std::string get_room = request_text("GET", "/v1/rooms/r1", server_token);

TEST_F(Tls, ServesAsInTheClear) {
  Api api;
  listen(api, false);
  auto client = connect();
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.ask(get_room).status, 200);
  const std::string body(256 * 1024, ' ');
  EXPECT_EQ(client.ask(request_text("PUT", "/v1/rooms/r1", server_token, body)).status, 200);
  EXPECT_EQ(client.ask(request_text("GET", "/v1/rooms/r1", "")).status, 401);
  client.send(get_room + get_room);
  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST_F(Tls, SpeaksVersion12And13AndNothingOlder) {
  Api api;
  listen(api, false);
  EXPECT_EQ(connect("", TLS1_3_VERSION).ask(get_room).status, 200);
  EXPECT_EQ(connect("", TLS1_2_VERSION).ask(get_room).status, 200);
  EXPECT_FALSE(connect("", TLS1_1_VERSION).connected());
  EXPECT_FALSE(connect("", TLS1_VERSION).connected());
}

TEST_F(Tls, MutualWantsACertificateOfTheAuthorityAndTheTokenAsWell) {
  Api api;
  listen(api, true);
  EXPECT_EQ(connect("client").ask(get_room).status, 200);
  EXPECT_EQ(connect("client").ask(request_text("GET", "/v1/rooms/r1", "")).status, 401);
  // In TLS 1.3 the client learns of the refusal only when it reads.
  EXPECT_EQ(connect().ask(get_room).status, 0);
  EXPECT_EQ(connect("foreign").ask(get_room).status, 0);
  EXPECT_FALSE(connect("", TLS1_2_VERSION).connected());
  EXPECT_EQ(api.calls, 1);
}

TEST_F(Tls, PlainHttpAndSilenceEndWithoutAnAnswer) {
  ApiOptions options;
  options.http.header_within = 300ms;
  Api api{options};
  listen(api, false);
  auto plain = RawClient::tcp(port);
  EXPECT_EQ(plain.ask(get_room).status, 0);
  auto silent = RawClient::tcp(port);
  EXPECT_TRUE(silent.closed_within(3s));
  EXPECT_EQ(connect().ask(get_room).status, 200);
}

TEST_F(Tls, EventStreamsAndTheOrderlyStopWorkOverIt) {
  Api api;
  listen(api, false);
  auto client = connect();
  client.send(request_text("GET", "/v1/events", testing::operator_token));
  client.read_until("retry: 2000\n\n");
  api.publish("e", "r1", "1");
  EXPECT_NE(client.read_until("data: 1\n\n").find("id: run1-1"), std::string::npos);
  EXPECT_EQ(api.stop().connections, 0U);
}

TEST_F(Tls, AFaultyFileIsNamed) {
  const auto fault_with = [&](auto change) {
    TlsFiles wrong = files(true);
    change(wrong);
    const auto context = make_tls_context(wrong);
    return context ? std::string{"none"} : context.error().file.filename().string();
  };
  std::ofstream{file("garbage.pem")} << "-----BEGIN CERTIFICATE-----\nAAAA\n";
  EXPECT_EQ(fault_with([](TlsFiles&) {}), "none");
  EXPECT_EQ(fault_with([&](TlsFiles& f) { f.certificate_chain = file("none.pem"); }), "none.pem");
  EXPECT_EQ(fault_with([&](TlsFiles& f) { f.certificate_chain = file("garbage.pem"); }),
            "garbage.pem");
  EXPECT_EQ(fault_with([&](TlsFiles& f) { f.private_key = file("client.key"); }), "client.key");
  EXPECT_EQ(fault_with([&](TlsFiles& f) { f.client_authority = file("garbage.pem"); }),
            "garbage.pem");
}

}  // namespace
}  // namespace assent::gateway

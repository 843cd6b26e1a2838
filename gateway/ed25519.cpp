#include "gateway/ed25519.hpp"

namespace assent::gateway {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* octets(const void* bytes) {
  return static_cast<const unsigned char*>(bytes);
}

}  // namespace

std::optional<Ed25519Key> Ed25519Key::from_seed(const policy::Ed25519Seed& seed) {
  Ed25519Key made{
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octets(seed.data()), seed.size())};
  std::size_t length = made.public_key_.size();
  auto* const out = reinterpret_cast<unsigned char*>(made.public_key_.data());
  if (!made.key_ || EVP_PKEY_get_raw_public_key(made.key_.get(), out, &length) != 1)
    return std::nullopt;
  return made;
}

std::optional<Ed25519Signature> Ed25519Key::sign(std::string_view message) const {
  const Context context{EVP_MD_CTX_new()};
  Ed25519Signature signature{};
  std::size_t length = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1)
    return std::nullopt;
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                     octets(message.data()), message.size()) != 1)
    return std::nullopt;
  return signature;
}

bool is_signed_by(const policy::Ed25519Public& key, std::string_view message,
                  std::span<const std::byte> signature) {
  struct Free {
    void operator()(EVP_PKEY* of) const noexcept { EVP_PKEY_free(of); }
  };
  const std::unique_ptr<EVP_PKEY, Free> verifier{
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(key.data()), key.size())};
  const Context context{EVP_MD_CTX_new()};
  return verifier && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, verifier.get()) == 1 &&
         EVP_DigestVerify(context.get(), octets(signature.data()), signature.size(),
                          octets(message.data()), message.size()) == 1;
}

}  // namespace assent::gateway

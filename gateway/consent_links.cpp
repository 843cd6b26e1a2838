#include "gateway/consent_links.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "gateway/durable_file.hpp"
#include "gateway/ledger_fault.hpp"
#include "policy/base64.hpp"

namespace assent::gateway {
namespace {

constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t token_chars_max = 512;
constexpr std::size_t padded_to = 64;  // so that lengths tell nothing of the ids
constexpr std::string_view version = "assent consent link 1";

struct CipherFree {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherFree>;

unsigned char* octets(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}
const unsigned char* octets(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}
const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Nonce, ciphertext, tag. Empty: OpenSSL fails.
std::vector<std::byte> encrypt(const ConsentLinks::Key& key, std::string_view plain) {
  std::vector<std::byte> sealed(nonce_bytes + plain.size() + tag_bytes);
  std::byte* const body = sealed.data() + nonce_bytes;
  int length = 0;
  const Cipher cipher{EVP_CIPHER_CTX_new()};
  const bool done =
      cipher && RAND_bytes(octets(sealed.data()), nonce_bytes) == 1 &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, octets(key.data()),
                         octets(sealed.data())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &length, octets(version),
                        static_cast<int>(version.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), octets(body), &length, octets(plain),
                        static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), octets(body) + length, &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, body + plain.size()) == 1;
  if (!done) sealed.clear();
  return sealed;
}

std::optional<std::string> decrypt(const ConsentLinks::Key& key,
                                   std::span<const std::byte> sealed) {
  if (sealed.size() <= nonce_bytes + tag_bytes) return std::nullopt;
  const auto body = sealed.subspan(nonce_bytes, sealed.size() - nonce_bytes - tag_bytes);
  std::array<std::byte, tag_bytes> tag{};
  std::copy(sealed.end() - tag_bytes, sealed.end(), tag.begin());
  std::string plain(body.size(), '\0');
  auto* const out = reinterpret_cast<unsigned char*>(plain.data());
  int length = 0;
  const Cipher cipher{EVP_CIPHER_CTX_new()};
  const bool authentic =
      cipher &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, octets(key.data()),
                         octets(sealed.data())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &length, octets(version),
                        static_cast<int>(version.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), out, &length, octets(body.data()),
                        static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), out + length, &length) == 1;
  if (!authentic) return std::nullopt;
  return plain;
}

std::string to_base64url(std::span<const std::byte> bytes) {
  std::string text = policy::to_base64(bytes);
  text.erase(std::min(text.find('='), text.size()));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::optional<std::vector<std::byte>> from_base64url(std::string_view text) {
  if (text.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  std::string plain{text};
  std::replace(plain.begin(), plain.end(), '-', '+');
  std::replace(plain.begin(), plain.end(), '_', '/');
  plain.append((4 - plain.size() % 4) % 4, '=');
  return policy::from_base64(plain);
}

// The fields hold no line breaks: ids, a language tag, digits. What is left is padding.
std::string to_lines(const ConsentLink& link) {
  std::string lines = link.room + '\n' + link.participant + '\n' + link.language + '\n' +
                      std::to_string(link.expires.time_since_epoch().count()) + '\n' +
                      to_hex(link.subject) + '\n';
  lines.append((padded_to - lines.size() % padded_to) % padded_to, '\n');
  return lines;
}

std::string_view take_line(std::string_view& lines) {
  const auto end = std::min(lines.find('\n'), lines.size());
  const auto line = lines.substr(0, end);
  lines.remove_prefix(std::min(end + 1, lines.size()));
  return line;
}

std::optional<ConsentLink> from_lines(std::string_view lines) {
  ConsentLink link;
  link.room = take_line(lines);
  link.participant = take_line(lines);
  link.language = take_line(lines);
  const auto expires = take_line(lines);
  std::int64_t milliseconds = 0;
  const auto read = std::from_chars(expires.data(), expires.data() + expires.size(), milliseconds);
  const auto subject = sha256_from_hex(take_line(lines));
  if (read.ec != std::errc{} || !subject) return std::nullopt;
  link.expires = policy::WallTime{policy::WallTime::duration{milliseconds}};
  link.subject = *subject;
  return link;
}

boost::system::result<ConsentLinks::Key, Fault> make_key(const std::filesystem::path& file) {
  ConsentLinks::Key key{};
  if (RAND_bytes(octets(key.data()), static_cast<int>(key.size())) != 1)
    return file_fault(file, "there is no entropy for a key", "check the machine's random source");
  if (const auto error = create_private_file(file, to_hex(key) + '\n'))
    return disk_fault(file, error);
  return key;
}

boost::system::result<ConsentLinks::Key, Fault> read_key(const std::filesystem::path& file) {
  constexpr std::string_view remedy = "remove it, and a new key is made; links made so far end";
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return disk_fault(file, last_disk_error());
  if (!S_ISREG(status.st_mode) || (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return file_fault(file, "others may have read the key of the consent page's links",
                      std::string(remedy));
  auto text = read_whole(file);
  if (!text) return text.error();
  if (text->ends_with('\n')) text->pop_back();
  const auto key = sha256_from_hex(*text);
  if (!key) return file_fault(file, "holds no key: 64 hexadecimal digits", std::string(remedy));
  return *key;
}

}  // namespace

boost::system::result<ConsentLinks, Fault> ConsentLinks::open(const std::filesystem::path& file) {
  std::error_code error;
  const auto key = std::filesystem::exists(file, error) ? read_key(file) : make_key(file);
  if (!key) return key.error();
  return ConsentLinks{*key};
}

std::string ConsentLinks::seal(const ConsentLink& link) const {
  return to_base64url(encrypt(key_, to_lines(link)));
}

boost::system::result<ConsentLink, LinkFault> ConsentLinks::open(std::string_view token,
                                                                 policy::WallTime now) const {
  if (token.size() > token_chars_max) return LinkFault::forged;
  const auto sealed = from_base64url(token);
  const auto plain = sealed ? decrypt(key_, *sealed) : std::nullopt;
  auto link = plain ? from_lines(*plain) : std::nullopt;
  if (!link) return LinkFault::forged;
  if (now >= link->expires) return LinkFault::expired;
  return std::move(*link);
}

}  // namespace assent::gateway

#include "gateway/token_files.hpp"

#include <fcntl.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "gateway/http_message.hpp"

namespace assent::gateway {
namespace {

constexpr std::size_t token_random_bytes = 32;
constexpr std::size_t token_chars_min = 32;
constexpr std::size_t token_chars_max = 512;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_{fd} {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// Empty: no entropy.
std::string random_token() {
  std::array<unsigned char, token_random_bytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return {};
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : bytes) {
    out += digits[byte >> 4U];
    out += digits[byte & 0xfU];
  }
  return out;
}

class TokenFile {
 public:
  TokenFile(std::filesystem::path path, Faults& faults) : path_{std::move(path)}, faults_{faults} {}

  // False: there is a fault instead.
  bool load_or_make() {
    if (make()) return true;
    if (errno == EEXIST) return load();
    fault("cannot be made: " + std::generic_category().message(errno),
          "check the directory's permissions and the space on the disk");
    return false;
  }
  [[nodiscard]] const std::string& token() const { return token_; }

 private:
  // False with errno.
  bool make() {
    const FileDescriptor file{::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!file.is_open()) return false;
    token_ = random_token();
    errno = EIO;
    if (!token_.empty() && write_line(file.get(), token_)) return true;
    const int reason = errno;
    ::unlink(path_.c_str());  // half a token must not be taken for one at the next start
    errno = reason;
    return false;
  }

  static bool write_line(int file, const std::string& token) {
    const std::string line = token + '\n';
    return ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
           ::fsync(file) == 0;
  }

  bool load() {
    const FileDescriptor file{
        ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    struct stat status {};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
      fault("cannot be read", "remove it, and a new token is made");
      return false;
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
      fault("others may have read this token", "remove it, and a new token is made");
      return false;
    }
    std::array<char, token_chars_max + 2> buffer{};
    const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
    token_.assign(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    if (token_.ends_with('\n')) token_.pop_back();
    const bool printable = token_.find_first_not_of(
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "-._~+/=") == std::string::npos;  // RFC 6750 §2.1
    if (token_.size() < token_chars_min || token_.size() > token_chars_max || !printable) {
      fault("holds no token", "remove it, and a new token is made");
      return false;
    }
    return true;
  }

  void fault(std::string what, std::string remedy) {
    faults_.add({path_.string(), 0, 0, "", std::move(what), std::move(remedy)});
  }

  std::filesystem::path path_;
  std::string token_;
  Faults& faults_;
};

}  // namespace

std::vector<TokenConfig> load_or_make_tokens(const std::filesystem::path& directory,
                                             Faults& faults) {
  std::vector<TokenConfig> out;
  for (const Role role : {Role::conference_server, Role::operator_, Role::privacy_officer}) {
    const std::string name{to_string(role)};
    TokenFile file{directory / name, faults};
    if (!file.load_or_make()) continue;
    TokenConfig config;
    config.name = name;
    config.role = role;
    SHA256(reinterpret_cast<const unsigned char*>(file.token().data()), file.token().size(),
           reinterpret_cast<unsigned char*>(config.sha256.data()));
    out.push_back(std::move(config));
  }
  return out;
}

}  // namespace assent::gateway

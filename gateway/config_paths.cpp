#include "gateway/config_paths.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "gateway/config.hpp"
#include "gateway/ip_database.hpp"

namespace assent::gateway {
namespace {

namespace fs = std::filesystem;

// Why nothing could be written there; empty: it could.
std::string obstacle(const fs::path& directory) {
  std::error_code error;
  fs::path existing = fs::absolute(directory, error);
  while (!fs::exists(existing, error) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  if (!fs::is_directory(existing, error)) return existing.string() + " is not a directory";
  if (::access(existing.c_str(), W_OK | X_OK) != 0) {
    // Of a disk that was written to before: it may be again, and calls do not wait for it.
    if (errno == EROFS && fs::exists(directory, error)) return {};
    return "cannot write in " + existing.string() + ": " + std::generic_category().message(errno);
  }
  return {};
}

constexpr const char* writable_remedy =
    "choose a directory that the service's user may write in, or change its owner";

}  // namespace

bool is_same_folder(const fs::path& one, const fs::path& other) {
  return (one / "").lexically_normal() == (other / "").lexically_normal();
}

fs::path ConfigPaths::path_of(const YamlValue& value) const {
  const auto text = value.text(4'000);
  if (!text) return {};
  if (text->find('\n') != std::string::npos) {
    value.fault("is more than one line", "write a path on one line");
    return {};
  }
  return (folder_ / *text).lexically_normal();
}

fs::path ConfigPaths::readable_file(const YamlValue& value) const {
  fs::path path = path_of(value);
  if (path.empty() || !is_here_) return path;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    value.fault(path.string() + " is a directory", "write the path of a file");
  } else if (::access(path.c_str(), R_OK) != 0) {
    value.fault("cannot read " + path.string() + ": " + std::generic_category().message(errno),
                "check the path (relative ones begin at the folder of this file) and permissions");
  }
  return path;
}

fs::path ConfigPaths::readable_folder(const YamlValue& value) const {
  fs::path path = path_of(value);
  std::error_code error;
  if (path.empty() || !is_here_) return path;
  if (!fs::is_directory(path, error) || ::access(path.c_str(), R_OK | X_OK) != 0)
    value.fault(path.string() + " is no folder that can be read",
                "check the path (relative ones begin at the folder of this file) and permissions");
  return path;
}

fs::path ConfigPaths::private_file(const YamlValue& value) const {
  fs::path path = readable_file(value);
  struct stat status {};
  if (path.empty() || !is_here_ || ::stat(path.c_str(), &status) != 0) return path;
  if (S_ISREG(status.st_mode) && (status.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    value.fault("every user of this machine may read " + path.string(),
                "chmod o= " + path.string());
  }
  return path;
}

fs::path ConfigPaths::ip_database(const YamlValue& value) const {
  fs::path path = readable_file(value);
  std::error_code error;
  if (path.empty() || !is_here_ || !fs::is_regular_file(path, error) ||
      ::access(path.c_str(), R_OK) != 0) {
    return path;
  }
  if (const auto opened = IpDatabase::open(path); !opened) {
    value.fault("cannot look up addresses in " + path.string() + ": " + opened.error(),
                "get a country or city database in the MaxMind DB format (.mmdb) again, whole");
  }
  return path;
}

fs::path ConfigPaths::writable_directory(const YamlValue& value) const {
  fs::path path = path_of(value);
  if (path.empty() || !is_here_) return path;
  if (auto why = obstacle(path); !why.empty()) value.fault(std::move(why), writable_remedy);
  return path;
}

fs::path ConfigPaths::file_in_writable_directory(const YamlValue& value) const {
  fs::path path = path_of(value);
  if (path.empty() || !is_here_) return path;
  std::error_code error;
  if (!path.has_filename() || fs::is_directory(path, error)) {
    value.fault(path.string() + " is a directory", "write the path of a file");
  } else if (auto why = obstacle(fs::absolute(path, error).parent_path()); !why.empty()) {
    value.fault(std::move(why), writable_remedy);
  }
  return path;
}

fs::path ConfigPaths::checked_default(const fs::path& directory) const {
  if (!is_here_) return directory;
  if (auto why = obstacle(directory); !why.empty()) {
    faults_.add({"defaults", 0, 0, "", std::move(why),
                 "set XDG_STATE_HOME to a directory you may write in, or name the directories in a "
                 "configuration file"});
  }
  return directory;
}

void make_directories(const Config& config, Faults& faults) {
  const auto make = [&faults, &config](const fs::path& directory, fs::perms permissions) {
    if (directory.empty()) return;
    std::error_code error;
    const bool is_new = !fs::exists(directory, error);
    fs::create_directories(directory, error);
    // Those that were there keep the permissions that the operator gave them.
    if (!error && is_new) fs::permissions(directory, permissions, error);
    if (error) {
      faults.add({config.file, 0, 0, "",
                  "cannot make " + directory.string() + ": " + error.message(), writable_remedy});
    }
  };
  if (const auto* const file = std::get_if<fs::path>(&config.storage.database))
    make(file->parent_path(), fs::perms::owner_all);
  make(config.storage.cdr_directory, fs::perms::owner_all);
  make(config.ledger.directory.parent_path(), fs::perms::owner_all);
  make(config.ledger.key.parent_path(), fs::perms::owner_all);
  make(config.ledger.subject_keys.parent_path(), fs::perms::owner_all);
  make(config.api.token_directory, fs::perms::owner_all);
  make(config.consent_page.key.parent_path(), fs::perms::owner_all);
  for (const SinkConfig& sink : config.sinks) {
    if (const auto* ogg = std::get_if<OggSink>(&sink.transport)) {
      make(ogg->directory, fs::perms::owner_all);
    }
  }
  for (const ExportConfig& target : config.exports)
    if (const auto* files = std::get_if<FileExport>(&target.to))
      make(files->directory, fs::perms::owner_all);
}

}  // namespace assent::gateway

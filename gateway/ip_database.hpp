#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

struct MMDB_s;

namespace assent::gateway {

// A MaxMind DB file that tells where IP addresses are. It stays mapped, so whoever renews it puts
// another file in its place (a rename), and does not write into this one.
class IpDatabase {
 public:
  IpDatabase() = default;  // knows no address

  // The error says what is wrong with the file. One whose records tell no country is refused.
  [[nodiscard]] static boost::system::result<IpDatabase, std::string> open(
      const std::filesystem::path& file);

  // ISO 3166-1 ("NL"), or 3166-2 ("US-CA") where the database knows the subdivision. Empty where it
  // does not know, and for every address that is not a public one.
  [[nodiscard]] std::string place_of(const std::string& address) const;

  [[nodiscard]] std::chrono::sys_seconds built() const;

 private:
  struct Close {
    void operator()(MMDB_s* database) const noexcept;
  };
  using Handle = std::unique_ptr<MMDB_s, Close>;

  explicit IpDatabase(Handle handle) : handle_{std::move(handle)} {}

  Handle handle_;
};

}  // namespace assent::gateway

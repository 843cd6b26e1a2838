#include "gateway/ip_database.hpp"

#include <maxminddb.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

constexpr std::size_t path_max = 4;  // of the keys to a value, with the terminating null
using Path = std::array<const char*, path_max>;

// Where makers put the country: MaxMind and DB-IP in a map, ip-location-db at the top.
constexpr Path country_paths[] = {{"country", "iso_code"}, {"country_code"}};
constexpr Path subdivision_path{"subdivisions", "0", "iso_code"};

// The text at a path of a record; empty where there is none, or the file is corrupt.
std::string_view text_at(MMDB_entry_s record, const Path& path) {
  MMDB_entry_data_s value{};
  if (MMDB_aget_value(&record, &value, path.data()) != MMDB_SUCCESS || !value.has_data) return {};
  if (value.type != MMDB_DATA_TYPE_UTF8_STRING) return {};
  return {value.utf8_string, value.data_size};
}

bool is_country(std::string_view code) {
  return code.size() == 2 &&
         std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_subdivision(std::string_view code) {
  return !code.empty() && code.size() <= 3 && std::all_of(code.begin(), code.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

std::string place_in(const MMDB_entry_s& record) {
  for (const Path& path : country_paths) {
    const std::string_view country = text_at(record, path);
    if (!is_country(country)) continue;
    std::string place{country};
    const std::string_view subdivision = text_at(record, subdivision_path);
    if (is_subdivision(subdivision)) place.append("-").append(subdivision);
    return place;
  }
  return {};
}

// Judged by the records, since each maker has type names of its own. A hostile tree may go in
// circles: only so many of its nodes are looked at.
bool tells_countries(const MMDB_s& database) {
  constexpr int nodes_max = 16'384;
  std::vector<std::uint32_t> ahead{0};
  for (int seen = 0; seen < nodes_max && !ahead.empty(); ++seen) {
    MMDB_search_node_s node{};
    const std::uint32_t number = ahead.back();
    ahead.pop_back();
    if (MMDB_read_node(&database, number, &node) != MMDB_SUCCESS) continue;
    const auto tells = [&](std::uint8_t type, std::uint64_t next, const MMDB_entry_s& record) {
      if (type == MMDB_RECORD_TYPE_SEARCH_NODE) ahead.push_back(static_cast<std::uint32_t>(next));
      return type == MMDB_RECORD_TYPE_DATA && !place_in(record).empty();
    };
    if (tells(node.right_record_type, node.right_record, node.right_record_entry)) return true;
    if (tells(node.left_record_type, node.left_record, node.left_record_entry)) return true;
  }
  return false;
}

// RFC 6890, and what is multicast or reserved: such an address is at more than one place.
bool is_public(const asio::ip::address_v4& address) {
  const std::uint32_t bits = address.to_uint();
  const auto within = [bits](std::uint32_t network, unsigned prefix) {
    return (bits ^ network) >> (32U - prefix) == 0;
  };
  return !(within(0x00'00'00'00, 8) || within(0x0a'00'00'00, 8) || within(0x64'40'00'00, 10) ||
           within(0x7f'00'00'00, 8) || within(0xa9'fe'00'00, 16) || within(0xac'10'00'00, 12) ||
           within(0xc0'a8'00'00, 16) || within(0xe0'00'00'00, 3));
}

// Global unicast, 2000::/3 (RFC 4291), without the tunnels 2001::/32 (Teredo) and 2002::/16 (6to4),
// where a database finds the relay at best.
bool is_public(const asio::ip::address_v6& address) {
  const auto bytes = address.to_bytes();
  const unsigned first = bytes[0] * 256U + bytes[1];
  const unsigned second = bytes[2] * 256U + bytes[3];
  return first >> 13U == 1 && first != 0x2002 && !(first == 0x2001 && second == 0);
}

std::optional<asio::ip::address> public_address(const std::string& text) {
  boost::system::error_code error;
  auto address = asio::ip::make_address(text, error);
  if (error) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  if (!(address.is_v4() ? is_public(address.to_v4()) : is_public(address.to_v6()))) {
    return std::nullopt;
  }
  return address;
}

}  // namespace

void IpDatabase::Close::operator()(MMDB_s* database) const noexcept {
  MMDB_close(database);
  delete database;
}

boost::system::result<IpDatabase, std::string> IpDatabase::open(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return std::string{"it is not a file"};
  auto opened = std::make_unique<MMDB_s>();
  const int status = MMDB_open(file.c_str(), MMDB_MODE_MMAP, opened.get());
  if (status != MMDB_SUCCESS) return std::string{MMDB_strerror(status)};
  Handle handle{opened.release()};
  if (!tells_countries(*handle)) return std::string{"its records tell no country"};
  return IpDatabase{std::move(handle)};
}

std::string IpDatabase::place_of(const std::string& address) const {
  if (!handle_) return {};
  const auto known = public_address(address);
  if (!known) return {};
  const asio::ip::udp::endpoint endpoint{*known, 0};
  int error = MMDB_SUCCESS;
  const auto found = MMDB_lookup_sockaddr(handle_.get(), endpoint.data(), &error);
  if (error != MMDB_SUCCESS || !found.found_entry) return {};
  return place_in(found.entry);
}

std::chrono::sys_seconds IpDatabase::built() const {
  constexpr std::uint64_t seconds_max = 253'402'300'799;  // the end of the year 9999
  const std::uint64_t epoch = handle_ ? handle_->metadata.build_epoch : 0;
  return std::chrono::sys_seconds{
      std::chrono::seconds{static_cast<std::int64_t>(std::min(epoch, seconds_max))}};
}

}  // namespace assent::gateway

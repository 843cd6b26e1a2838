#include "gateway/ip_database.hpp"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <iterator>

#include "tests/gateway/mmdb_file.hpp"
#include "tests/gateway/real_ip_database.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::gateway {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t june_2026 = 1'781'725'900;
constexpr std::string_view ripe = "193.0.6.139";

class IpDatabases : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& bytes) {
    const auto file = folder.path() / "places.mmdb";
    std::ofstream{file, std::ios::binary | std::ios::trunc} << bytes;
    return file;
  }
  boost::system::result<IpDatabase, std::string> open(const std::string& bytes) {
    return IpDatabase::open(write(bytes));
  }
  static test::MmdbFile cities() {
    test::MmdbFile file;
    file.add("8.8.8.0", 24, boost::json::parse(R"({"continent": {"code": "NA"},
      "country": {"geoname_id": 6252001, "iso_code": "US"},
      "subdivisions": [{"iso_code": "CA", "geoname_id": 5332921}, {"iso_code": "085"}]})"));
    file.add("193.0.0.0", 16, boost::json::parse(R"({"country": {"iso_code": "NL"}})"));
    file.add("41.0.0.0", 8, boost::json::parse(R"({"continent": {"code": "AF"},
      "registered_country": {"iso_code": "ZA"}})"));
    file.add("5.0.0.0", 8, boost::json::parse(R"({"country": {"iso_code": "xx"}})"));
    file.add("6.0.0.0", 8, boost::json::parse(R"({"country": {"iso_code": 7},
      "country_code": ["NL"]})"));
    file.add("7.0.0.0", 8, boost::json::parse(R"({"country_code": "DE",
      "subdivisions": [{"iso_code": "B,AD"}]})"));
    file.add("10.0.0.0", 8, boost::json::parse(R"({"country": {"iso_code": "NL"}})"));
    return file;
  }

  TemporaryFolder folder;
};

TEST_F(IpDatabases, OfTheRealWorldKnowTheCountry) {
  const auto database = IpDatabase::open(test::real_ip_database());
  ASSERT_TRUE(database) << database.error();
  EXPECT_EQ(database->place_of(std::string(ripe)), "NL");
  EXPECT_EQ(database->place_of("8.8.8.8"), "US");
  EXPECT_EQ(database->place_of("2001:4860:4860::8888"), "US");
  EXPECT_EQ(database->place_of("::ffff:193.0.6.139"), "NL") << "IPv4 in an IPv6 socket's words";
  EXPECT_GT(database->built(), std::chrono::sys_days{std::chrono::year{2026} / 1 / 1});
}

TEST_F(IpDatabases, OfCitiesKnowTheSubdivision) {
  const auto database = open(cities().bytes(june_2026));
  ASSERT_TRUE(database) << database.error();
  EXPECT_EQ(database->place_of("8.8.8.8"), "US-CA");
  EXPECT_EQ(database->place_of("::ffff:8.8.8.8"), "US-CA");
  EXPECT_EQ(database->place_of(std::string(ripe)), "NL");
  EXPECT_EQ(database->built().time_since_epoch().count(), june_2026);
}

TEST_F(IpDatabases, SayNothingOfAnAddressWithoutACountryOfItsOwn) {
  const auto database = open(cities().bytes(june_2026));
  ASSERT_TRUE(database) << database.error();
  EXPECT_EQ(database->place_of("9.9.9.9"), "") << "not in it";
  EXPECT_EQ(database->place_of("41.1.1.1"), "") << "where it is registered is not where it is";
  EXPECT_EQ(database->place_of("5.1.1.1"), "") << "not a code";
  EXPECT_EQ(database->place_of("6.1.1.1"), "") << "not text";
  EXPECT_EQ(database->place_of("7.1.1.1"), "DE") << "not a subdivision";
}

TEST_F(IpDatabases, SayNothingOfAddressesThatAreNotPublic) {
  for (const auto& file : {write(cities().bytes(june_2026)), test::real_ip_database()}) {
    const auto database = IpDatabase::open(file);
    ASSERT_TRUE(database) << database.error();
    for (const char* address : {"10.1.2.3",
                                "127.0.0.1",
                                "192.168.1.1",
                                "172.16.0.1",
                                "172.31.255.255",
                                "169.254.1.1",
                                "100.64.0.1",
                                "0.0.0.0",
                                "224.0.0.1",
                                "255.255.255.255",
                                "::",
                                "::1",
                                "fe80::1",
                                "fd00::1",
                                "ff02::1",
                                "::ffff:10.0.0.1",
                                "2002:808:808::1",
                                "2001:0:808:808::1",
                                "",
                                "nowhere",
                                "8.8.8",
                                "8.8.8.8/24",
                                "fe80::1%1"})
      EXPECT_EQ(database->place_of(address), "") << address;
  }
  EXPECT_EQ(IpDatabase{}.place_of("8.8.8.8"), "") << "none was named";
}

TEST_F(IpDatabases, ThatAreNoneAreRefused) {
  EXPECT_THAT(IpDatabase::open(folder.path() / "absent").error(), HasSubstr("not a file"));
  EXPECT_THAT(IpDatabase::open(folder.path()).error(), HasSubstr("not a file"));
  EXPECT_FALSE(open(""));
  EXPECT_FALSE(open("not a database"));
  EXPECT_FALSE(open(std::string(100'000, '\xab')));
  EXPECT_FALSE(open("\xab\xcd\xefMaxMind.com"));
}

TEST_F(IpDatabases, ThatTellNoCountryAreRefused) {
  test::MmdbFile systems;
  systems.add("8.8.8.0", 24, boost::json::parse(R"({"autonomous_system_number": 15169})"));
  EXPECT_THAT(open(systems.bytes(june_2026)).error(), HasSubstr("no country"));
  EXPECT_THAT(open(test::MmdbFile{}.bytes(june_2026)).error(), HasSubstr("no country"));
  test::MmdbFile circles;
  circles.go_in_circles();
  EXPECT_THAT(open(circles.bytes(june_2026)).error(), HasSubstr("no country"));
}

TEST_F(IpDatabases, CutShortAnywhereAreRefused) {
  const std::string whole = cities().bytes(june_2026);
  for (std::size_t size = 0; size < whole.size(); size += 7)
    ASSERT_FALSE(open(whole.substr(0, size))) << size;
  for (std::size_t lost = 1'000; lost < whole.size(); lost += 500)
    ASSERT_FALSE(open(whole.substr(lost))) << "its beginning";
}

TEST_F(IpDatabases, OfTheRealWorldCutShortAreRefused) {
  std::ifstream file{test::real_ip_database(), std::ios::binary};
  const std::string whole{std::istreambuf_iterator<char>{file}, {}};
  EXPECT_FALSE(open(whole.substr(0, whole.size() / 2)));
  EXPECT_FALSE(open(whole.substr(0, whole.size() - 1)));
  EXPECT_FALSE(open(whole.substr(whole.size() / 2)));
}

TEST_F(IpDatabases, WithAnyByteChangedAreRefusedOrAnswerACodeOrNothing) {
  const std::string whole = cities().bytes(june_2026);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char byte : {'\0', '\xff'}) {
      std::string changed = whole;
      changed[at] = byte;
      const auto database = open(changed);
      if (!database) continue;
      (void)database->built();
      for (const char* address : {"8.8.8.8", "193.0.6.139", "41.1.1.1", "2001:4860::1"}) {
        const std::string place = database->place_of(address);
        EXPECT_TRUE(place.empty() || place.size() == 2 || (place.size() <= 6 && place[2] == '-'))
            << place << " after a change of byte " << at;
      }
    }
  }
}

}  // namespace
}  // namespace assent::gateway

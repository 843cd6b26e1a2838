#include "gateway/token_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "gateway/http_message.hpp"

namespace assent::gateway {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

class TokenFiles : public testing::Test {
 protected:
  TokenFiles() {
    std::string pattern = (fs::path{testing::TempDir()} / "tokens_XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~TokenFiles() override { fs::remove_all(folder); }

  std::string line(const std::string& name) const {
    std::string out;
    std::ifstream stream{folder / name};
    std::getline(stream, out);
    return out;
  }

  fs::path folder;
  Faults faults;
};

TEST_F(TokenFiles, AreMadeForEachStaffRoleAndReadableByTheOwnerOnly) {
  const auto tokens = load_or_make_tokens(folder, faults);
  EXPECT_TRUE(faults.empty()) << to_string(faults);
  ASSERT_EQ(tokens.size(), 3U);
  for (const TokenConfig& token : tokens) {
    const std::string text = line(token.name);
    EXPECT_EQ(text.size(), 64U);
    std::array<std::byte, 32> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
           reinterpret_cast<unsigned char*>(digest.data()));
    EXPECT_EQ(token.sha256, digest);
    struct stat status {};
    ASSERT_EQ(::stat((folder / token.name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
  }
  EXPECT_NE(tokens[0].sha256, tokens[1].sha256);
  EXPECT_NE(tokens[1].sha256, tokens[2].sha256);
  EXPECT_EQ(tokens[0].role, Role::conference_server);
}

TEST_F(TokenFiles, StayTheSameAtTheNextStart) {
  const auto first = load_or_make_tokens(folder, faults);
  const auto second = load_or_make_tokens(folder, faults);
  EXPECT_EQ(first, second);
  EXPECT_TRUE(faults.empty()) << to_string(faults);
}

TEST_F(TokenFiles, OneThatOthersMayReadIsAFaultAndNotUsed) {
  (void)load_or_make_tokens(folder, faults);
  ::chmod((folder / "operator").c_str(), 0640);
  const auto tokens = load_or_make_tokens(folder, faults);
  EXPECT_EQ(tokens.size(), 2U);
  EXPECT_THAT(to_string(faults), HasSubstr("others may have read this token"));
}

TEST_F(TokenFiles, ASymbolicLinkIsNotFollowed) {
  fs::create_symlink("/etc/hostname", folder / "operator");
  EXPECT_EQ(load_or_make_tokens(folder, faults).size(), 2U);
  EXPECT_FALSE(faults.empty());
}

TEST_F(TokenFiles, AShortOrForeignTextIsNoTokenAndIsNotShown) {
  std::ofstream{folder / "operator"} << "canary";
  std::ofstream{folder / "privacy-officer"} << std::string(40, ' ');
  ::chmod((folder / "operator").c_str(), 0600);
  ::chmod((folder / "privacy-officer").c_str(), 0600);
  EXPECT_EQ(load_or_make_tokens(folder, faults).size(), 1U);
  EXPECT_EQ(faults.in_order().size(), 2U);
  EXPECT_THAT(to_string(faults), testing::Not(HasSubstr("canary")));
}

TEST_F(TokenFiles, ADirectoryThatIsNotThereIsAFault) {
  EXPECT_TRUE(load_or_make_tokens(folder / "none", faults).empty());
  EXPECT_EQ(faults.in_order().size(), 3U);
}

}  // namespace
}  // namespace assent::gateway

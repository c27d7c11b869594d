#include "admin/token.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace creel {
namespace {

class Token : public testing::Test {
 protected:
  Token() : folder_((std::filesystem::temp_directory_path() / "creel-token-XXXXXX").string()) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    path_ = folder_ + "/admin.token";
  }
  ~Token() override { std::filesystem::remove_all(folder_); }
  mode_t mode() const {
    struct stat status = {};
    EXPECT_EQ(stat(path_.c_str(), &status), 0);
    return status.st_mode & 07777;
  }
  std::string folder_, path_;
};

TEST_F(Token, IsMadeOnceWith256BitsForTheOwnerAlone) {
  const mode_t before = umask(0);
  const auto made = create_or_read_token(folder_);
  umask(before);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->size(), 64u);
  EXPECT_EQ(mode(), 0600u);
  EXPECT_EQ(create_or_read_token(folder_).value(), *made);
  EXPECT_EQ(read_token(folder_).value(), *made);
}

TEST_F(Token, IsAnotherInEveryFolder) {
  const auto first = create_or_read_token(folder_);
  std::filesystem::remove(path_);
  EXPECT_NE(create_or_read_token(folder_).value(), *first);
}

TEST_F(Token, IsNotMadeByAReader) {
  const auto missing = read_token(folder_);
  ASSERT_FALSE(missing);
  EXPECT_TRUE(missing.error().is_missing);
  EXPECT_THAT(missing.error().message, testing::HasSubstr(path_));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(Token, IsClosedToOthersWhenTheServerFindsItOpen) {
  const auto made = create_or_read_token(folder_);
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  EXPECT_EQ(create_or_read_token(folder_).value(), *made);
  EXPECT_EQ(mode(), 0600u);
}

TEST_F(Token, IsNotTakenFromAFileThatHoldsSomethingElse) {
  for (const char* text :
       {"", "\n", "abc", "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n"}) {
    std::ofstream(path_, std::ios::trunc) << text;
    const auto token = create_or_read_token(folder_);
    ASSERT_FALSE(token) << text;
    EXPECT_FALSE(token.error().is_missing);
    EXPECT_FALSE(read_token(folder_));
  }
}

TEST_F(Token, IsNotTakenThroughALink) {
  const auto made = create_or_read_token(folder_);
  std::filesystem::rename(path_, folder_ + "/elsewhere");
  std::filesystem::create_symlink(folder_ + "/elsewhere", path_);
  EXPECT_FALSE(create_or_read_token(folder_));
  EXPECT_FALSE(read_token(folder_));
}

TEST_F(Token, NeedsAFolder) {
  const auto token = create_or_read_token(folder_ + "/none");
  ASSERT_FALSE(token);
  EXPECT_THAT(token.error().message, testing::HasSubstr("No such file"));
}

}  // namespace
}  // namespace creel

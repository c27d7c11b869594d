// creel journal and creel doctor, on a store of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/test_world.h"
#include "store/journal.h"

namespace creel::cli {
namespace {

using testing::HasSubstr;

class Folder : public testing::Test {
 protected:
  // Three commands, behind the state that opens a segment.
  Folder() {
    std::filesystem::remove_all(path_);
    store::RealDisk disk;
    auto folder = store::StoreFolder::open(disk, path_);
    auto journal = store::Journal::open(*folder, {.segment_bytes = 1 << 20, .reserve_bytes = 0});
    for (int i = 0; i < 3; ++i) {
      std::string payload;
      store::encode_command(
          {.kind = Command::Kind::cancel, .event = EventId::of(1, 0), .destination = "app", .at = Time{}},
          payload);
      const store::NewRecord record{.kind = store::RecordKind::command, .parts = {payload}};
      if (!(*journal)->write({&record, 1}, store::Room::ordinary) || !(*journal)->sync()) std::abort();
    }
  }
  ~Folder() override { std::filesystem::remove_all(path_); }

  int run(std::vector<std::string> arguments) {
    arguments.push_back(path_);
    return world_.run(arguments);
  }
  // Changes one byte of the first record's payload.
  void damage() {
    for (const auto& entry : std::filesystem::directory_iterator(path_ + "/journal")) {
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      std::string text(std::istreambuf_iterator<char>(file), {});
      const std::size_t at = text.find("app");
      if (at == std::string::npos) continue;
      file.clear();
      file.seekp(static_cast<std::streamoff>(at));
      file.put('x');
    }
  }

  std::string path_ = testing::TempDir() + "creel-folder-" + std::to_string(::getpid());
  World world_;
};

TEST_F(Folder, DumpsARecordALine) {
  EXPECT_EQ(run({"journal", "dump", "--from", "2", "--limit", "1"}), kFine);
  const auto line = Json::parse(world_.out);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->integer("sequence"), 2);
  EXPECT_EQ(line->text("kind"), "command");
}

TEST_F(Folder, IsWholeAfterItsMaking) {
  EXPECT_EQ(run({"journal", "check"}), kFine);
  EXPECT_THAT(world_.out, HasSubstr("whole, 4 records (1 to 4) in 1 segment,"));
  EXPECT_EQ(run({"doctor", "--format", "json"}), kFine);
}

TEST_F(Folder, SaysWhatIsDamagedAndChangesNothing) {
  damage();
  EXPECT_EQ(run({"journal", "check"}), kNegative);
  EXPECT_THAT(world_.out, HasSubstr("is damaged from byte"));
  EXPECT_EQ(run({"doctor"}), kNegative);
  EXPECT_THAT(world_.err, HasSubstr("--accept-damage"));
  EXPECT_EQ(run({"doctor", "--rebuild-index"}), kNegative);
}

TEST_F(Folder, GoesOnWithoutWhatTheOperatorGaveUp) {
  damage();
  EXPECT_EQ(run({"doctor", "--accept-damage"}), kFine);
  EXPECT_EQ(run({"doctor"}), kFine);
}

TEST_F(Folder, HasAnIndexThatEqualsOneMadeAnew) {
  EXPECT_EQ(run({"doctor", "--rebuild-index", "--compare-index"}), kFine);
  EXPECT_THAT(world_.out, HasSubstr("equal to one made anew"));
  EXPECT_FALSE(std::filesystem::exists(path_ + "/index.compare"));
}

TEST_F(Folder, IsLeftAloneWhileACreelServesIt) {
  store::RealDisk disk;
  const auto folder = store::StoreFolder::open(disk, path_);
  ASSERT_TRUE(folder);
  EXPECT_EQ(run({"doctor"}), kUnreachable);
  EXPECT_EQ(run({"journal", "check"}), kFine);
}

TEST_F(Folder, IsNotMadeByLookingForIt) {
  World world;
  EXPECT_EQ(world.run({"doctor", path_ + "-none"}), kNotFound);
  EXPECT_EQ(world.run({"journal", "dump", path_ + "-none"}), kNotFound);
  EXPECT_FALSE(std::filesystem::exists(path_ + "-none"));
  EXPECT_EQ(world.run({"journal", "check", path_ + "/journal"}), kBadData);
}

}  // namespace
}  // namespace creel::cli

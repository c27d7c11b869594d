#include "store/disk.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "store/journal.h"
#include "store/journal_reader.h"

namespace creel::store {
namespace {

// A folder of its own, gone with the test.
struct Scratch {
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "creel-disk-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path = name;
  }
  ~Scratch() { std::filesystem::remove_all(path); }
  std::string path;
};

unsigned mode_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777u : 0;
}

TEST(RealDisk, KeepsFilesAndFoldersPrivateWhateverTheUmask) {
  const Scratch scratch;
  RealDisk disk;
  for (const mode_t mask : {0u, 077u, 0777u}) {
    const auto before = ::umask(mask);
    const std::string folder = scratch.path + "/store" + std::to_string(mask);
    EXPECT_TRUE(disk.make_folder(folder));
    EXPECT_TRUE(disk.open(folder + "/file", OpenMode::create));
    EXPECT_TRUE(disk.lock(folder + "/lock"));
    ::umask(before);
    EXPECT_EQ(mode_of(folder), 0700u);
    EXPECT_EQ(mode_of(folder + "/file"), 0600u);
    EXPECT_EQ(mode_of(folder + "/lock"), 0600u);
  }
}

TEST(RealDisk, WritesPartsAndReadsThemBack) {
  const Scratch scratch;
  RealDisk disk;
  auto file = disk.open(scratch.path + "/file", OpenMode::create);
  ASSERT_TRUE(file);
  std::string text = "abc";
  std::vector<iovec> parts(3000, iovec{text.data(), text.size()});  // more than one call takes
  ASSERT_TRUE(write_full(**file, 5, parts));
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ(*(*file)->size(), 9005u);
  std::array<char, 8> bytes{};
  EXPECT_EQ(*read_full(**file, 8999, bytes), 6u);
  EXPECT_EQ(std::string_view(bytes.data(), 6), "abcabc");
  ASSERT_TRUE(write_zeros(**file, 5, 9005));
  EXPECT_EQ(*read_full(**file, 8999, bytes), 6u);
  EXPECT_EQ(bytes[0], '\0');
}

TEST(RealDisk, SaysWhatWentWrong) {
  const Scratch scratch;
  RealDisk disk;
  EXPECT_EQ(disk.open(scratch.path + "/none", OpenMode::read).error(), DiskError{ENOENT});
  ASSERT_TRUE(disk.open(scratch.path + "/one", OpenMode::create));
  EXPECT_EQ(disk.open(scratch.path + "/one", OpenMode::create).error(), DiskError{EEXIST});
  const auto held = disk.lock(scratch.path + "/lock");
  EXPECT_EQ(disk.lock(scratch.path + "/lock").error(), DiskError{EWOULDBLOCK});
}

TEST(RealDisk, HoldsAJournal) {
  const Scratch scratch;
  RealDisk disk;
  for (int life = 0; life < 2; ++life) {
    const auto folder = StoreFolder::open(disk, scratch.path + "/store");
    ASSERT_TRUE(folder);
    const auto journal =
        Journal::open(*folder, {.segment_bytes = 65536, .slice_bytes = 16384, .reserve_bytes = 65536});
    ASSERT_TRUE(journal) << journal.error().message;
    const NewRecord record{RecordKind::event, {"life", {}, {}}};
    ASSERT_TRUE((*journal)->write(std::span(&record, 1), Room::ordinary));
    ASSERT_TRUE((*journal)->sync());
    while ((*journal)->prepare()) {
    }
    JournalReader reader(**journal, (*journal)->oldest());
    int events = 0;
    for (auto next = reader.next(); next && *next; next = reader.next())
      events += (*next)->kind == RecordKind::event;
    EXPECT_EQ(events, life + 1);
  }
}

}  // namespace
}  // namespace creel::store

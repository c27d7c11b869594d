// A disk in memory that fails as disks do, for tests of the store.
//
//   FaultyDisk disk(seed);
//   disk.fail_at(17, EIO);            // the 17th operation from now on fails
//   disk.crash(Loss::random_pages);   // what was not synced is lost, or some of it
//
// It knows two states of each file: what a reader sees (the page cache) and what a power cut leaves (the
// disk). A sync that fails marks the pages clean: any of them may or may not have reached the disk, nobody
// tries again, and every open file sees the error once. Entries of a folder are lost with a crash unless the
// folder was synced.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/random.h"
#include "store/disk.h"

namespace creel::store {

// What a crash does to what was not synced.
enum class Loss {
  none,            // kill -9: the page cache survives
  everything,      // nothing of it reached the disk
  random_pages,    // of each page of 4 KiB a coin decides
  random_sectors,  // of each sector of 512 bytes
};

class FaultyDisk final : public Disk {
 public:
  explicit FaultyDisk(std::uint64_t seed = 1);
  ~FaultyDisk() override;

  // --- The world's ill will
  // ------------------------------------------------------------------------------------- The n-th operation
  // that changes or syncs something, from now on, fails with this errno; 1 is the next. A write that fails so
  // has written a part of its bytes, which chance decides.
  void fail_at(std::uint64_t n, int code);
  // As fail_at, and what follows it fails too, until calm().
  void fail_from(std::uint64_t n, int code);
  // Each write gives up after this many bytes in all, as a full disk does, and then with this errno.
  void fail_after_bytes(std::uint64_t bytes, int code);
  void calm();
  // Writes write at most this many bytes at a time.
  void set_write_max(std::size_t bytes);
  // Room for so many bytes in all files; growing beyond is ENOSPC.
  void set_capacity(std::uint64_t bytes);
  // Everything that changes something fails with EROFS.
  void set_read_only(bool is_read_only);
  std::uint64_t operations() const;
  std::uint64_t bytes_used() const;

  // The kernel writes some of what is not synced to the disk by itself.
  void write_back();

  // The power goes. Open files are dead afterwards; open them again.
  void crash(Loss loss);
  // The process goes: locks are free again, all else stays.
  void release_locks();

  // --- Looking and meddling
  // --------------------------------------------------------------------------------------
  std::string contents(const std::string& path) const;
  void overwrite(const std::string& path, std::uint64_t offset,
                 std::string_view bytes);  // on the disk itself
  bool exists(const std::string& path) const;
  void erase(const std::string& path);

  DiskResult<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  DiskResult<std::unique_ptr<File>> lock(const std::string& path) override;
  DiskResult<void> remove(const std::string& path) override;
  DiskResult<void> rename(const std::string& from, const std::string& to) override;
  DiskResult<std::vector<std::string>> list(const std::string& folder) override;
  DiskResult<void> make_folder(const std::string& path) override;
  DiskResult<void> sync_folder(const std::string& path) override;
  DiskResult<std::uint64_t> free_bytes(const std::string& path) override;

 private:
  friend class FaultyFile;
  struct Node;
  // Counts an operation; gives the errno it fails with, or 0.
  int begin_operation();
  void note_unsynced(Node& node, std::uint64_t from, std::uint64_t to);
  // Brings the durable bytes of the unsynced sectors up to date, each if `chosen` says so.
  void settle(Node& node, const std::function<bool(std::uint64_t sector)>& chosen);
  std::uint64_t bytes_used_locked() const;

  mutable std::mutex mutex_;
  Random random_;
  std::map<std::string, std::shared_ptr<Node>> names_;          // as the process sees them
  std::map<std::string, std::shared_ptr<Node>> durable_names_;  // as a power cut leaves them
  std::set<std::string> locked_;
  std::uint64_t operations_ = 0, generation_ = 0;
  std::optional<std::uint64_t> fail_at_;
  bool keeps_failing_ = false;
  int fail_code_ = 0;
  std::optional<std::uint64_t> bytes_left_;
  int bytes_code_ = 0;
  std::size_t write_max_ = SIZE_MAX;
  std::uint64_t capacity_ = UINT64_MAX;
  bool is_read_only_ = false;
};

}  // namespace creel::store

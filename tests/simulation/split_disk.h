// One folder on two disks: everything in memory, on a disk that fails, but the index's database, which SQLite
// insists on opening by itself.
//
// The database has a crash model of its own. A kill leaves its files as they are. A power cut leaves a state
// that some transaction ended with, no older than the last time the index was made durable: SQLite syncs its
// WAL only then. So copies are kept of what the files held between transactions, and forgotten when anything
// is removed, since that is what the index must have become durable for.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/random.h"
#include "store/disk.h"
#include "tests/support/faulty_disk.h"

namespace creel::simulation {

class SplitDisk final : public store::Disk {
 public:
  // `folder` is the store's; its index folder exists on the real disk.
  SplitDisk(std::string folder, std::uint64_t seed);

  store::FaultyDisk& faulty() { return faulty_; }
  std::string index_folder() const { return folder_ + "/index"; }

  // The database's files at one moment.
  struct Copy {
    std::string database, wal;
    bool has_database = false, has_wal = false;
  };
  Copy copy() const;
  void put_back(const Copy& copy);

  // Between two transactions: what a power cut may leave.
  void remember();
  // Something was removed since this was last asked.
  bool has_removed() { return std::exchange(has_removed_, false); }
  void forget() { remembered_.clear(); }
  // What a power cut leaves, `now` being what the files held at that moment.
  Copy after_power_cut(Copy now, Random& random) const;

  store::DiskResult<std::unique_ptr<store::File>> open(const std::string& path,
                                                       store::OpenMode mode) override;
  store::DiskResult<std::unique_ptr<store::File>> lock(const std::string& path) override;
  store::DiskResult<void> remove(const std::string& path) override;
  store::DiskResult<void> rename(const std::string& from, const std::string& to) override;
  store::DiskResult<std::vector<std::string>> list(const std::string& folder) override;
  store::DiskResult<void> make_folder(const std::string& path) override;
  store::DiskResult<void> sync_folder(const std::string& path) override;
  store::DiskResult<std::uint64_t> free_bytes(const std::string& path) override;

 private:
  bool is_real(const std::string& path) const;

  const std::string folder_;
  store::FaultyDisk faulty_;
  store::RealDisk real_;
  std::vector<Copy> remembered_;
  bool has_removed_ = false;
};

}  // namespace creel::simulation

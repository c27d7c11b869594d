#include "tests/simulation/split_disk.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace creel::simulation {
namespace {

constexpr std::size_t kRememberedMax = 6;

bool read_all(const std::string& path, std::string& into) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  std::ostringstream bytes;
  bytes << file.rdbuf();
  into = std::move(bytes).str();
  return true;
}

void write_all(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

SplitDisk::SplitDisk(std::string folder, std::uint64_t seed) : folder_(std::move(folder)), faulty_(seed) {
  std::filesystem::create_directories(index_folder());
}

bool SplitDisk::is_real(const std::string& path) const {
  return path.starts_with(folder_ + "/index/index.sqlite");
}

SplitDisk::Copy SplitDisk::copy() const {
  Copy copy;
  copy.has_database = read_all(index_folder() + "/index.sqlite", copy.database);
  copy.has_wal = read_all(index_folder() + "/index.sqlite-wal", copy.wal);
  return copy;
}

void SplitDisk::put_back(const Copy& copy) {
  const std::string path = index_folder() + "/index.sqlite";
  for (const char* suffix : {"", "-wal", "-shm", "-journal"})
    std::filesystem::remove(path + suffix);
  if (copy.has_database) write_all(path, copy.database);
  if (copy.has_wal) write_all(path + "-wal", copy.wal);
}

void SplitDisk::remember() {
  if (remembered_.size() == kRememberedMax) remembered_.erase(remembered_.begin() + 1);
  remembered_.push_back(copy());
}

SplitDisk::Copy SplitDisk::after_power_cut(Copy now, Random& random) const {
  const auto which = random.below(remembered_.size() + 1);
  return which == remembered_.size() ? std::move(now) : remembered_[which];
}

store::DiskResult<std::unique_ptr<store::File>> SplitDisk::open(const std::string& path,
                                                                store::OpenMode mode) {
  return is_real(path) ? real_.open(path, mode) : faulty_.open(path, mode);
}
store::DiskResult<std::unique_ptr<store::File>> SplitDisk::lock(const std::string& path) {
  return faulty_.lock(path);
}
store::DiskResult<void> SplitDisk::remove(const std::string& path) {
  const auto removed = is_real(path) ? real_.remove(path) : faulty_.remove(path);
  // At once: the power may go before the index is looked at again.
  if (removed) forget();
  has_removed_ = true;
  return removed;
}
store::DiskResult<void> SplitDisk::rename(const std::string& from, const std::string& to) {
  return faulty_.rename(from, to);
}
store::DiskResult<std::vector<std::string>> SplitDisk::list(const std::string& folder) {
  auto names = faulty_.list(folder);
  if (!names || folder != index_folder()) return names;
  const auto more = real_.list(folder);
  if (!more) return more;
  names->insert(names->end(), more->begin(), more->end());
  std::ranges::sort(*names);
  return names;
}
store::DiskResult<void> SplitDisk::make_folder(const std::string& path) {
  return faulty_.make_folder(path);
}
store::DiskResult<void> SplitDisk::sync_folder(const std::string& path) {
  return faulty_.sync_folder(path);
}
store::DiskResult<std::uint64_t> SplitDisk::free_bytes(const std::string& path) {
  return faulty_.free_bytes(path);
}

}  // namespace creel::simulation

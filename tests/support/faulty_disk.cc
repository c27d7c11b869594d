#include "tests/support/faulty_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace creel::store {
namespace {

constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kSectorsAPage = 8;

std::unexpected<DiskError> failure(int code) {
  return std::unexpected(DiskError{code});
}

std::string folder_of(const std::string& path) {
  return path.substr(0, path.find_last_of('/'));
}

}  // namespace

struct FaultyDisk::Node {
  std::string seen;                  // what reads give
  std::string durable;               // what a power cut leaves
  std::set<std::uint64_t> unsynced;  // sectors that differ, maybe
  std::uint64_t errors = 0;          // failed syncs; each open file is told of each
};

class FaultyFile final : public File {
 public:
  FaultyFile(FaultyDisk& disk, std::shared_ptr<FaultyDisk::Node> node, std::string locked = "")
      : disk_(disk),
        node_(std::move(node)),
        errors_(node_->errors),
        generation_(disk.generation_),
        locked_(std::move(locked)) {}
  ~FaultyFile() override {
    const std::lock_guard lock(disk_.mutex_);
    if (!locked_.empty() && generation_ == disk_.generation_) disk_.locked_.erase(locked_);
  }

  DiskResult<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
    const std::lock_guard lock(disk_.mutex_);
    if (is_dead()) return failure(EIO);
    const std::string& bytes = node_->seen;
    if (offset >= bytes.size()) return std::size_t{0};
    const std::size_t got = std::min<std::size_t>(into.size(), bytes.size() - offset);
    std::memcpy(into.data(), bytes.data() + offset, got);
    return got;
  }

  DiskResult<std::size_t> write(std::uint64_t offset, std::span<const iovec> parts) override {
    const std::lock_guard lock(disk_.mutex_);
    if (is_dead()) return failure(EIO);
    std::string bytes;
    for (const iovec& part : parts)
      bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
    if (const int code = disk_.begin_operation(); code != 0) {
      if (code != EROFS)
        put(offset, std::string_view(bytes).substr(0, disk_.random_.below(bytes.size() + 1)));
      return failure(code);
    }
    std::uint64_t most = std::min<std::uint64_t>(bytes.size(), disk_.write_max_);
    if (disk_.bytes_left_) {
      if (*disk_.bytes_left_ == 0) return failure(disk_.bytes_code_);
      most = std::min(most, *disk_.bytes_left_);
      *disk_.bytes_left_ -= most;
    }
    const std::uint64_t growth = offset + most > node_->seen.size() ? offset + most - node_->seen.size() : 0;
    const std::uint64_t used = disk_.bytes_used_locked();
    const std::uint64_t room = disk_.capacity_ > used ? disk_.capacity_ - used : 0;
    if (growth > room) {
      if (growth - room >= most) return failure(ENOSPC);
      most -= growth - room;
    }
    put(offset, std::string_view(bytes).substr(0, most));
    return static_cast<std::size_t>(most);
  }

  DiskResult<void> sync() override {
    const std::lock_guard lock(disk_.mutex_);
    if (is_dead()) return failure(EIO);
    if (const int code = disk_.begin_operation(); code != 0) {
      disk_.settle(*node_, [this](std::uint64_t) { return disk_.random_.below(2) == 0; });
      node_->unsynced.clear();
      node_->errors += 1;
      errors_ = node_->errors;
      return failure(code);
    }
    disk_.settle(*node_, [](std::uint64_t) { return true; });
    node_->unsynced.clear();
    if (errors_ != node_->errors) {
      errors_ = node_->errors;
      return failure(EIO);
    }
    return {};
  }

  DiskResult<std::uint64_t> size() override {
    const std::lock_guard lock(disk_.mutex_);
    if (is_dead()) return failure(EIO);
    return node_->seen.size();
  }

  DiskResult<void> resize(std::uint64_t bytes) override { return change_size(bytes, true); }
  DiskResult<void> allocate(std::uint64_t bytes) override { return change_size(bytes, false); }

 private:
  bool is_dead() const { return generation_ != disk_.generation_; }

  void put(std::uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    if (node_->seen.size() < offset + bytes.size()) {
      disk_.note_unsynced(*node_, node_->seen.size(), offset + bytes.size());
      node_->seen.resize(offset + bytes.size(), '\0');
    }
    std::memcpy(node_->seen.data() + offset, bytes.data(), bytes.size());
    disk_.note_unsynced(*node_, offset, offset + bytes.size());
  }

  DiskResult<void> change_size(std::uint64_t bytes, bool may_shrink) {
    const std::lock_guard lock(disk_.mutex_);
    if (is_dead()) return failure(EIO);
    if (const int code = disk_.begin_operation(); code != 0) return failure(code);
    if (bytes > node_->seen.size()) {
      const std::uint64_t growth = bytes - node_->seen.size();
      if (disk_.bytes_used_locked() + growth > disk_.capacity_) return failure(ENOSPC);
      disk_.note_unsynced(*node_, node_->seen.size(), bytes);
      node_->seen.resize(bytes, '\0');
    } else if (may_shrink) {
      node_->seen.resize(bytes);
    }
    return {};
  }

  FaultyDisk& disk_;
  std::shared_ptr<FaultyDisk::Node> node_;
  std::uint64_t errors_;
  std::uint64_t generation_;
  std::string locked_;
};

FaultyDisk::FaultyDisk(std::uint64_t seed) : random_(seed) {}
FaultyDisk::~FaultyDisk() = default;

int FaultyDisk::begin_operation() {
  operations_ += 1;
  if (is_read_only_) return EROFS;
  if (!fail_at_ || operations_ < *fail_at_) return 0;
  if (!keeps_failing_) fail_at_.reset();
  return fail_code_;
}

void FaultyDisk::note_unsynced(Node& node, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t sector = from / kSectorBytes; sector * kSectorBytes < to; ++sector)
    node.unsynced.insert(sector);
}

void FaultyDisk::settle(Node& node, const std::function<bool(std::uint64_t)>& chosen) {
  for (const std::uint64_t sector : node.unsynced) {
    if (!chosen(sector)) continue;
    const std::uint64_t from = sector * kSectorBytes;
    if (from >= node.seen.size()) continue;
    const std::uint64_t bytes = std::min<std::uint64_t>(kSectorBytes, node.seen.size() - from);
    if (node.durable.size() < from + bytes) node.durable.resize(from + bytes, '\0');
    std::memcpy(node.durable.data() + from, node.seen.data() + from, bytes);
  }
  if (node.durable.size() > node.seen.size()) node.durable.resize(node.seen.size());
}

void FaultyDisk::fail_at(std::uint64_t n, int code) {
  const std::lock_guard lock(mutex_);
  fail_at_ = operations_ + n;
  fail_code_ = code;
  keeps_failing_ = false;
}

void FaultyDisk::fail_from(std::uint64_t n, int code) {
  fail_at(n, code);
  const std::lock_guard lock(mutex_);
  keeps_failing_ = true;
}

void FaultyDisk::fail_after_bytes(std::uint64_t bytes, int code) {
  const std::lock_guard lock(mutex_);
  bytes_left_ = bytes;
  bytes_code_ = code;
}

void FaultyDisk::calm() {
  const std::lock_guard lock(mutex_);
  fail_at_.reset();
  keeps_failing_ = false;
  bytes_left_.reset();
  write_max_ = SIZE_MAX;
  capacity_ = UINT64_MAX;
  is_read_only_ = false;
}

void FaultyDisk::set_write_max(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  write_max_ = bytes;
}

void FaultyDisk::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_ = bytes;
}

void FaultyDisk::set_read_only(bool is_read_only) {
  const std::lock_guard lock(mutex_);
  is_read_only_ = is_read_only;
}

std::uint64_t FaultyDisk::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

std::uint64_t FaultyDisk::bytes_used_locked() const {
  std::uint64_t bytes = 0;
  for (const auto& [name, node] : names_)
    bytes += node->seen.size();
  return bytes;
}

std::uint64_t FaultyDisk::bytes_used() const {
  const std::lock_guard lock(mutex_);
  return bytes_used_locked();
}

void FaultyDisk::write_back() {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, node] : names_) {
    settle(*node, [this](std::uint64_t) { return random_.below(2) == 0; });
  }
}

void FaultyDisk::crash(Loss loss) {
  const std::lock_guard lock(mutex_);
  generation_ += 1;
  locked_.clear();
  fail_at_.reset();
  bytes_left_.reset();
  if (loss == Loss::none) return;
  for (const auto& [name, node] : names_) {
    if (loss == Loss::everything) {
      settle(*node, [](std::uint64_t) { return false; });
    } else {
      const std::uint64_t unit = loss == Loss::random_pages ? kSectorsAPage : 1;
      std::map<std::uint64_t, bool> coins;
      settle(*node, [&](std::uint64_t sector) {
        return coins.try_emplace(sector / unit, random_.below(2) == 0).first->second;
      });
    }
    node->unsynced.clear();
    node->seen = node->durable;
  }
  // Entries that no sync of the folder made sure of are there or not.
  if (loss == Loss::everything) {
    names_ = durable_names_;
  } else {
    for (auto entry = names_.begin(); entry != names_.end();) {
      const bool is_sure = durable_names_.contains(entry->first);
      entry = !is_sure && random_.below(2) == 0 ? names_.erase(entry) : std::next(entry);
    }
    for (const auto& [name, node] : durable_names_) {
      if (!names_.contains(name) && random_.below(2) == 0) names_[name] = node;
    }
    durable_names_ = names_;
  }
  for (const auto& [name, node] : names_)
    node->seen = node->durable;
}

void FaultyDisk::release_locks() {
  const std::lock_guard lock(mutex_);
  generation_ += 1;
  locked_.clear();
}

std::string FaultyDisk::contents(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto entry = names_.find(path);
  return entry == names_.end() ? std::string() : entry->second->seen;
}

void FaultyDisk::overwrite(const std::string& path, std::uint64_t offset, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  Node& node = *names_.at(path);
  for (std::string* copy : {&node.seen, &node.durable}) {
    if (copy->size() < offset + bytes.size()) copy->resize(offset + bytes.size(), '\0');
    copy->replace(offset, bytes.size(), bytes);
  }
}

bool FaultyDisk::exists(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return names_.contains(path);
}

void FaultyDisk::erase(const std::string& path) {
  const std::lock_guard lock(mutex_);
  names_.erase(path);
  durable_names_.erase(path);
}

DiskResult<std::unique_ptr<File>> FaultyDisk::open(const std::string& path, OpenMode mode) {
  const std::lock_guard lock(mutex_);
  auto entry = names_.find(path);
  if (mode == OpenMode::create) {
    if (entry != names_.end()) return failure(EEXIST);
    if (const int code = begin_operation(); code != 0) return failure(code);
    entry = names_.emplace(path, std::make_shared<Node>()).first;
  }
  if (entry == names_.end()) return failure(ENOENT);
  return std::make_unique<FaultyFile>(*this, entry->second);
}

DiskResult<std::unique_ptr<File>> FaultyDisk::lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (locked_.contains(path)) return failure(EWOULDBLOCK);
  auto entry = names_.find(path);
  if (entry == names_.end()) entry = names_.emplace(path, std::make_shared<Node>()).first;
  locked_.insert(path);
  return std::make_unique<FaultyFile>(*this, entry->second, path);
}

DiskResult<void> FaultyDisk::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!names_.contains(path)) return failure(ENOENT);
  if (const int code = begin_operation(); code != 0) return failure(code);
  names_.erase(path);
  return {};
}

DiskResult<void> FaultyDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  if (!names_.contains(from)) return failure(ENOENT);
  if (const int code = begin_operation(); code != 0) return failure(code);
  names_[to] = names_[from];
  names_.erase(from);
  return {};
}

DiskResult<std::vector<std::string>> FaultyDisk::list(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, node] : names_) {
    if (folder_of(name) == folder) names.push_back(name.substr(folder.size() + 1));
  }
  return names;
}

DiskResult<void> FaultyDisk::make_folder(const std::string&) {
  return {};
}

DiskResult<void> FaultyDisk::sync_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (const int code = begin_operation(); code != 0) return failure(code);
  std::erase_if(durable_names_, [&](const auto& entry) { return folder_of(entry.first) == path; });
  for (const auto& [name, node] : names_) {
    if (folder_of(name) == path) durable_names_[name] = node;
  }
  return {};
}

DiskResult<std::uint64_t> FaultyDisk::free_bytes(const std::string&) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t used = bytes_used_locked();
  return capacity_ > used ? capacity_ - used : 0;
}

}  // namespace creel::store

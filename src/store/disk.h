// The seam between the store and the file system: everything the journal asks of a disk, and nothing else.
//
// RealDisk is the operating system. Tests bring a disk in memory that fails the n-th operation, cuts writes
// short at any byte and forgets what was not synced. Errors are values: the errno of the call. All functions
// may be called from any thread; two writers of one range have to agree among themselves.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace creel::store {

struct DiskError {
  int code = 0;  // an errno value
  bool operator==(const DiskError&) const = default;
};
std::string describe(DiskError error);  // "No space left on device"

template <class T>
using DiskResult = std::expected<T, DiskError>;

// An open file. Closing (destroying) it neither syncs nor fails; a removed file can be read as long as it is
// open.
class File {
 public:
  virtual ~File() = default;
  // Fewer bytes than asked for only at the end of the file.
  virtual DiskResult<std::size_t> read(std::uint64_t offset, std::span<char> into) = 0;
  // As pwritev: may write fewer bytes than given, at least one. At most IOV_MAX parts.
  virtual DiskResult<std::size_t> write(std::uint64_t offset, std::span<const iovec> parts) = 0;
  // As fdatasync: what was written, and the size, survive a power cut.
  virtual DiskResult<void> sync() = 0;
  virtual DiskResult<std::uint64_t> size() = 0;
  virtual DiskResult<void> resize(std::uint64_t bytes) = 0;
  // Makes sure that there is room on the disk for the first `bytes` bytes; the file is at least that long
  // afterwards.
  virtual DiskResult<void> allocate(std::uint64_t bytes) = 0;
};

enum class OpenMode {
  read,        // has to exist
  read_write,  // has to exist
  create,      // must not exist; mode 0600 whatever the umask
};

class Disk {
 public:
  virtual ~Disk() = default;
  virtual DiskResult<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  // Opens or creates the file and locks it for this process, without waiting: EWOULDBLOCK when another one
  // holds it. The lock lasts as long as the file is open and goes with the process, however it ends.
  virtual DiskResult<std::unique_ptr<File>> lock(const std::string& path) = 0;
  virtual DiskResult<void> remove(const std::string& path) = 0;
  virtual DiskResult<void> rename(const std::string& from, const std::string& to) = 0;
  // The names in a folder, sorted; without "." and "..".
  virtual DiskResult<std::vector<std::string>> list(const std::string& folder) = 0;
  // Mode 0700 whatever the umask. Fine when the folder is there already; parents are not made.
  virtual DiskResult<void> make_folder(const std::string& path) = 0;
  // Files made, renamed and removed in this folder stay so after a power cut.
  virtual DiskResult<void> sync_folder(const std::string& path) = 0;
  // What an ordinary user may still write.
  virtual DiskResult<std::uint64_t> free_bytes(const std::string& path) = 0;
};

class RealDisk final : public Disk {
 public:
  DiskResult<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  DiskResult<std::unique_ptr<File>> lock(const std::string& path) override;
  DiskResult<void> remove(const std::string& path) override;
  DiskResult<void> rename(const std::string& from, const std::string& to) override;
  DiskResult<std::vector<std::string>> list(const std::string& folder) override;
  DiskResult<void> make_folder(const std::string& path) override;
  DiskResult<void> sync_folder(const std::string& path) override;
  DiskResult<std::uint64_t> free_bytes(const std::string& path) override;
};

// Reads exactly into.size() bytes or up to the end of the file, whatever short reads there are.
DiskResult<std::size_t> read_full(File& file, std::uint64_t offset, std::span<char> into);
// Writes all of it, in pieces of IOV_MAX parts, going on after short writes. `parts` is used up. After an
// error any part of it may have been written.
DiskResult<void> write_full(File& file, std::uint64_t offset, std::span<iovec> parts);
DiskResult<void> write_full(File& file, std::uint64_t offset, std::string_view bytes);
// Zeros over [from, to), in slices of 1 MiB.
DiskResult<void> write_zeros(File& file, std::uint64_t from, std::uint64_t to);

}  // namespace creel::store

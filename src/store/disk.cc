#include "store/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace creel::store {
namespace {

std::unexpected<DiskError> failure(int code) {
  return std::unexpected(DiskError{code});
}
std::unexpected<DiskError> last_failure() {
  return failure(errno);
}

// Calls again what a signal interrupted.
template <class Call>
auto retried(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR)
    result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { ::close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

class RealFile final : public File {
 public:
  explicit RealFile(int descriptor) : descriptor_(descriptor) {}

  DiskResult<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
    const auto got = retried(
        [&] { return ::pread(descriptor_.number(), into.data(), into.size(), static_cast<off_t>(offset)); });
    if (got < 0) return last_failure();
    return static_cast<std::size_t>(got);
  }

  DiskResult<std::size_t> write(std::uint64_t offset, std::span<const iovec> parts) override {
    const auto put = retried([&] {
      return ::pwritev(descriptor_.number(), parts.data(), static_cast<int>(parts.size()),
                       static_cast<off_t>(offset));
    });
    if (put < 0) return last_failure();
    return static_cast<std::size_t>(put);
  }

  DiskResult<void> sync() override {
    if (retried([&] { return ::fdatasync(descriptor_.number()); }) < 0) return last_failure();
    return {};
  }

  DiskResult<std::uint64_t> size() override {
    struct stat status{};
    if (::fstat(descriptor_.number(), &status) < 0) return last_failure();
    return static_cast<std::uint64_t>(status.st_size);
  }

  DiskResult<void> resize(std::uint64_t bytes) override {
    if (retried([&] { return ::ftruncate(descriptor_.number(), static_cast<off_t>(bytes)); }) < 0) {
      return last_failure();
    }
    return {};
  }

  DiskResult<void> allocate(std::uint64_t bytes) override {
    if (bytes == 0) return {};
    const int code = ::posix_fallocate(descriptor_.number(), 0, static_cast<off_t>(bytes));
    if (code != 0) return failure(code);
    return {};
  }

 private:
  Descriptor descriptor_;
};

// O_CREAT honours the umask, which may take away too much; fchmod does not.
DiskResult<std::unique_ptr<File>> opened(const std::string& path, int flags) {
  const int number = retried([&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600); });
  if (number < 0) return last_failure();
  auto file = std::make_unique<RealFile>(number);
  if ((flags & O_CREAT) != 0 && ::fchmod(number, 0600) < 0) return last_failure();
  return file;
}

}  // namespace

std::string describe(DiskError error) {
  return std::generic_category().message(error.code);
}

DiskResult<std::unique_ptr<File>> RealDisk::open(const std::string& path, OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return opened(path, O_RDONLY);
    case OpenMode::read_write:
      return opened(path, O_RDWR);
    case OpenMode::create:
      return opened(path, O_RDWR | O_CREAT | O_EXCL);
  }
  return failure(EINVAL);
}

DiskResult<std::unique_ptr<File>> RealDisk::lock(const std::string& path) {
  const int number =
      retried([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600); });
  if (number < 0) return last_failure();
  auto file = std::make_unique<RealFile>(number);
  if (::fchmod(number, 0600) < 0) return last_failure();
  if (retried([&] { return ::flock(number, LOCK_EX | LOCK_NB); }) < 0) return last_failure();
  return file;
}

DiskResult<void> RealDisk::remove(const std::string& path) {
  if (::unlink(path.c_str()) < 0) return last_failure();
  return {};
}

DiskResult<void> RealDisk::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) < 0) return last_failure();
  return {};
}

DiskResult<std::vector<std::string>> RealDisk::list(const std::string& folder) {
  DIR* stream = ::opendir(folder.c_str());
  if (stream == nullptr) return last_failure();
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int code = errno;
  ::closedir(stream);
  if (code != 0) return failure(code);
  std::ranges::sort(names);
  return names;
}

DiskResult<void> RealDisk::make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) < 0) {
    if (errno != EEXIST) return last_failure();
    struct stat status{};
    if (::stat(path.c_str(), &status) < 0) return last_failure();
    if (!S_ISDIR(status.st_mode)) return failure(ENOTDIR);
  }
  if (::chmod(path.c_str(), 0700) < 0 && errno != EROFS) return last_failure();
  return {};
}

DiskResult<void> RealDisk::sync_folder(const std::string& path) {
  const int number = retried([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (number < 0) return last_failure();
  const Descriptor folder(number);
  if (retried([&] { return ::fsync(number); }) < 0) return last_failure();
  return {};
}

DiskResult<std::uint64_t> RealDisk::free_bytes(const std::string& path) {
  struct statvfs status{};
  if (::statvfs(path.c_str(), &status) < 0) return last_failure();
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

DiskResult<std::size_t> read_full(File& file, std::uint64_t offset, std::span<char> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto got = file.read(offset + done, into.subspan(done));
    if (!got) return std::unexpected(got.error());
    if (*got == 0) break;
    done += *got;
  }
  return done;
}

DiskResult<void> write_full(File& file, std::uint64_t offset, std::span<iovec> parts) {
  while (!parts.empty()) {
    const auto put = file.write(offset, parts.first(std::min<std::size_t>(parts.size(), IOV_MAX)));
    if (!put) return std::unexpected(put.error());
    if (*put == 0) return failure(EIO);
    offset += *put;
    std::size_t done = *put;
    while (!parts.empty() && done >= parts.front().iov_len) {
      done -= parts.front().iov_len;
      parts = parts.subspan(1);
    }
    if (done > 0) {
      parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + done;
      parts.front().iov_len -= done;
    }
  }
  return {};
}

DiskResult<void> write_full(File& file, std::uint64_t offset, std::string_view bytes) {
  if (bytes.empty()) return {};
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  return write_full(file, offset, std::span(&part, 1));
}

DiskResult<void> write_zeros(File& file, std::uint64_t from, std::uint64_t to) {
  static const std::array<char, std::size_t{1} << 16> zeros{};
  constexpr std::size_t kPartsMax = 16;
  while (from < to) {
    std::array<iovec, kPartsMax> parts;
    std::size_t count = 0;
    std::uint64_t at = from;
    while (at < to && count < kPartsMax) {
      const auto bytes = std::min<std::uint64_t>(zeros.size(), to - at);
      parts[count++] = {const_cast<char*>(zeros.data()), static_cast<std::size_t>(bytes)};
      at += bytes;
    }
    const auto written = write_full(file, from, std::span(parts).first(count));
    if (!written) return written;
    from = at;
  }
  return {};
}

}  // namespace creel::store

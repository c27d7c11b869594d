#include "admin/token.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace creel {
namespace {

constexpr std::size_t kTokenDigits = 64;

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int operator*() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

std::unexpected<TokenError> failure(std::string_view act, const std::string& path) {
  const int error = errno;
  std::string message("cannot ");
  message.append(act).append(" ").append(path).append(": ").append(std::strerror(error));
  return std::unexpected(TokenError{.is_missing = error == ENOENT, .message = std::move(message)});
}

std::expected<std::string, TokenError> read_open(const File& file, const std::string& path) {
  std::array<char, kTokenDigits + 2> bytes;
  const ssize_t count = ::pread(*file, bytes.data(), bytes.size(), 0);
  if (count < 0) return failure("read", path);
  std::string_view text(bytes.data(), static_cast<std::size_t>(count));
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.size() != kTokenDigits || text.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return std::unexpected(
        TokenError{.message = path + " holds no token (64 hex digits); remove it to have a new one made"});
  }
  return std::string(text);
}

std::expected<std::string, TokenError> make(const std::string& folder, const std::string& path) {
  std::array<unsigned char, kTokenDigits / 2> random;
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    return std::unexpected(TokenError{.message = "no random numbers for the admin token"});
  }
  std::string token;
  for (unsigned char byte : random) {
    token += "0123456789abcdef"[byte >> 4];
    token += "0123456789abcdef"[byte & 15];
  }
  // Complete or not there: written beside it, synced, then renamed.
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  const File file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return failure("create", fresh);
  const std::string line = token + "\n";
  if (::fchmod(*file, 0600) != 0) return failure("protect", fresh);
  if (::write(*file, line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::fsync(*file) != 0) {
    return failure("write", fresh);
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failure("create", path);
  const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || ::fsync(*directory) != 0) return failure("sync", folder);
  return token;
}

std::string path_in(const std::string& folder) {
  return (folder + "/").append(kTokenFile);
}

}  // namespace

std::expected<std::string, TokenError> create_or_read_token(const std::string& folder) {
  const std::string path = path_in(folder);
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open()) {
    if (errno != ENOENT) return failure("open", path);
    return make(folder, path);
  }
  if (::fchmod(*file, 0600) != 0) return failure("protect", path);
  return read_open(file, path);
}

std::expected<std::string, TokenError> read_token(const std::string& folder) {
  const std::string path = path_in(folder);
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open()) return failure("open", path);
  return read_open(file, path);
}

}  // namespace creel

#include "store/journal_folder.h"

#include <unistd.h>

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "store/codec.h"
#include "store/segment.h"

namespace creel::store {
namespace {

constexpr std::string_view kMagic = "creelsid";
constexpr std::uint32_t kIdentityVersion = 1;
constexpr std::size_t kIdentityBytes = 8 + 4 + 16 + 32;

std::unexpected<OpenError> disk_failure(const std::string& what, DiskError error) {
  return std::unexpected(OpenError{OpenError::Kind::disk, what + ": " + describe(error)});
}

std::string encode_identity(const StoreIdentity& identity) {
  std::string bytes(kMagic);
  put_number(bytes, kIdentityVersion);
  for (const std::uint8_t byte : identity.id)
    put_number(bytes, byte);
  for (const std::uint8_t byte : identity.secret)
    put_number(bytes, byte);
  return bytes;
}

std::expected<StoreIdentity, OpenError> decode_identity(const std::string& path, std::string_view bytes) {
  if (bytes.size() != kIdentityBytes || !bytes.starts_with(kMagic)) {
    return std::unexpected(
        OpenError{OpenError::Kind::foreign, path + " is not the identity of a creel store"});
  }
  Decoder from(bytes.substr(kMagic.size()));
  if (from.number<std::uint32_t>() > kIdentityVersion) {
    return std::unexpected(OpenError{OpenError::Kind::newer, path + " was written by a newer creel"});
  }
  StoreIdentity identity;
  for (std::uint8_t& byte : identity.id)
    byte = from.number<std::uint8_t>();
  for (std::uint8_t& byte : identity.secret)
    byte = from.number<std::uint8_t>();
  return identity;
}

// Every segment knows whose it is: what is left when store.id was lost.
DiskResult<StoreIdentity> identity_from_segments(Disk& disk, const std::string& folder) {
  const auto names = disk.list(folder);
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    if (!parse_segment_name(name)) continue;
    auto file = disk.open(folder + "/" + name, OpenMode::read);
    if (!file) continue;
    std::array<char, kSegmentHeaderBytes> bytes;
    const auto got = read_full(**file, 0, bytes);
    if (!got || *got != bytes.size()) continue;
    const auto header = decode_header(std::string_view(bytes.data(), bytes.size()));
    if (header) return header->identity;
  }
  return std::unexpected(DiskError{ENOENT});
}

std::expected<StoreIdentity, OpenError> read_identity_file(const std::string& path, File& file) {
  std::array<char, kIdentityBytes + 1> bytes;
  const auto got = read_full(file, 0, bytes);
  if (!got) return disk_failure(path, got.error());
  return decode_identity(path, std::string_view(bytes.data(), *got));
}

// Written beside and renamed, so that there is never half an identity.
DiskResult<void> write_identity(Disk& disk, const std::string& folder, const StoreIdentity& identity) {
  const std::string path = folder + "/store.id", fresh = path + ".new";
  if (const auto removed = disk.remove(fresh); !removed && removed.error().code != ENOENT) return removed;
  auto file = disk.open(fresh, OpenMode::create);
  if (!file) return std::unexpected(file.error());
  if (const auto written = write_full(**file, 0, encode_identity(identity)); !written) return written;
  if (const auto synced = (*file)->sync(); !synced) return synced;
  if (const auto renamed = disk.rename(fresh, path); !renamed) return renamed;
  return disk.sync_folder(folder);
}

std::unexpected<OpenError> lock_failure(Disk& disk, const std::string& folder, DiskError error) {
  const std::string path = folder + "/lock";
  if (error.code != EWOULDBLOCK) return disk_failure(path, error);
  std::string holder = "another process";
  if (auto file = disk.open(path, OpenMode::read)) {
    std::array<char, 20> bytes;
    const auto got = read_full(**file, 0, bytes);
    const long pid = got && *got > 0 ? std::strtol(std::string(bytes.data(), *got).c_str(), nullptr, 10) : 0;
    if (pid > 0) holder = "process " + std::to_string(pid);
  }
  return std::unexpected(OpenError{OpenError::Kind::locked, folder + " is in use by " + holder});
}

std::expected<StoreIdentity, OpenError> find_or_make_identity(Disk& disk, const std::string& path,
                                                              const std::string& journal,
                                                              const Entropy& entropy) {
  const std::string id_path = path + "/store.id";
  auto file = disk.open(id_path, OpenMode::read);
  if (file) return read_identity_file(id_path, **file);
  if (file.error().code != ENOENT) return disk_failure(id_path, file.error());

  StoreIdentity identity;
  if (const auto known = identity_from_segments(disk, journal)) {
    identity = *known;
  } else if (known.error().code == ENOENT) {
    entropy(identity.id);
    entropy(identity.secret);
  } else {
    return disk_failure(journal, known.error());
  }
  if (const auto written = write_identity(disk, path, identity); !written)
    return disk_failure(id_path, written.error());
  return identity;
}

}  // namespace

void system_entropy(std::span<std::uint8_t> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto got = ::getrandom(into.data() + done, into.size() - done, 0);
    if (got < 0 && errno != EINTR) std::abort();
    if (got > 0) done += static_cast<std::size_t>(got);
  }
}

std::expected<StoreFolder, OpenError> StoreFolder::open(Disk& disk, const std::string& path,
                                                        const Entropy& entropy) {
  StoreFolder folder;
  folder.disk_ = &disk;
  folder.path_ = path;
  if (const auto made = disk.make_folder(path); !made) return disk_failure(path, made.error());
  auto lock = disk.lock(path + "/lock");
  if (!lock) return lock_failure(disk, path, lock.error());
  folder.lock_ = *std::move(lock);
  // The pid is a courtesy: a full disk must not keep a full store from draining.
  if (folder.lock_->resize(0))
    static_cast<void>(write_full(*folder.lock_, 0, std::to_string(::getpid()) + "\n"));
  for (const auto& part : {folder.journal_path(), folder.quarantine_path()}) {
    if (const auto made = disk.make_folder(part); !made) return disk_failure(part, made.error());
  }
  auto identity = find_or_make_identity(disk, path, folder.journal_path(), entropy);
  if (!identity) return std::unexpected(identity.error());
  folder.identity_ = *identity;
  if (const auto synced = disk.sync_folder(path); !synced) return disk_failure(path, synced.error());
  return folder;
}

std::expected<StoreIdentity, OpenError> read_identity(Disk& disk, const std::string& path) {
  const std::string id_path = path + "/store.id";
  auto file = disk.open(id_path, OpenMode::read);
  if (file) return read_identity_file(id_path, **file);
  if (const auto known = identity_from_segments(disk, path + "/journal")) return *known;
  return std::unexpected(OpenError{OpenError::Kind::foreign, path + " holds no creel store"});
}

}  // namespace creel::store

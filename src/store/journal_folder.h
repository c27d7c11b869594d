// The folder of an embedded store: who holds it, and who it is.
//
//   creel-data/
//     lock         held with flock by the process that serves; holds its pid as text
//     store.id     the store's identity
//     journal/     segments (journal.h)
//     quarantine/  segments of rejected requests (quarantine.h)
//
// The folder is 0700 and its files 0600 whatever the umask.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "store/disk.h"

namespace creel::store {

// Why a store does not open, with one sentence for the operator.
struct OpenError {
  enum class Kind {
    locked,   // another process holds it; the sentence names its pid
    newer,    // written by a newer creel
    foreign,  // not a store, or a file of another store
    damaged,  // the journal is damaged; the sentence names the range, and nothing was changed
    disk,     // the file system said no
  };
  Kind kind = Kind::disk;
  std::string message;
};

// Made at random with the store and never changed. Every segment's header holds it too, so that store.id can
// be lost.
//
// The secret keys the checksums of records and the hashes of dedupe keys: a sender who does not know it can
// neither write a body that passes for a record of the journal nor make two keys collide.
struct StoreIdentity {
  std::array<std::uint8_t, 16> id{};
  std::array<std::uint8_t, 32> secret{};
  bool operator==(const StoreIdentity&) const = default;
};

using Entropy = std::function<void(std::span<std::uint8_t>)>;
void system_entropy(std::span<std::uint8_t> into);

class StoreFolder {
 public:
  // Makes what is missing, takes the lock and reads the identity.
  static std::expected<StoreFolder, OpenError> open(Disk& disk, const std::string& path,
                                                    const Entropy& entropy = system_entropy);

  Disk& disk() const { return *disk_; }
  const std::string& path() const { return path_; }
  std::string journal_path() const { return path_ + "/journal"; }
  std::string quarantine_path() const { return path_ + "/quarantine"; }
  const StoreIdentity& identity() const { return identity_; }

 private:
  StoreFolder() = default;
  Disk* disk_ = nullptr;
  std::string path_;
  std::unique_ptr<File> lock_;
  StoreIdentity identity_;
};

// The identity without the lock, for looking into a store that is being served. Changes nothing.
std::expected<StoreIdentity, OpenError> read_identity(Disk& disk, const std::string& path);

}  // namespace creel::store

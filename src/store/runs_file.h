// One sorted run: an immutable file of (hash, place), ordered by hash, with what is needed to look into it
// kept in memory.
//
// A file is blocks of 4 KiB, each with a checksum of its own, then a Bloom filter (if wanted), the first hash
// of each block, and a footer. A look-up that the filter lets through costs one read of one block. Open files
// may be used by several threads at once; they never change.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/disk.h"
#include "store/recent_keys.h"

namespace creel::store {

struct RunEntry {
  std::uint64_t high = 0, low = 0;  // the hash
  std::uint64_t place = 0;          // sequence << 16 | item, as in an event's id
  auto operator<=>(const RunEntry&) const = default;
};

enum class RunError {
  disk,     // the file system said no
  damaged,  // the file is missing, short, or fails a checksum
};

// Writes a run. Entries come in order; nothing is listed anywhere before finish() has succeeded.
class RunWriter {
 public:
  struct Options {
    std::size_t entries_max = 0;  // How many there may come: sizes the filter.
    bool with_filter = false;
  };
  static std::expected<std::unique_ptr<RunWriter>, RunError> create(Disk& disk, const std::string& path,
                                                                    Options options);
  ~RunWriter();

  std::expected<void, RunError> add(const RunEntry& entry);
  // The rest of the file, and a sync. The folder is the caller's to sync.
  std::expected<void, RunError> finish();
  std::uint64_t entries() const { return entries_; }

 private:
  RunWriter() = default;
  std::expected<void, RunError> end_block();
  std::expected<void, RunError> put(std::string_view bytes);

  std::unique_ptr<File> file_;
  std::string block_, out_;
  std::vector<std::uint64_t> firsts_;
  std::vector<std::uint64_t> filter_;
  std::uint64_t offset_ = 0, entries_ = 0, unsynced_ = 0;
  std::uint32_t in_block_ = 0;
};

class RunFile {
 public:
  static std::expected<std::shared_ptr<const RunFile>, RunError> open(Disk& disk, const std::string& path);
  ~RunFile();

  std::uint64_t entries() const { return entries_; }
  std::size_t blocks() const { return firsts_.size(); }
  std::size_t memory_bytes() const { return (filter_.size() + firsts_.size()) * sizeof(std::uint64_t); }

  // Brings what may_contain() will look at into the processor's cache.
  void prefetch(KeyHash hash) const;
  // False: it is not here. True: it may be; always so without a filter.
  bool may_contain(KeyHash hash) const;
  // Appends the places of all entries with the hash.
  std::expected<void, RunError> find(KeyHash hash, std::vector<std::uint64_t>& places) const;
  // The entries of the blocks [from, from + count), appended.
  std::expected<void, RunError> read_blocks(std::size_t from, std::size_t count,
                                            std::vector<RunEntry>& into) const;

 private:
  RunFile() = default;
  std::unique_ptr<File> file_;
  std::vector<std::uint64_t> firsts_, filter_;
  std::uint64_t entries_ = 0;
};

}  // namespace creel::store

// Where a hash leads: sorted runs of (hash, place in the journal), merged as they grow in number.
//
// Keys are random, and a b-tree over random keys dirties a page for each one. So new entries gather in
// memory, go to disk as a sorted run when there are enough, and runs of one size are merged into one of the
// next: each entry is written a few times, always in order, and the number of runs grows as the logarithm of
// that of the entries.
//
// The files are valid only when the index lists them, in the transaction that follows their sync; a file that
// is not listed is removed at open. What is in memory is read again from the journal at open. A file that a
// merge has replaced is kept until the listing without it is durable: forget_replaced().
//
// One owner; find_shared() alone may be called from any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/disk.h"
#include "store/runs_file.h"

namespace creel::store {

struct ListedRun {
  std::uint64_t id = 0;
  std::uint32_t level = 0;
  std::uint64_t entries = 0;
};

// What the index has to write into its listing.
struct RunsChange {
  std::optional<ListedRun> added;  // nothing when all entries of a merge were dropped
  std::vector<std::uint64_t> removed;
};

class Runs {
 public:
  struct Options {
    std::string folder;
    std::string prefix;        // of the files' names
    bool with_filter = false;  // for look-ups that usually find nothing
    std::size_t fan_in = 8;    // runs of one level that are merged into one of the next
  };
  Runs(Disk& disk, Options options);
  ~Runs();

  // Opens what is listed and removes what is not.
  std::expected<void, RunError> open(std::span<const ListedRun> listed);

  void add(KeyHash hash, std::uint64_t place);
  std::size_t in_memory() const { return fresh_.size(); }

  void prefetch(KeyHash hash) const;
  // Appends the places of all entries with the hash, in no order, those of removed records among them.
  std::expected<void, RunError> find(KeyHash hash, std::vector<std::uint64_t>& places) const;
  std::expected<void, RunError> find_shared(KeyHash hash, std::vector<std::uint64_t>& places) const;

  // Every entry, in no order. Reads all files.
  std::expected<void, RunError> each(const std::function<void(const RunEntry&)>& visit) const;

  // Writes what is in memory as a run, synced. Nothing to list when there is nothing in memory.
  std::expected<RunsChange, RunError> flush();
  // Goes on merging by about `entries` entries; entries of records before `floor` are left out. A change when
  // a merge came to its end.
  std::expected<std::optional<RunsChange>, RunError> merge(std::size_t entries, Sequence floor);
  bool has_merge() const;
  // Removes the files that merges have replaced. Only once a listing without them is durable.
  void forget_replaced();

  std::uint64_t entries() const;  // in runs
  std::size_t runs() const { return runs_.size(); }

 private:
  struct Run {
    ListedRun listed;
    std::shared_ptr<const RunFile> file;
    bool is_merging = false;
  };
  struct Merge;

  std::string path(std::uint64_t id) const;
  std::expected<bool, RunError> start_merge();
  static std::expected<void, RunError> fill_all(Merge& merge);
  std::expected<RunsChange, RunError> finish_merge();
  void grow();

  Disk& disk_;
  Options options_;
  std::uint64_t next_id_ = 1;
  std::vector<std::unique_ptr<Merge>> merges_;  // the lowest level first
  std::vector<std::uint64_t> replaced_;

  // Written by the owner under the mutex, so that others may read under it.
  mutable std::mutex mutex_;
  std::vector<Run> runs_;
  std::vector<RunEntry> fresh_;
  std::vector<std::uint32_t> table_;  // open addressing: a place in fresh_ plus one, or 0
};

}  // namespace creel::store

#include "store/runs.h"

#include <algorithm>
#include <set>

namespace creel::store {
namespace {

constexpr std::size_t kScanBlocks = 32;

// Reads a run from its beginning to its end.
class Cursor {
 public:
  explicit Cursor(std::shared_ptr<const RunFile> file) : file_(std::move(file)) {}

  bool has_entry() const { return next_ < entries_.size(); }
  // Reads on when it has to. False at the end.
  std::expected<bool, RunError> fill() {
    if (has_entry()) return true;
    if (block_ == file_->blocks()) return false;
    const std::size_t count = std::min(kScanBlocks, file_->blocks() - block_);
    entries_.clear();
    next_ = 0;
    if (auto read = file_->read_blocks(block_, count, entries_); !read) return std::unexpected(read.error());
    block_ += count;
    return !entries_.empty();
  }
  const RunEntry& entry() const { return entries_[next_]; }
  void advance() { ++next_; }

 private:
  std::shared_ptr<const RunFile> file_;
  std::vector<RunEntry> entries_;
  std::size_t next_ = 0, block_ = 0;
};

// As the order of entries; hashes differ in their first half nearly always.
bool comes_before(const RunEntry& a, const RunEntry& b) {
  return a.high != b.high ? a.high < b.high : a < b;
}

}  // namespace

struct Runs::Merge {
  ListedRun output;
  std::vector<std::uint64_t> inputs;
  std::vector<Cursor> cursors;  // those that have not ended
  std::unique_ptr<RunWriter> writer;
};

Runs::Runs(Disk& disk, Options options) : disk_(disk), options_(std::move(options)) {
  grow();
}
Runs::~Runs() = default;

std::string Runs::path(std::uint64_t id) const {
  return options_.folder + "/" + options_.prefix + "-" + std::to_string(id);
}

std::expected<void, RunError> Runs::open(std::span<const ListedRun> listed) {
  std::set<std::string> names;
  for (const ListedRun& run : listed) {
    auto file = RunFile::open(disk_, path(run.id));
    if (!file) return std::unexpected(file.error());
    if ((*file)->entries() != run.entries) return std::unexpected(RunError::damaged);
    runs_.push_back({run, *std::move(file), false});
    next_id_ = std::max(next_id_, run.id + 1);
    names.insert(options_.prefix + "-" + std::to_string(run.id));
  }
  const auto files = disk_.list(options_.folder);
  if (!files) return std::unexpected(RunError::disk);
  for (const std::string& name : *files) {
    if (!name.starts_with(options_.prefix + "-") || names.contains(name)) continue;
    static_cast<void>(disk_.remove(options_.folder + "/" + name));  // It costs room, nothing else.
  }
  return {};
}

// --- In memory
// -----------------------------------------------------------------------------------------------------

void Runs::grow() {
  table_.assign(std::max<std::size_t>(1024, table_.size() * 2), 0);
  const std::size_t mask = table_.size() - 1;
  for (std::uint32_t i = 0; i < fresh_.size(); ++i) {
    std::size_t slot = fresh_[i].low & mask;
    while (table_[slot] != 0)
      slot = (slot + 1) & mask;
    table_[slot] = i + 1;
  }
}

void Runs::add(KeyHash hash, std::uint64_t place) {
  const std::lock_guard lock(mutex_);
  if (fresh_.size() * 2 >= table_.size()) grow();
  fresh_.push_back({hash.high, hash.low, place});
  const std::size_t mask = table_.size() - 1;
  std::size_t slot = hash.low & mask;
  while (table_[slot] != 0)
    slot = (slot + 1) & mask;
  table_[slot] = static_cast<std::uint32_t>(fresh_.size());
}

void Runs::prefetch(KeyHash hash) const {
  __builtin_prefetch(&table_[hash.low & (table_.size() - 1)]);
  for (const Run& run : runs_)
    run.file->prefetch(hash);
}

std::expected<void, RunError> Runs::find(KeyHash hash, std::vector<std::uint64_t>& places) const {
  prefetch(hash);  // The lines of all filters come at the same time, not one after the other.
  const std::size_t mask = table_.size() - 1;
  for (std::size_t slot = hash.low & mask; table_[slot] != 0; slot = (slot + 1) & mask) {
    const RunEntry& entry = fresh_[table_[slot] - 1];
    if (entry.low == hash.low && entry.high == hash.high) places.push_back(entry.place);
  }
  for (const Run& run : runs_) {
    if (!run.file->may_contain(hash)) continue;
    if (auto found = run.file->find(hash, places); !found) return found;
  }
  return {};
}

std::expected<void, RunError> Runs::find_shared(KeyHash hash, std::vector<std::uint64_t>& places) const {
  const std::lock_guard lock(mutex_);
  return find(hash, places);
}

std::uint64_t Runs::entries() const {
  std::uint64_t sum = 0;
  for (const Run& run : runs_)
    sum += run.listed.entries;
  return sum;
}

std::expected<void, RunError> Runs::each(const std::function<void(const RunEntry&)>& visit) const {
  for (const RunEntry& entry : fresh_)
    visit(entry);
  for (const Run& run : runs_) {
    Cursor cursor(run.file);
    while (true) {
      const auto filled = cursor.fill();
      if (!filled) return std::unexpected(filled.error());
      if (!*filled) break;
      visit(cursor.entry());
      cursor.advance();
    }
  }
  return {};
}

// --- On disk
// -------------------------------------------------------------------------------------------------------

std::expected<RunsChange, RunError> Runs::flush() {
  if (fresh_.empty()) return RunsChange{};
  std::vector<RunEntry> sorted = fresh_;
  std::ranges::sort(sorted);
  const ListedRun listed{.id = next_id_++, .level = 0, .entries = sorted.size()};
  auto writer = RunWriter::create(disk_, path(listed.id), {sorted.size(), options_.with_filter});
  if (!writer) return std::unexpected(writer.error());
  for (const RunEntry& entry : sorted) {
    if (auto added = (*writer)->add(entry); !added) return std::unexpected(added.error());
  }
  if (auto finished = (*writer)->finish(); !finished) return std::unexpected(finished.error());
  if (!disk_.sync_folder(options_.folder)) return std::unexpected(RunError::disk);
  auto file = RunFile::open(disk_, path(listed.id));
  if (!file) return std::unexpected(file.error());

  const std::lock_guard lock(mutex_);
  runs_.push_back({listed, *std::move(file), false});
  fresh_.clear();
  std::ranges::fill(table_, 0);
  return RunsChange{listed, {}};
}

bool Runs::has_merge() const {
  return !merges_.empty();
}

std::expected<bool, RunError> Runs::start_merge() {
  std::uint32_t highest = 0;
  for (const Run& run : runs_)
    highest = std::max(highest, run.listed.level);
  for (std::uint32_t level = 0; level <= highest; ++level) {
    std::vector<Run*> inputs;
    for (Run& run : runs_) {
      if (run.listed.level == level && !run.is_merging && inputs.size() < options_.fan_in)
        inputs.push_back(&run);
    }
    if (inputs.size() < options_.fan_in) continue;

    auto merge = std::make_unique<Merge>();
    merge->output = {.id = next_id_++, .level = level + 1, .entries = 0};
    std::size_t entries = 0;
    for (Run* run : inputs) {
      run->is_merging = true;
      merge->inputs.push_back(run->listed.id);
      merge->cursors.emplace_back(run->file);
      entries += run->listed.entries;
    }
    auto writer = RunWriter::create(disk_, path(merge->output.id), {entries, options_.with_filter});
    if (!writer) return std::unexpected(writer.error());
    merge->writer = *std::move(writer);
    // The lowest level goes first, so that a large merge never keeps the small ones waiting.
    const auto place =
        std::ranges::upper_bound(merges_, level + 1, {}, [](const auto& m) { return m->output.level; });
    merges_.insert(place, std::move(merge));
    return true;
  }
  return false;
}

// Every cursor that has not ended stands before an entry afterwards; the others are gone.
std::expected<void, RunError> Runs::fill_all(Merge& merge) {
  for (auto cursor = merge.cursors.begin(); cursor != merge.cursors.end();) {
    const auto filled = cursor->fill();
    if (!filled) return std::unexpected(filled.error());
    cursor = *filled ? cursor + 1 : merge.cursors.erase(cursor);
  }
  return {};
}

std::expected<std::optional<RunsChange>, RunError> Runs::merge(std::size_t entries, Sequence floor) {
  auto started = start_merge();
  if (!started) return std::unexpected(started.error());
  if (merges_.empty()) return std::nullopt;

  Merge& merge = *merges_.front();
  if (auto filled = fill_all(merge); !filled) return std::unexpected(filled.error());
  for (; entries > 0; --entries) {
    if (merge.cursors.empty()) {
      auto change = finish_merge();
      if (!change) return std::unexpected(change.error());
      return *change;
    }
    Cursor* least = &merge.cursors.front();
    for (Cursor& cursor : std::span(merge.cursors).subspan(1)) {
      if (comes_before(cursor.entry(), least->entry())) least = &cursor;
    }
    if (least->entry().place >> 16 >= floor) {
      if (auto added = merge.writer->add(least->entry()); !added) return std::unexpected(added.error());
    }
    least->advance();
    if (least->has_entry()) continue;
    if (auto filled = fill_all(merge); !filled) return std::unexpected(filled.error());
  }
  return std::nullopt;
}

std::expected<RunsChange, RunError> Runs::finish_merge() {
  const std::unique_ptr<Merge> merge = std::move(merges_.front());
  merges_.erase(merges_.begin());
  if (auto finished = merge->writer->finish(); !finished) return std::unexpected(finished.error());
  if (!disk_.sync_folder(options_.folder)) return std::unexpected(RunError::disk);
  RunsChange change;
  change.removed = merge->inputs;
  merge->output.entries = merge->writer->entries();
  std::shared_ptr<const RunFile> file;
  if (merge->output.entries > 0) {
    auto opened = RunFile::open(disk_, path(merge->output.id));
    if (!opened) return std::unexpected(opened.error());
    file = *std::move(opened);
    change.added = merge->output;
  } else {
    replaced_.push_back(merge->output.id);
  }
  replaced_.insert(replaced_.end(), merge->inputs.begin(), merge->inputs.end());

  const std::lock_guard lock(mutex_);
  std::erase_if(runs_, [&merge](const Run& run) {
    return std::ranges::find(merge->inputs, run.listed.id) != merge->inputs.end();
  });
  if (file) runs_.push_back({merge->output, std::move(file), false});
  return change;
}

void Runs::forget_replaced() {
  for (const std::uint64_t id : replaced_)
    static_cast<void>(disk_.remove(path(id)));
  replaced_.clear();
}

}  // namespace creel::store

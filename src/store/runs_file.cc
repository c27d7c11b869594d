#include "store/runs_file.h"

#include <algorithm>
#include <cstring>

#include <xxhash.h>

namespace creel::store {
namespace {

constexpr std::size_t kBlockBytes = 4096;
constexpr std::size_t kEntriesPerBlock = 170;
constexpr std::size_t kWriteBytes = std::size_t{256} << 10;
constexpr std::uint64_t kSyncBytes = std::uint64_t{8} << 20;  // Keeps each sync short.
constexpr std::uint64_t kMagic = 0x316e75726c656572;          // "reelrun1"
constexpr std::size_t kWordsPerLine = 8;
constexpr int kProbes = 6;
constexpr std::size_t kBitsPerEntry = 12;

struct BlockTail {
  std::uint32_t count = 0, reserved = 0;
  std::uint64_t checksum = 0;
};
static_assert(kEntriesPerBlock * sizeof(RunEntry) + sizeof(BlockTail) == kBlockBytes);

struct Footer {
  std::uint64_t magic = kMagic, entries = 0, blocks = 0, filter_words = 0;
  std::uint64_t tables_checksum = 0, checksum = 0;
};

std::uint64_t checksum_of(const void* bytes, std::size_t count, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes, count, seed);
}

std::uint64_t footer_checksum(const Footer& footer) {
  return checksum_of(&footer, offsetof(Footer, checksum), kMagic);
}

// A filter is lines of 512 bits: one line holds all the bits of a hash, so a look-up misses the cache once.
std::size_t line_of(std::uint64_t low, std::size_t words) {
  const std::uint64_t lines = words / kWordsPerLine;  // Far fewer than 2^32: that many would be 256 GiB.
  return static_cast<std::size_t>((low >> 32) * lines >> 32) * kWordsPerLine;
}

template <class F>
void each_bit(std::uint64_t high, F&& visit) {
  for (int i = 0; i < kProbes; ++i) {
    visit((high >> 6) & 7, high & 63);
    high >>= 9;
  }
}

template <class T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::uint64_t tables_checksum(const std::vector<std::uint64_t>& filter,
                              const std::vector<std::uint64_t>& firsts) {
  return checksum_of(firsts.data(), firsts.size() * 8, checksum_of(filter.data(), filter.size() * 8, kMagic));
}

}  // namespace

// --- Writing
// -------------------------------------------------------------------------------------------------------

std::expected<std::unique_ptr<RunWriter>, RunError> RunWriter::create(Disk& disk, const std::string& path,
                                                                      Options options) {
  static_cast<void>(disk.remove(path));  // What a crash left under this name was never listed.
  auto file = disk.open(path, OpenMode::create);
  if (!file) return std::unexpected(RunError::disk);
  std::unique_ptr<RunWriter> writer(new RunWriter);
  writer->file_ = *std::move(file);
  writer->block_.reserve(kBlockBytes);
  if (options.with_filter) {
    const std::size_t lines = options.entries_max * kBitsPerEntry / (kWordsPerLine * 64) + 1;
    writer->filter_.resize(lines * kWordsPerLine);
  }
  return writer;
}

RunWriter::~RunWriter() = default;

std::expected<void, RunError> RunWriter::add(const RunEntry& entry) {
  if (in_block_ == 0) firsts_.push_back(entry.high);
  block_.append(reinterpret_cast<const char*>(&entry), sizeof(entry));
  ++in_block_;
  ++entries_;
  if (!filter_.empty()) {
    std::uint64_t* line = &filter_[line_of(entry.low, filter_.size())];
    each_bit(entry.high,
             [line](std::uint64_t word, std::uint64_t bit) { line[word] |= std::uint64_t{1} << bit; });
  }
  return in_block_ == kEntriesPerBlock ? end_block() : std::expected<void, RunError>();
}

std::expected<void, RunError> RunWriter::end_block() {
  const std::uint64_t number = firsts_.size() - 1;
  block_.resize(kEntriesPerBlock * sizeof(RunEntry), '\0');
  BlockTail tail;
  tail.count = in_block_;
  block_.append(reinterpret_cast<const char*>(&tail), offsetof(BlockTail, checksum));
  tail.checksum = checksum_of(block_.data(), block_.size(), number);
  block_.append(reinterpret_cast<const char*>(&tail.checksum), sizeof(tail.checksum));
  out_ += block_;
  block_.clear();
  in_block_ = 0;
  if (out_.size() < kWriteBytes) return {};
  auto written = put(out_);
  out_.clear();
  return written;
}

std::expected<void, RunError> RunWriter::put(std::string_view bytes) {
  if (!write_full(*file_, offset_, bytes)) return std::unexpected(RunError::disk);
  offset_ += bytes.size();
  unsynced_ += bytes.size();
  if (unsynced_ < kSyncBytes) return {};
  unsynced_ = 0;
  if (!file_->sync()) return std::unexpected(RunError::disk);
  return {};
}

std::expected<void, RunError> RunWriter::finish() {
  if (in_block_ > 0) {
    if (auto ended = end_block(); !ended) return ended;
  }
  Footer footer;
  footer.entries = entries_;
  footer.blocks = firsts_.size();
  footer.filter_words = filter_.size();
  footer.tables_checksum = tables_checksum(filter_, firsts_);
  footer.checksum = footer_checksum(footer);
  for (std::string_view part : {std::string_view(out_), bytes_of(filter_), bytes_of(firsts_),
                                std::string_view(reinterpret_cast<const char*>(&footer), sizeof(footer))}) {
    if (part.empty()) continue;
    if (auto written = put(part); !written) return written;
  }
  if (!file_->sync()) return std::unexpected(RunError::disk);
  return {};
}

// --- Reading
// -------------------------------------------------------------------------------------------------------

RunFile::~RunFile() = default;

std::expected<std::shared_ptr<const RunFile>, RunError> RunFile::open(Disk& disk, const std::string& path) {
  const auto damaged = std::unexpected(RunError::damaged);
  auto file = disk.open(path, OpenMode::read);
  if (!file) return damaged;
  std::shared_ptr<RunFile> run(new RunFile);
  run->file_ = *std::move(file);

  const auto size = run->file_->size();
  if (!size) return std::unexpected(RunError::disk);
  Footer footer;
  if (*size < sizeof(footer)) return damaged;
  const auto read_at = [&run](std::uint64_t offset, void* into, std::size_t bytes) {
    const auto got = read_full(*run->file_, offset, std::span(static_cast<char*>(into), bytes));
    return got && *got == bytes;
  };
  if (!read_at(*size - sizeof(footer), &footer, sizeof(footer))) return damaged;
  if (footer.magic != kMagic || footer.checksum != footer_checksum(footer)) return damaged;
  const std::uint64_t blocks_bytes = footer.blocks * kBlockBytes;
  if (*size != blocks_bytes + (footer.filter_words + footer.blocks) * 8 + sizeof(footer)) return damaged;

  run->filter_.resize(footer.filter_words);
  run->firsts_.resize(footer.blocks);
  run->entries_ = footer.entries;
  if (!read_at(blocks_bytes, run->filter_.data(), run->filter_.size() * 8)) return damaged;
  if (!read_at(blocks_bytes + footer.filter_words * 8, run->firsts_.data(), run->firsts_.size() * 8))
    return damaged;
  if (tables_checksum(run->filter_, run->firsts_) != footer.tables_checksum) return damaged;
  return run;
}

void RunFile::prefetch(KeyHash hash) const {
  if (!filter_.empty()) __builtin_prefetch(&filter_[line_of(hash.low, filter_.size())]);
}

bool RunFile::may_contain(KeyHash hash) const {
  if (filter_.empty()) return true;
  const std::uint64_t* line = &filter_[line_of(hash.low, filter_.size())];
  bool all = true;
  each_bit(hash.high,
           [line, &all](std::uint64_t word, std::uint64_t bit) { all &= (line[word] >> bit & 1) != 0; });
  return all;
}

std::expected<void, RunError> RunFile::find(KeyHash hash, std::vector<std::uint64_t>& places) const {
  // Equal hashes may begin in the block before the first that begins with them.
  auto block = static_cast<std::size_t>(std::ranges::lower_bound(firsts_, hash.high) - firsts_.begin());
  if (block > 0) --block;
  std::vector<RunEntry> entries;
  for (; block < firsts_.size() && firsts_[block] <= hash.high; ++block) {
    entries.clear();
    if (auto read = read_blocks(block, 1, entries); !read) return read;
    auto entry = std::ranges::lower_bound(entries, RunEntry{hash.high, hash.low, 0});
    for (; entry != entries.end() && entry->high == hash.high && entry->low == hash.low; ++entry) {
      places.push_back(entry->place);
    }
    if (entry != entries.end()) break;
  }
  return {};
}

std::expected<void, RunError> RunFile::read_blocks(std::size_t from, std::size_t count,
                                                   std::vector<RunEntry>& into) const {
  std::string bytes(count * kBlockBytes, '\0');
  const auto got = read_full(*file_, from * kBlockBytes, bytes);
  if (!got) return std::unexpected(RunError::disk);
  if (*got != bytes.size()) return std::unexpected(RunError::damaged);
  for (std::size_t i = 0; i < count; ++i) {
    const char* block = bytes.data() + i * kBlockBytes;
    BlockTail tail;
    std::memcpy(&tail, block + kEntriesPerBlock * sizeof(RunEntry), sizeof(tail));
    const std::uint64_t checksum = checksum_of(block, kBlockBytes - sizeof(tail.checksum), from + i);
    if (checksum != tail.checksum || tail.count > kEntriesPerBlock) return std::unexpected(RunError::damaged);
    const std::size_t before = into.size();
    into.resize(before + tail.count);
    std::memcpy(into.data() + before, block, tail.count * sizeof(RunEntry));
  }
  return {};
}

}  // namespace creel::store

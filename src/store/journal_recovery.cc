#include "store/journal_recovery.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "store/codec.h"
#include "store/record.h"

namespace creel::store {
namespace {

constexpr std::size_t kSearchBytes = std::size_t{1} << 16;
constexpr std::uint64_t kLostBytesMin = record_bytes(sizeof(Sequence));

std::unexpected<OpenError> failed(OpenError::Kind kind, std::string message) {
  return std::unexpected(OpenError{kind, std::move(message)});
}
std::unexpected<OpenError> disk_failed(const std::string& path, DiskError error) {
  return failed(OpenError::Kind::disk, path + ": " + describe(error));
}

struct Place {
  std::uint64_t offset = 0;
  Sequence sequence = 0;
};
struct Search {
  std::optional<Place> first;    // the first good record that may follow
  bool has_later_batch = false;  // and whether one of a later batch than the missing record's is there
};

// Looks behind a bad record, where the one with the sequence `missing` should be.
DiskResult<Search> search(SegmentWindow& window, const FrameCodec& codec, std::uint32_t segment,
                          std::uint64_t from, std::uint64_t size, Sequence missing) {
  Search result;
  std::uint64_t at = from;
  while (at + kFrameBytes <= size && !result.has_later_batch) {
    const auto bytes = window.view(at, kSearchBytes, size);
    if (!bytes) return std::unexpected(bytes.error());
    if (bytes->size() < kFrameBytes) break;
    std::size_t here = 0;
    while (here + kFrameBytes <= bytes->size() && !FrameCodec::peek(bytes->substr(here), segment)) {
      here += kRecordAlignment;
    }
    at += here;
    if (here + kFrameBytes > bytes->size()) continue;
    const auto found = record_at(window, codec, segment, at, size);
    if (!found) return std::unexpected(found.error());
    if (!*found || (*found)->frame.sequence < missing) {
      at += kRecordAlignment;
      continue;
    }
    const Frame& frame = (*found)->frame;
    if (!result.first) result.first = Place{at, frame.sequence};
    result.has_later_batch = frame.batch > missing;
    at = (*found)->end();
  }
  return result;
}

}  // namespace

std::string describe(const Damage& damage) {
  std::string text = segment_name(damage.segment) + " is damaged from byte " + std::to_string(damage.from) +
                     " to " + std::to_string(damage.to);
  if (damage.next > damage.lost) {
    text += " (records " + std::to_string(damage.lost) + " to " + std::to_string(damage.next - 1) + ")";
  }
  return text;
}

static void note_state(const FoundRecord& record, SegmentScan& scan) {
  if (record.frame.kind == RecordKind::state) {
    scan.state = record.payload;
    scan.changes.clear();
  }
  ChangeRecord change;
  if (record.frame.kind == RecordKind::change && decode_change(record.payload, change))
    scan.changes.insert_or_assign(std::string(change.name), std::string(change.value));
}

DiskResult<SegmentScan> scan_segment(SegmentWindow& window, const FrameCodec& codec, std::uint32_t segment,
                                     Sequence first, Sequence next_first) {
  const auto size = window.file().size();
  if (!size) return std::unexpected(size.error());
  SegmentScan scan;
  scan.next = first;
  while (true) {
    const auto found = record_at(window, codec, segment, scan.end, *size);
    if (!found) return std::unexpected(found.error());
    if (*found && (*found)->frame.sequence == scan.next) {
      const FoundRecord& record = **found;
      if (record.frame.batch == record.frame.sequence) scan.batch_offset = scan.end;
      scan.next = record.frame.sequence + 1;
      note_state(record, scan);
      if (record.frame.kind == RecordKind::lost) scan.next = decode_lost(record.payload).value_or(scan.next);
      scan.end = record.end();
      continue;
    }
    if (next_first != 0 && scan.next == next_first) break;  // what is left of a full segment

    const auto behind = search(window, codec, segment, scan.end, *size, scan.next);
    if (!behind) return std::unexpected(behind.error());
    if (next_first == 0 && !behind->has_later_batch) break;  // the end, or a torn tail
    Damage damage{segment, scan.end, *size, scan.next, next_first};
    if (behind->first) {
      damage.to = behind->first->offset;
      damage.next = behind->first->sequence;
    }
    scan.damage.push_back(damage);
    scan.end = damage.to;
    scan.next = damage.next;
    scan.batch_offset = scan.end;
    if (!behind->first) break;
  }
  return scan;
}

namespace {

DiskResult<std::uint64_t> end_of_bytes(File& file, std::uint64_t from) {
  auto size = file.size();
  if (!size) return size;
  std::string buffer(kSearchBytes, '\0');
  std::uint64_t to = *size;
  while (to > from) {
    const std::uint64_t begin = to - std::min<std::uint64_t>(to - from, buffer.size());
    const std::span<char> part(buffer.data(), static_cast<std::size_t>(to - begin));
    const auto got = read_full(file, begin, part);
    if (!got) return std::unexpected(got.error());
    const auto last = std::string_view(part.data(), *got).find_last_not_of('\0');
    if (last != std::string_view::npos) return begin + last + 1;
    to = begin;
  }
  return from;
}

class Recovery {
 public:
  Recovery(Disk& disk, const std::string& folder, const StoreIdentity& identity,
           const JournalOptions& options)
      : disk_(disk), folder_(folder), identity_(identity), options_(options), codec_(identity) {}

  std::expected<RecoveredJournal, OpenError> run() {
    if (const auto listed = list(); !listed) return std::unexpected(listed.error());
    if (const auto judged = judge_tail(); !judged) return std::unexpected(judged.error());
    if (segments_.empty()) return RecoveredJournal{};
    if (const auto filled = fill_holes(); !filled) return std::unexpected(filled.error());
    if (const auto scanned = scan_all(); !scanned) return std::unexpected(scanned.error());
    return finish();
  }

 private:
  struct Segment {
    std::uint32_t number = 0;
    std::uint64_t bytes = 0;
    std::optional<SegmentHeader> header;
  };
  using Done = std::expected<void, OpenError>;

  std::string path(std::uint32_t number) const { return folder_ + "/" + segment_name(number); }
  bool accepts() const { return options_.accept_damage || !options_.durable; }

  std::expected<SegmentWindow, OpenError> window(std::uint32_t number, OpenMode mode = OpenMode::read) {
    auto file = disk_.open(path(number), mode);
    if (!file) return disk_failed(path(number), file.error());
    return SegmentWindow(*std::move(file));
  }

  Done list() {
    const auto names = disk_.list(folder_);
    if (!names) return disk_failed(folder_, names.error());
    for (const std::string& name : *names) {
      const auto number = parse_segment_name(name);
      if (!number) continue;
      auto opened = window(*number);
      if (!opened) return std::unexpected(opened.error());
      const auto bytes = opened->file().size();
      if (!bytes) return disk_failed(path(*number), bytes.error());
      std::array<char, kSegmentHeaderBytes> head{};
      if (const auto got = read_full(opened->file(), 0, head); !got)
        return disk_failed(path(*number), got.error());
      Segment segment{*number, *bytes, decode_header(std::string_view(head.data(), head.size()))};
      if (segment.header) {
        if (const auto fine = check_header(segment); !fine) return fine;
      }
      segments_.push_back(segment);
    }
    return {};
  }

  Done check_header(const Segment& segment) const {
    if (segment.header->version > kSegmentVersion) {
      return failed(OpenError::Kind::newer, path(segment.number) + " was written by a newer creel (format " +
                                                std::to_string(segment.header->version) + ")");
    }
    if (segment.header->identity != identity_ || segment.header->segment != segment.number) {
      return failed(OpenError::Kind::foreign,
                    path(segment.number) + " belongs elsewhere: another store or place");
    }
    return {};
  }

  // Files behind the last good record: prepared ahead and never used, or begun by a batch that was never
  // synced.
  Done judge_tail() {
    std::vector<Segment> tail;
    Sequence first = 1;
    while (!segments_.empty()) {
      const Segment& last = segments_.back();
      if (last.header) {
        auto opened = window(last.number);
        if (!opened) return std::unexpected(opened.error());
        const auto scan = scan_segment(*opened, codec_, last.number, last.header->first, 0);
        if (!scan) return disk_failed(path(last.number), scan.error());
        first = scan->next;
        if (scan->next > last.header->first || !scan->damage.empty()) break;
      }
      tail.insert(tail.begin(), last);
      segments_.pop_back();
    }
    if (segments_.empty() && !tail.empty()) {
      first = 1;
      if (tail.front().number != 1) {
        return damaged({tail.front().number, 0, tail.front().bytes, 0, 0},
                       "; the segments before it are missing");
      }
    }
    return judge_files(tail, first);
  }

  Done judge_files(const std::vector<Segment>& tail, Sequence first) {
    bool is_next = true;
    for (const Segment& segment : tail) {
      auto opened = window(segment.number);
      if (!opened) return std::unexpected(opened.error());
      const auto scan = scan_segment(*opened, codec_, segment.number, first, 0);
      if (!scan) return disk_failed(path(segment.number), scan.error());
      const bool has_later_batch = !scan->damage.empty() || scan->batch_offset > kSegmentHeaderBytes;
      if (has_later_batch && !accepts()) {
        return damaged({segment.number, 0, kSegmentHeaderBytes, 0, 0}, "; its header is lost");
      }
      const bool has_records = scan->next > first || !scan->damage.empty();
      if (is_next && has_records) {
        // Good records without a header: nobody can say that they were not acknowledged. Keep them.
        if (const auto mended = mend_header(segment.number, first); !mended) return mended;
        segments_.push_back({segment.number, segment.bytes,
                             SegmentHeader{kSegmentVersion, segment.number, first, identity_}});
      } else if (const auto removed = disk_.remove(path(segment.number)); !removed) {
        return disk_failed(path(segment.number), removed.error());
      }
      is_next = false;
    }
    return {};
  }

  Done damaged(const Damage& damage, const std::string& why) const {
    return failed(OpenError::Kind::damaged,
                  folder_ + ": " + describe(damage) + why +
                      ". Nothing was changed; `creel doctor --accept-damage` moves the "
                      "damaged bytes aside and goes on without them");
  }

  Done mend_header(std::uint32_t number, Sequence first) {
    auto opened = window(number, OpenMode::read_write);
    if (!opened) return std::unexpected(opened.error());
    const auto bytes = encode_header({kSegmentVersion, number, first, identity_});
    const auto written = write_full(opened->file(), 0, std::string_view(bytes.data(), bytes.size()));
    if (!written) return disk_failed(path(number), written.error());
    if (const auto synced = opened->file().sync(); !synced) return disk_failed(path(number), synced.error());
    return {};
  }

  // Segments that are missing, or have lost their header, in the middle.
  Done fill_holes() {
    std::vector<Segment> whole;
    for (const Segment& segment : segments_) {
      while (!whole.empty() && whole.back().number + 1 < segment.number) {
        const std::uint32_t missing = whole.back().number + 1;
        if (!accepts()) return damaged({missing, 0, 0, 0, 0}, "; the file is missing");
        auto made = disk_.open(path(missing), OpenMode::create);
        if (!made) return disk_failed(path(missing), made.error());
        whole.push_back({missing, 0, std::nullopt});
        if (const auto headed = find_header(whole); !headed) return headed;
      }
      whole.push_back(segment);
      if (segment.header) continue;
      if (!accepts()) return damaged({segment.number, 0, kSegmentHeaderBytes, 0, 0}, "; its header is lost");
      if (const auto headed = find_header(whole); !headed) return headed;
    }
    segments_ = std::move(whole);
    return {};
  }

  // Gives the last of `whole` a header: it goes on where the one before ends, or begins with its first good
  // record.
  Done find_header(std::vector<Segment>& whole) {
    Segment& segment = whole.back();
    Sequence first = 1;
    const bool has_before = whole.size() > 1;
    const Segment& source = has_before ? whole[whole.size() - 2] : segment;
    auto opened = window(source.number);
    if (!opened) return std::unexpected(opened.error());
    if (has_before) {
      const auto scan = scan_segment(*opened, codec_, source.number, source.header->first, 0);
      if (!scan) return disk_failed(path(source.number), scan.error());
      first = scan->next;
    } else {
      const auto found = search(*opened, codec_, segment.number, kSegmentHeaderBytes, segment.bytes, 1);
      if (!found) return disk_failed(path(segment.number), found.error());
      if (found->first) first = found->first->sequence;
    }
    segment.header = SegmentHeader{kSegmentVersion, segment.number, first, identity_};
    return mend_header(segment.number, first);
  }

  Done scan_all() {
    const std::size_t count = segments_.size();
    // A segment that was followed by two others was synced long ago. Looking at all of them is for the
    // doctor.
    const std::size_t from = options_.accept_damage || count < 2 ? 0 : count - 2;
    for (std::size_t i = from; i < count; ++i) {
      const Segment& segment = segments_[i];
      auto opened = window(segment.number);
      if (!opened) return std::unexpected(opened.error());
      const Sequence next_first = i + 1 < count ? segments_[i + 1].header->first : 0;
      auto scan = scan_segment(*opened, codec_, segment.number, segment.header->first, next_first);
      if (!scan) return disk_failed(path(segment.number), scan.error());
      for (const Damage& damage : scan->damage) {
        if (!accepts()) return damaged(damage, "");
        if (const auto put = put_aside(damage); !put) return put;
      }
      take_state(*scan);
      last_ = *std::move(scan);
    }
    return {};
  }

  // What a segment says of operator state, in place of or on top of what the ones before said.
  void take_state(const SegmentScan& scan) {
    StateRecord head;
    if (!scan.state.empty() && decode_state(scan.state, head)) {
      state_.clear();
      for (const auto& [name, value] : head.entries)
        state_.emplace(name, value);
    }
    for (const auto& [name, value] : scan.changes) {
      state_.erase(name);
      if (!value.empty()) state_.emplace(name, value);
    }
  }

  Done put_aside(const Damage& damage) {
    auto opened = window(damage.segment, OpenMode::read_write);
    if (!opened) return std::unexpected(opened.error());
    File& file = opened->file();
    if (options_.durable) {
      if (const auto saved = save(file, damage); !saved) {
        return disk_failed(folder_ + "/damaged-" + std::to_string(damage.segment), saved.error());
      }
    }
    const std::uint64_t bytes = std::max(damage.to - damage.from, kLostBytesMin);
    const std::string payload = encode_lost(damage.next, static_cast<std::size_t>(bytes - kFrameBytes));
    const std::string_view part = payload;
    const Frame frame{static_cast<std::uint32_t>(payload.size()), damage.segment, damage.lost, damage.lost,
                      RecordKind::lost};
    const auto head = codec_.encode(frame, std::span(&part, 1));
    const std::string record = std::string(head.data(), head.size()) + payload;
    if (const auto written = write_full(file, damage.from, record); !written) {
      return disk_failed(path(damage.segment), written.error());
    }
    if (const auto synced = file.sync(); !synced) return disk_failed(path(damage.segment), synced.error());
    return {};
  }

  DiskResult<void> save(File& file, const Damage& damage) {
    const std::string name =
        folder_ + "/damaged-" + std::to_string(damage.segment) + "-" + std::to_string(damage.from);
    if (const auto removed = disk_.remove(name); !removed && removed.error().code != ENOENT) return removed;
    auto aside = disk_.open(name, OpenMode::create);
    if (!aside) return std::unexpected(aside.error());
    std::string bytes(static_cast<std::size_t>(damage.to - damage.from), '\0');
    const auto got = read_full(file, damage.from, bytes);
    if (!got) return std::unexpected(got.error());
    bytes.resize(*got);
    if (const auto written = write_full(**aside, 0, bytes); !written) return written;
    if (const auto synced = (*aside)->sync(); !synced) return synced;
    return disk_.sync_folder(folder_);
  }

  // Cuts the tail and writes the last batch again. After a failed sync the page cache may show what the disk
  // does not hold; both writes make the two one, before anybody is answered.
  DiskResult<void> settle(File& file, std::uint64_t bytes) {
    const auto used = end_of_bytes(file, last_.end);
    if (!used) return std::unexpected(used.error());
    const std::uint64_t near_end = std::min(bytes, last_.end + options_.batch_bytes_max);
    const std::uint64_t to = options_.durable ? std::max(*used, near_end) : *used;
    if (const auto cut = write_zeros(file, last_.end, to); !cut) return cut;
    if (!options_.durable) return {};
    const std::uint64_t from = last_.batch_offset <= kSegmentHeaderBytes ? 0 : last_.batch_offset;
    std::string batch(static_cast<std::size_t>(last_.end - from), '\0');
    const auto got = read_full(file, from, batch);
    if (!got) return std::unexpected(got.error());
    if (const auto written = write_full(file, from, batch); !written) return written;
    if (const auto synced = file.sync(); !synced) return synced;
    return disk_.sync_folder(folder_);
  }

  std::expected<RecoveredJournal, OpenError> finish() {
    const Segment& last = segments_.back();
    auto file = disk_.open(path(last.number), OpenMode::read_write);
    if (!file) return disk_failed(path(last.number), file.error());
    if (const auto settled = settle(**file, last.bytes); !settled)
      return disk_failed(path(last.number), settled.error());
    RecoveredJournal recovered;
    for (const Segment& segment : segments_) {
      recovered.segments.push_back({segment.number, segment.header->first, segment.bytes, false});
    }
    recovered.segments.back().is_current = true;
    const auto bytes = (*file)->size();
    if (!bytes) return disk_failed(path(last.number), bytes.error());
    recovered.segments.back().bytes = *bytes;
    recovered.current = *std::move(file);
    StateRecord state;
    for (const auto& [name, value] : state_)
      state.entries.emplace_back(name, value);
    encode_state(state, recovered.state);
    recovered.end = {{last.number, static_cast<std::uint32_t>(last_.end)}, last_.next};
    return recovered;
  }

  Disk& disk_;
  const std::string& folder_;
  const StoreIdentity& identity_;
  const JournalOptions& options_;
  FrameCodec codec_;
  std::vector<Segment> segments_;
  SegmentScan last_;
  std::map<std::string, std::string> state_;
};

}  // namespace

std::expected<RecoveredJournal, OpenError> recover_journal(Disk& disk, const std::string& folder,
                                                           const StoreIdentity& identity,
                                                           const JournalOptions& options) {
  return Recovery(disk, folder, identity, options).run();
}

}  // namespace creel::store

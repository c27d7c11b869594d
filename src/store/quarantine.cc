#include "store/quarantine.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>

#include "store/journal_reader.h"

namespace creel::store {
namespace {

constexpr std::uint64_t kSliceBytes = std::uint64_t{64} << 10;
// Sources and causes are few; should they not be, what is new is counted and not kept.
constexpr std::size_t kAllowancesMax = 4096;
constexpr std::size_t kTextBytesMax = 1024;

RejectedRow row_of(const RejectedRecord& record, Sequence id) {
  return {.id = id,
          .source = std::string(record.source),
          .peer = std::string(record.peer),
          .cause = std::string(record.cause),
          .detail = std::string(record.detail),
          .received = record.received,
          .status = record.status,
          .body_bytes = record.body_bytes,
          .accepted = {}};
}

bool matches(const RejectedFilter& filter, const RejectedRecord& record) {
  return (filter.source.empty() || record.source == filter.source) &&
         (filter.cause.empty() || record.cause == filter.cause) &&
         (!filter.since || record.received >= *filter.since) &&
         (!filter.until || record.received <= *filter.until);
}

// Calls `visit` with each record of a segment, until it says no. What is damaged or gone is left out:
// rejected requests are kept as well as can be, and promised to nobody.
template <class Visit>
void each_record(const Journal& journal, const SegmentInfo& segment, Visit visit) {
  JournalReader reader(journal, {{segment.number, kSegmentHeaderBytes}, segment.first});
  while (reader.place().at.segment == segment.number) {
    const auto next = reader.next();
    if (!next || !*next || (*next)->position.segment != segment.number || !visit(**next)) return;
  }
}

}  // namespace

struct Quarantine::Allowances {
  struct Minute {
    Ticks began;
    std::uint32_t kept = 0;
    std::uint64_t bytes = 0;
  };
  std::mutex mutex;
  std::map<std::pair<std::string, std::string>, Minute, std::less<>> minutes;
};

struct Quarantine::Marks {
  std::mutex mutex;
  std::map<std::uint64_t, Acceptance> of;
  Sequence read_from = 0;  // marks of records from here on are in `of`
  std::mutex reading;      // taken before `mutex`, while records are read
};

Quarantine::Quarantine(std::unique_ptr<Journal> journal, const Clock& clock, QuarantineOptions options)
    : journal_(std::move(journal)),
      clock_(clock),
      options_(options),
      allowances_(std::make_unique<Allowances>()),
      marks_(std::make_unique<Marks>()) {
  marks_->read_from = journal_->synced().next;
}
Quarantine::~Quarantine() = default;

std::expected<std::unique_ptr<Quarantine>, OpenError> Quarantine::open(const StoreFolder& folder,
                                                                       const Clock& clock,
                                                                       QuarantineOptions options) {
  JournalOptions journal_options;
  journal_options.segment_bytes = options.segment_bytes;
  journal_options.slice_bytes = std::min(kSliceBytes, options.segment_bytes);
  journal_options.batch_bytes_max = options.segment_bytes;
  journal_options.reserve_bytes = 0;
  journal_options.durable = false;
  auto journal = Journal::open(folder.disk(), folder.quarantine_path(), folder.identity(), journal_options);
  if (!journal) return std::unexpected(journal.error());
  return std::unique_ptr<Quarantine>(new Quarantine(*std::move(journal), clock, options));
}

bool Quarantine::admit(std::string_view source, std::string_view cause, std::size_t body_bytes) {
  const Ticks now = clock_.ticks();
  const std::lock_guard lock(allowances_->mutex);
  auto& minutes = allowances_->minutes;
  const auto key =
      std::pair(std::string(source.substr(0, kTextBytesMax)), std::string(cause.substr(0, kTextBytesMax)));
  auto minute = minutes.find(key);
  if (minute == minutes.end() && minutes.size() < kAllowancesMax) {
    minute = minutes.emplace(key, Allowances::Minute{.began = now}).first;
  }
  if (minute == minutes.end()) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  if (now - minute->second.began >= std::chrono::minutes(1)) minute->second = {.began = now};
  const std::uint64_t bytes = minute->second.bytes + std::min(body_bytes, options_.body_bytes_max);
  if (minute->second.kept >= options_.kept_per_minute || bytes > options_.kept_bytes_per_minute) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  minute->second.kept += 1;
  minute->second.bytes = bytes;
  return true;
}

void Quarantine::keep(const NewRejected& rejected) {
  scratch_.clear();
  encode_rejected(
      {.source = rejected.source.substr(0, kTextBytesMax),
       .peer = rejected.peer.substr(0, kTextBytesMax),
       .cause = rejected.cause.substr(0, kTextBytesMax),
       .detail = rejected.detail.substr(0, kTextBytesMax),
       .head = rejected.head.substr(0, options_.head_bytes_max),
       .body = rejected.body.substr(0, options_.body_bytes_max),
       .received = rejected.received,
       .status = rejected.status,
       .body_bytes = static_cast<std::uint32_t>(std::min<std::size_t>(rejected.body.size(), UINT32_MAX))},
      scratch_);
  write(RecordKind::rejected);
}

void Quarantine::keep(const AcceptedRecord& mark) {
  scratch_.clear();
  encode_accepted(mark, scratch_);
  write(RecordKind::accepted);
}

// Writes what stands in `scratch_`, and makes room.
void Quarantine::write(RecordKind kind) {
  const NewRecord record{kind, {scratch_, {}, {}}};
  const auto written = journal_->write(std::span(&record, 1), Room::ordinary);
  const auto shown = written ? journal_->sync() : std::unexpected(written.error());
  if (!shown) dropped_.fetch_add(1, std::memory_order_relaxed);
  bool is_shorter = false;
  while (journal_->bytes() > options_.bytes_max && journal_->remove_oldest()) {
    is_shorter = true;
  }
  if (!is_shorter) return;
  const std::lock_guard lock(marks_->mutex);
  marks_->of.erase(marks_->of.begin(), marks_->of.lower_bound(journal_->oldest().next));
}

// --- Marks
// ---------------------------------------------------------------------------------------------------------

std::optional<AcceptedRecord> Quarantine::mark(std::uint64_t rejected, EventId event) {
  // Nothing is read here: whoever accepts a request has looked at it. A second mark would count for nothing.
  const AcceptedRecord record{rejected, event, clock_.now()};
  const std::lock_guard lock(marks_->mutex);
  const bool is_new = marks_->of.try_emplace(rejected, Acceptance{record.event, record.at}).second;
  return is_new ? std::optional(record) : std::nullopt;
}

// Sees to it that all marks of records from `from` on are in memory: they stand behind their request, so
// whatever was written since is read, a segment at a time, and never again.
void Quarantine::read_marks(Sequence from) const {
  const std::lock_guard one_reads(marks_->reading);
  const auto segments = journal_->segments();
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    const Sequence read_from = marks_->read_from;  // changed under `reading` alone
    if (read_from <= from) return;
    if (segment->first >= read_from) continue;
    std::map<std::uint64_t, Acceptance> found;
    each_record(*journal_, *segment, [&found, read_from](const JournalRecord& record) {
      if (record.sequence >= read_from) return false;
      if (record.kind != RecordKind::accepted) return true;
      if (const auto mark = decode_accepted(record.payload))
        found.try_emplace(mark->rejected, Acceptance{mark->event, mark->at});
      return true;
    });
    const std::lock_guard lock(marks_->mutex);
    for (const auto& [id, acceptance] : found)
      marks_->of.insert_or_assign(id, acceptance);  // The earlier mark counts.
    marks_->read_from = segment->first;
  }
}

std::optional<Acceptance> Quarantine::acceptance(std::uint64_t id) const {
  const std::lock_guard lock(marks_->mutex);
  const auto found = marks_->of.find(id);
  return found == marks_->of.end() ? std::nullopt : std::optional(found->second);
}

// --- Looking
// -------------------------------------------------------------------------------------------------------

// A segment is read forwards; the newest of what it holds are wanted.
std::vector<RejectedRow> Quarantine::newest_of(const SegmentInfo& segment, const RejectedQuery& query,
                                               std::size_t limit) const {
  std::deque<RejectedRow> newest;
  each_record(*journal_, segment, [&](const JournalRecord& record) {
    if (query.before && record.sequence >= *query.before) return false;
    if (record.kind != RecordKind::rejected) return true;
    const auto rejected = decode_rejected(record.payload);
    if (!rejected || !matches(query.filter, *rejected)) return true;
    const auto accepted = acceptance(record.sequence);
    if (query.filter.unaccepted && accepted) return true;
    newest.push_back(row_of(*rejected, record.sequence));
    newest.back().accepted = accepted;
    if (newest.size() > limit) newest.pop_front();
    return true;
  });
  return {newest.rbegin(), newest.rend()};
}

std::expected<RejectedPage, StoreError> Quarantine::list(const RejectedQuery& query) const {
  RejectedPage page;
  std::uint64_t looked_through = 0;
  const auto segments = journal_->segments();
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    if (query.before && segment->first >= *query.before) continue;
    if (looked_through > 0 && looked_through + segment->bytes > options_.page_bytes) {
      page.more = true;
      page.next = std::prev(segment)->first;
      return page;
    }
    looked_through += segment->bytes;
    read_marks(segment->first);
    // One more than wanted tells that there is more.
    auto rows = newest_of(*segment, query, query.limit + 1 - page.rows.size());
    std::ranges::move(rows, std::back_inserter(page.rows));
    if (page.rows.size() <= query.limit) continue;
    page.rows.pop_back();
    page.more = true;
    break;
  }
  if (!page.rows.empty()) page.next = page.rows.back().id;
  return page;
}

std::expected<RejectedRequest, StoreError> Quarantine::get(std::uint64_t id) const {
  const auto segments = journal_->segments();
  const auto after = std::ranges::upper_bound(segments, id, {}, &SegmentInfo::first);
  if (after == segments.begin()) return std::unexpected(StoreError::not_found);
  std::optional<RejectedRequest> found;
  each_record(*journal_, *std::prev(after), [&found, id](const JournalRecord& record) {
    if (record.sequence == id && record.kind == RecordKind::rejected) {
      if (const auto rejected = decode_rejected(record.payload))
        found = {row_of(*rejected, id), std::string(rejected->head), std::string(rejected->body)};
    }
    return record.sequence < id;
  });
  if (!found) return std::unexpected(StoreError::not_found);
  read_marks(id);
  found->row.accepted = acceptance(id);
  return *std::move(found);
}

}  // namespace creel::store

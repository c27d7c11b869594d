#include "store/quarantine.h"

#include <algorithm>
#include <deque>
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
          .body_bytes = record.body_bytes};
}

}  // namespace

struct Quarantine::Allowances {
  struct Minute {
    Ticks began;
    std::uint32_t kept = 0;
  };
  std::mutex mutex;
  std::map<std::pair<std::string, std::string>, Minute, std::less<>> minutes;
};

Quarantine::Quarantine(std::unique_ptr<Journal> journal, const Clock& clock, QuarantineOptions options)
    : journal_(std::move(journal)),
      clock_(clock),
      options_(options),
      allowances_(std::make_unique<Allowances>()) {}
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

bool Quarantine::admit(std::string_view source, std::string_view cause) {
  const Ticks now = clock_.ticks();
  const std::lock_guard lock(allowances_->mutex);
  auto& minutes = allowances_->minutes;
  const auto key =
      std::pair(std::string(source.substr(0, kTextBytesMax)), std::string(cause.substr(0, kTextBytesMax)));
  auto minute = minutes.find(key);
  if (minute == minutes.end() && minutes.size() < kAllowancesMax) {
    minute = minutes.emplace(key, Allowances::Minute{now, 0}).first;
  }
  if (minute == minutes.end()) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  if (now - minute->second.began >= std::chrono::minutes(1)) minute->second = {now, 0};
  if (minute->second.kept >= options_.kept_per_minute) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  minute->second.kept += 1;
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
  const NewRecord record{RecordKind::rejected, {scratch_, {}, {}}};
  const auto written = journal_->write(std::span(&record, 1), Room::ordinary);
  const auto shown = written ? journal_->sync() : std::unexpected(written.error());
  if (!shown) dropped_.fetch_add(1, std::memory_order_relaxed);
  while (journal_->bytes() > options_.bytes_max && journal_->remove_oldest()) {
  }
}

std::expected<std::vector<RejectedRow>, StoreError> Quarantine::list(std::optional<std::uint64_t> before,
                                                                     std::size_t limit) const {
  std::vector<RejectedRow> rows;
  const auto segments = journal_->segments();
  for (auto segment = segments.rbegin(); segment != segments.rend() && rows.size() < limit; ++segment) {
    if (before && segment->first >= *before) continue;
    // A segment is read forwards; the newest of what it holds are wanted.
    std::deque<RejectedRow> newest;
    JournalReader reader(*journal_, {{segment->number, kSegmentHeaderBytes}, segment->first});
    while (reader.place().at.segment == segment->number) {
      const auto next = reader.next();
      // What is damaged or gone is left out: rejected requests are kept as well as can be, and promised to
      // nobody.
      if (!next || !*next) break;
      const JournalRecord& record = **next;
      if (record.position.segment != segment->number || (before && record.sequence >= *before)) break;
      if (record.kind != RecordKind::rejected) continue;
      const auto rejected = decode_rejected(record.payload);
      if (!rejected) continue;
      newest.push_back(row_of(*rejected, record.sequence));
      if (newest.size() > limit - rows.size()) newest.pop_front();
    }
    rows.insert(rows.end(), newest.rbegin(), newest.rend());
  }
  return rows;
}

std::expected<RejectedRequest, StoreError> Quarantine::get(std::uint64_t id) const {
  const auto segments = journal_->segments();
  const auto after = std::ranges::upper_bound(segments, id, {}, &SegmentInfo::first);
  if (after == segments.begin()) return std::unexpected(StoreError::not_found);
  const SegmentInfo& segment = *std::prev(after);
  JournalReader reader(*journal_, {{segment.number, kSegmentHeaderBytes}, segment.first});
  while (true) {
    const auto next = reader.next();
    if (!next || !*next || (*next)->sequence > id) return std::unexpected(StoreError::not_found);
    const JournalRecord& record = **next;
    if (record.sequence != id) continue;
    const auto rejected =
        record.kind == RecordKind::rejected ? decode_rejected(record.payload) : std::nullopt;
    if (!rejected) return std::unexpected(StoreError::not_found);
    return RejectedRequest{row_of(*rejected, id), std::string(rejected->head), std::string(rejected->body)};
  }
}

}  // namespace creel::store

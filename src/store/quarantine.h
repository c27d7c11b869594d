// Rejected requests: a journal of their own that can push out nothing but itself.
//
// Same format as the journal, in `quarantine/`, appended without a sync and after events; the oldest segment
// goes when the limit is reached. Bodies are cut. Of each source and cause only so many a minute are kept,
// the rest are counted, so that a flood can neither fill the disk nor slow accepted traffic.
//
// A request that was accepted after all gets a mark: a record of its own behind it. Marks are few and small,
// so they are held in memory; those of earlier runs are read, once, as far back as somebody looks. keep()
// belongs to the journal thread; the rest may be called from any thread at the same time.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/model.h"
#include "store/journal.h"

namespace creel::store {

struct QuarantineOptions {
  std::uint64_t bytes_max = std::uint64_t{256} << 20;
  std::uint64_t segment_bytes = std::uint64_t{8} << 20;
  // Whole, for all but the largest: a request whose body was cut cannot be accepted later.
  std::size_t body_bytes_max = std::size_t{1} << 20;
  std::size_t head_bytes_max = 65536;
  // Of each source and cause: enough to mend a busy source whose secret was wrong, while a flood takes an
  // hour to push out what is there.
  std::uint32_t kept_per_minute = 1000;
  std::uint64_t kept_bytes_per_minute = std::uint64_t{4} << 20;
  std::uint64_t page_bytes = std::uint64_t{64} << 20;  // of segments looked through for a page
};

class Quarantine {
 public:
  static std::expected<std::unique_ptr<Quarantine>, OpenError> open(const StoreFolder& folder,
                                                                    const Clock& clock,
                                                                    QuarantineOptions options = {});

  // Whether a request of this source and cause may be kept now, and counts it either way: asked before it is
  // copied.
  bool admit(std::string_view source, std::string_view cause, std::size_t body_bytes);
  // Keeps an admitted request. A disk that says no costs the request, not the program.
  void keep(const NewRejected& rejected);

  // Remembers that a request was accepted, from when it is shown so. What is to be kept for the next run;
  // nothing when the request has such a mark already.
  std::optional<AcceptedRecord> mark(std::uint64_t rejected, EventId event);
  void keep(const AcceptedRecord& mark);

  std::expected<RejectedPage, StoreError> list(const RejectedQuery& query) const;
  std::expected<RejectedRequest, StoreError> get(std::uint64_t id) const;

  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  std::uint64_t bytes() const { return journal_->bytes(); }

  ~Quarantine();

 private:
  struct Allowances;
  struct Marks;
  Quarantine(std::unique_ptr<Journal> journal, const Clock& clock, QuarantineOptions options);
  void write(RecordKind kind);
  void read_marks(Sequence from) const;
  std::optional<Acceptance> acceptance(std::uint64_t id) const;
  std::vector<RejectedRow> newest_of(const SegmentInfo& segment, const RejectedQuery& query,
                                     std::size_t limit) const;

  std::unique_ptr<Journal> journal_;
  const Clock& clock_;
  QuarantineOptions options_;
  std::unique_ptr<Allowances> allowances_;
  std::unique_ptr<Marks> marks_;
  std::string scratch_;
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace creel::store

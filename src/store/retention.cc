#include "store/retention.h"

#include <algorithm>

namespace creel::store {
namespace {

constexpr std::chrono::hours kLeap{1};
constexpr std::size_t kScanRecords = 2000;
constexpr std::size_t kForgetEvents = 1000;
constexpr std::size_t kForwardBytes = std::size_t{2} << 20;
constexpr std::size_t kKeysPerRecord = 32768;
constexpr std::size_t kDuplicatesPerRecord = 100'000;
constexpr std::uint64_t kKeyBytes = 24;
constexpr std::chrono::seconds kStuck{5};  // until a segment that could not go is looked at again

}  // namespace

// What another thread has said, read by the index thread.
struct Retention::Answer {
  std::mutex mutex;
  bool has_come = false;
  std::expected<Sequence, StoreError> value = Sequence{0};

  void give(std::expected<Sequence, StoreError> what) {
    const std::lock_guard lock(mutex);
    has_come = true;
    value = what;
  }
};

Retention::Retention(Parts parts)
    : parts_(std::move(parts)), lookup_(parts_.journal), hasher_(parts_.journal.identity()) {}
Retention::~Retention() = default;

void Retention::reset() {
  phase_ = Phase::idle;
  reader_.reset();
  answer_.reset();
}

std::shared_ptr<Retention::Answer> Retention::expect_answer() {
  return answer_ = std::make_shared<Answer>();
}

bool Retention::is_answered() {
  const std::lock_guard lock(answer_->mutex);
  return answer_->has_come;
}

Retention::Result Retention::step(Index& index, DeliveryFeed* feed) {
  Result result;
  switch (phase_) {
    case Phase::idle:
      result = look(index);
      break;
    case Phase::scan:
      result = scan(index);
      break;
    case Phase::copy:
      result = copy(index);
      break;
    case Phase::settle:
      result = settle(index);
      break;
    case Phase::forget:
      result = forget(index, feed);
      break;
    case Phase::remove:
      result = remove();
      break;
  }
  if (!result) reset();
  return result;
}

// --- Which segment
// -------------------------------------------------------------------------------------------------

Time Retention::trusted_newest(Index& index) {
  const Time newest = index.newest();
  const Ticks now = parts_.clock.ticks();
  // From nothing to the first event is no leap of the clock.
  if (newest == Time()) return newest;
  if (!trusted_) {
    trusted_ = newest;
    trusted_at_ = now;
  }
  const auto limit =
      *trusted_ + std::chrono::duration_cast<std::chrono::milliseconds>(now - trusted_at_) + kLeap;
  if (newest > limit) {
    if (!doubted_since_) doubted_since_ = now;
    if (now - *doubted_since_ < kLeap) return *trusted_;
  }
  doubted_since_.reset();
  trusted_ = newest;
  trusted_at_ = now;
  return newest;
}

Retention::Result Retention::look(Index& index) {
  const Ticks now = parts_.clock.ticks();
  if (next_look_ && now < *next_look_) return next_look_;
  next_look_ = now + parts_.options.interval;
  newest_ = trusted_newest(index);
  const std::uint64_t other = index.bytes() + parts_.other_bytes();
  other_bytes_.store(other, std::memory_order_relaxed);
  const std::uint64_t bytes = parts_.journal.bytes() + other;

  const std::vector<SegmentInfo> there = parts_.journal.segments();
  if (there.size() < 2 || there.front().is_current) return next_look_;
  if (there[1].first <= index.floor()) {
    // The index has let go of it, and the file was left behind by a crash.
    segment_ = {there.front().number, there.front().first, there[1].first - 1, Time(), {}};
    phase_ = Phase::remove;
    return now;
  }
  const std::vector<IndexedSegment> indexed = index.segments();
  const auto oldest = std::ranges::find(indexed, there.front().number, &IndexedSegment::number);
  if (oldest == indexed.end() || oldest->last + 1 != there[1].first) return next_look_;

  const auto& options = parts_.options;
  const bool is_old = options.age.count() > 0 && oldest->newest + options.age < newest_;
  // Two segments ahead of need: the journal goes on while the oldest one is looked through.
  for_size_ = !is_old && options.max_size > 0 && bytes + 2 * options.segment_bytes > options.max_size;
  if (!is_old && !for_size_) return next_look_;

  pinned_ = pinned();
  segment_ = *oldest;
  segment_bytes_ = there.front().bytes;
  reader_ = std::make_unique<JournalReader>(parts_.journal, parts_.journal.oldest());
  copied_bytes_ = 0;
  to_copy_.clear();
  keys_.clear();
  sent_.clear();
  sent_upto_ = 0;
  forgotten_upto_ = dropped_upto_ = {};
  forgotten_ = forgotten_dead_ = 0;
  phase_ = Phase::scan;
  return now;
}

// --- What still counts in it
// ---------------------------------------------------------------------------------------

std::set<EventId> Retention::pinned() const {
  if (!parts_.pinned) return {};
  const std::vector<EventId> events = parts_.pinned();
  return {events.begin(), events.end()};
}

bool Retention::still_counts(const EventEntry& row) const {
  if (pinned_.contains(row.id)) return true;
  return std::ranges::any_of(row.deliveries, [this](const DeliveryEntry& one) {
    if (one.state == DeliveryState::pending) return true;
    // A dead letter has its time from its death on; only lack of room cuts it short.
    return one.state == DeliveryState::dead && !for_size_ && one.changed + parts_.options.age >= newest_;
  });
}

void Retention::keep_key(KeyHash hash, Time received, std::chrono::seconds window) {
  if (received + window <= newest_) return;
  keys_.push_back({.hash_low = hash.low, .hash_high = hash.high, .received = received});
}

// Whether an event that stands in a copy already has changed since the copy was made. The change may have got
// into the journal before the copy, and whoever would have settled that is gone: creel ended in between.
bool Retention::is_past_its_copy(Index& index, const EventEntry& row) {
  const auto stored =
      lookup_.read({static_cast<std::uint32_t>(row.segment), static_cast<std::uint32_t>(row.offset)});
  if (!stored || stored->kind != RecordKind::copy || !decode_copy(stored->payload, ahead_)) return true;
  for (const DeliveryEntry& one : row.deliveries) {
    const std::string_view destination = index.name(one.destination);
    const auto copied = std::ranges::find_if(ahead_.deliveries, [&](const CopiedDelivery& each) {
      return each.item == row.id.item() && each.destination == destination && each.ordinal == one.ordinal;
    });
    if (copied == ahead_.deliveries.end() || copied->changed != one.changed) return true;
  }
  return false;
}

// An event's record, or the one inside a copy. `items` are those that became events; null when the index has
// to say.
void Retention::scan_event(Index& index, const JournalRecord& record, Sequence sequence,
                           const std::vector<std::uint16_t>* items) {
  bool is_wanted = false;
  std::vector<std::uint16_t> there;
  for (std::uint16_t item = 0; item < event_.items.size(); ++item) {
    if (items != nullptr && std::ranges::find(*items, item) == items->end()) continue;
    const auto row = index.row(EventId::of(sequence, item));
    if (!row) continue;
    if (row->segment != record.position.segment || row->offset != record.position.offset) {
      if (is_past_its_copy(index, *row)) is_wanted = true;
      continue;
    }
    there.push_back(item);
    if (still_counts(*row)) is_wanted = true;
  }
  if (is_wanted) {
    to_copy_[sequence] = record.position;
    copied_bytes_ += record.payload.size();
    return;
  }
  for (const std::uint16_t item : there) {
    const std::string_view key = event_.items[item].dedupe_key;
    if (!key.empty()) keep_key(hasher_(event_.source, key), event_.received, event_.dedupe_window);
  }
}

Retention::Result Retention::scan(Index& index) {
  for (std::size_t i = 0; i < kScanRecords; ++i) {
    if (reader_->place().next > segment_.last) {
      reader_.reset();
      if (copied_bytes_ * 2 > segment_bytes_) {
        if (!std::exchange(said_stuck_, true)) {
          parts_.log.warning("the oldest segment is more than half pending and stays",
                             {{"segment", static_cast<std::int64_t>(segment_.number)}});
        }
        phase_ = Phase::idle;
        return next_look_ = parts_.clock.ticks() + kStuck;
      }
      said_stuck_ = false;
      cap_keys(index);
      phase_ = Phase::copy;
      return parts_.clock.ticks();
    }
    const auto record = reader_->next();
    if (!record || !*record) {
      // Whatever is wrong there the index will meet too; nothing is removed.
      phase_ = Phase::idle;
      return next_look_ = parts_.clock.ticks() + kStuck;
    }
    switch ((*record)->kind) {
      case RecordKind::event:
        if (decode_event((*record)->payload, event_))
          scan_event(index, **record, (*record)->sequence, nullptr);
        break;
      case RecordKind::copy:
        if (decode_copy((*record)->payload, copied_) && decode_event(copied_.event, event_)) {
          scan_event(index, **record, copied_.sequence, &copied_.items);
        }
        break;
      case RecordKind::keys:
        if (!decode_keys((*record)->payload, kept_)) break;
        for (const KeptKey& key : kept_) {
          keep_key({.low = key.hash_low, .high = key.hash_high}, key.received,
                   parts_.options.dedupe_window_max);
        }
        break;
      case RecordKind::outcome:
      case RecordKind::command:
      case RecordKind::state:
      case RecordKind::change:
      case RecordKind::rejected:
      case RecordKind::accepted:
      case RecordKind::lost:
      case RecordKind::duplicates:
        break;
    }
  }
  return parts_.clock.ticks();
}

// Keys may take a quarter of the store; beyond, the oldest of them are given up.
void Retention::cap_keys(Index& index) {
  if (parts_.options.max_size == 0) return;
  const std::uint64_t there = index.kept_keys();
  const std::uint64_t most = parts_.options.max_size / 4 / kKeyBytes;
  const std::uint64_t room = most > there ? most - there : 0;
  if (keys_.size() <= room) {
    window_.store(0, std::memory_order_relaxed);
    return;
  }
  std::ranges::sort(keys_, std::greater(), &KeptKey::received);
  const Time lost = keys_[room].received;
  keys_.resize(room);
  const auto window = std::chrono::duration_cast<std::chrono::seconds>(newest_ - lost);
  if (window_.exchange(window.count(), std::memory_order_relaxed) == 0) {
    parts_.log.warning("the store is too small for the dedupe windows, which are shortened",
                       {{"to_seconds", static_cast<std::int64_t>(window.count())}});
  }
}

// --- Copying
// -------------------------------------------------------------------------------------------------------

// A copy of the record with the deliveries as they stand now. False when nothing of it is there any more.
bool Retention::encode(Index& index, Sequence original, Position position, std::string& into) {
  const auto stored = lookup_.read(position);
  if (!stored) return false;
  std::string_view payload = stored->payload;
  if (stored->kind == RecordKind::copy) {
    if (!decode_copy(payload, copied_)) return false;
    payload = copied_.event;
  }
  if (!decode_event(payload, event_)) return false;
  CopyRecord copy;
  copy.sequence = original;
  copy.event = payload;
  for (std::uint16_t item = 0; item < event_.items.size(); ++item) {
    const auto row = index.row(EventId::of(original, item));
    if (!row) continue;
    copy.items.push_back(item);
    Sent sent{row->id, {}};
    for (const DeliveryEntry& one : row->deliveries) {
      copy.deliveries.push_back({.item = item,
                                 .destination = index.name(one.destination),
                                 .ordinal = one.ordinal,
                                 .state = one.state,
                                 .due = one.due,
                                 .attempts = one.attempts,
                                 .attempts_base = one.attempts_base,
                                 .changed = one.changed});
      sent.changed.push_back(one.changed);
    }
    sent_.push_back(std::move(sent));
  }
  encode_copy_meta(copy, into);
  into += payload;
  return !copy.items.empty();
}

Retention::Result Retention::copy(Index& index) {
  if (answer_) {
    if (!is_answered()) return std::nullopt;
    const auto value = std::exchange(answer_, nullptr)->value;
    if (!value) {
      // No room even in the reserve, or the store is closing.
      reset();
      return next_look_ = parts_.clock.ticks() + kStuck;
    }
    sent_upto_ = std::max(sent_upto_, *value);
  }
  Forward forward;
  std::size_t bytes = 0;
  while (!to_copy_.empty() && bytes < kForwardBytes) {
    const auto [original, position] = *to_copy_.begin();
    to_copy_.erase(to_copy_.begin());
    std::string payload;
    if (!encode(index, original, position, payload)) continue;
    bytes += payload.size();
    events_copied_.fetch_add(1, std::memory_order_relaxed);
    forward.records.push_back({RecordKind::copy, std::move(payload)});
  }
  while (!keys_.empty() && bytes < kForwardBytes) {
    const std::size_t count = std::min(keys_.size(), kKeysPerRecord);
    std::string payload;
    encode_keys(std::span(keys_).last(count), payload);
    keys_.resize(keys_.size() - count);
    bytes += payload.size();
    forward.records.push_back({RecordKind::keys, std::move(payload)});
  }
  if (const auto dropped = index.dropped(segment_, dropped_upto_); !dropped.empty()) {
    std::string payload;
    encode_duplicates(std::span(dropped).first(std::min(dropped.size(), kDuplicatesPerRecord)), payload);
    dropped_upto_ = dropped[std::min(dropped.size(), kDuplicatesPerRecord) - 1];
    forward.records.push_back({RecordKind::duplicates, std::move(payload)});
  }
  if (forward.records.empty()) {
    phase_ = Phase::settle;
    return parts_.clock.ticks();
  }
  forward.done = [answer = expect_answer(), wake = parts_.wake](std::expected<Sequence, StoreError> result) {
    answer->give(result);
    wake();
  };
  parts_.writer.forward(std::move(forward));
  return std::nullopt;
}

// An outcome may have come between a copy's making and its place in the journal. An index that knows the copy
// alone would not have it, so such an event is copied again.
Retention::Result Retention::settle(Index& index) {
  if (index.place().next <= sent_upto_) return std::nullopt;
  for (const Sent& sent : std::exchange(sent_, {})) {
    const auto row = index.row(sent.id);
    if (!row) continue;
    const bool is_same = std::ranges::equal(row->deliveries, sent.changed, {}, &DeliveryEntry::changed);
    if (is_same) continue;
    to_copy_[sent.id.sequence()] = {static_cast<std::uint32_t>(row->segment),
                                    static_cast<std::uint32_t>(row->offset)};
  }
  if (!to_copy_.empty()) {
    phase_ = Phase::copy;
    return parts_.clock.ticks();
  }
  // What was in memory alone is read from the journal at open, so it may not be of this segment.
  if (auto flushed = index.flush_keys(segment_.last + 1); !flushed) return std::unexpected(flushed.error());
  phase_ = Phase::forget;
  return parts_.clock.ticks();
}

// --- Removing
// ------------------------------------------------------------------------------------------------------

Retention::Result Retention::forget(Index& index, DeliveryFeed* feed) {
  // Whoever pins an event asks afterwards whether it is there, and is answered behind this transaction.
  if (pinned() != pinned_) {
    reset();
    next_look_.reset();
    return parts_.clock.ticks();
  }
  const auto forgotten = index.forget(segment_, forgotten_upto_, kForgetEvents, feed);
  if (!forgotten) return std::unexpected(forgotten.error());
  forgotten_ += forgotten->events;
  forgotten_dead_ += forgotten->dead;
  if (!forgotten->pending.empty()) {
    // An operator's retry came after the scan.
    for (const EventId id : forgotten->pending) {
      const auto row = index.row(id);
      if (!row) continue;
      to_copy_[id.sequence()] = {static_cast<std::uint32_t>(row->segment),
                                 static_cast<std::uint32_t>(row->offset)};
    }
    phase_ = Phase::copy;
    return parts_.clock.ticks();
  }
  if (forgotten->after) {
    forgotten_upto_ = *forgotten->after;
    return parts_.clock.ticks();
  }
  if (!index.dropped(segment_, dropped_upto_).empty()) {
    // One more has come since they were listed.
    phase_ = Phase::copy;
    return parts_.clock.ticks();
  }
  if (auto closed = index.close(segment_); !closed) return std::unexpected(closed.error());
  if (auto durable = index.make_durable(); !durable) return std::unexpected(durable.error());
  phase_ = Phase::remove;
  return parts_.clock.ticks();
}

Retention::Result Retention::remove() {
  if (!answer_) {
    parts_.writer.run(
        [answer = expect_answer(), wake = parts_.wake, number = segment_.number](Journal& journal) {
          const std::vector<SegmentInfo> there = journal.segments();
          // It may be gone already when an answer was lost.
          if (!there.empty() && there.front().number == number) {
            const auto removed = journal.remove_oldest();
            answer->give(removed ? std::expected<Sequence, StoreError>(0) : std::unexpected(removed.error()));
          } else {
            answer->give(0);
          }
          wake();
        });
    return std::nullopt;
  }
  if (!is_answered()) return std::nullopt;
  const bool removed = std::exchange(answer_, nullptr)->value.has_value();
  phase_ = Phase::idle;
  if (!removed) return next_look_ = parts_.clock.ticks() + kStuck;
  segments_removed_.fetch_add(1, std::memory_order_relaxed);
  parts_.log.info("a segment of the journal was removed",
                  {{"segment", static_cast<std::int64_t>(segment_.number)},
                   {"events", static_cast<std::int64_t>(forgotten_)},
                   {"dead_letters", static_cast<std::int64_t>(forgotten_dead_)},
                   {"for_size", for_size_}});
  next_look_.reset();
  return parts_.clock.ticks();
}

}  // namespace creel::store

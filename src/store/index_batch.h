// What one transaction of the index does to its rows: gathered first, written once.
//
// An event and its outcome often come in one batch. Each event touched is one object here, and only the
// difference between what the tables had and what it is in the end is written.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/index_names.h"
#include "store/index_row.h"
#include "store/index_sql.h"
#include "store/store.h"

namespace creel::store {

// Reads an event's row by its id, for any connection.
inline constexpr std::string_view kSelectEvent =
    "SELECT source, type, received, occurred, segment, offset, body_bytes, deliveries FROM events WHERE id = "
    "?";
enum class RowRead { found, missing, damaged };
RowRead read_event(Statement& select, EventId id, EventEntry& into);

class IndexBatch {
 public:
  IndexBatch(Database& database, Names& names);

  // The event's row, to be read and changed; null when there is none. Good until flush().
  EventEntry* find(EventId id);
  // A new row. The caller fills it in.
  EventEntry& add(EventId id);
  void remove(EventId id);

  // An attempt for the history. A failure takes the reply of the one before it.
  void add_attempt(EventId id, const DeliveryEntry& delivery, const Attempt& attempt);
  void forget_attempts(EventId id);

  // Tells the feed of it after the transaction. `content` is copied; its views must hold until clear().
  void report(const EventEntry& event, const DeliveryEntry& delivery, Sequence sequence,
              const StoredEventView* content);
  // The span of names is copied, too; the bytes that the views are of are not.
  const StoredEventView* keep(const StoredEventView& content);
  // Bytes that hold until clear().
  std::string_view keep(std::string_view bytes);

  // Writes everything. Errors stay in the database.
  void flush();
  std::span<const IndexedDelivery> reports() const { return reports_; }
  void clear();

 private:
  struct Touched {
    EventEntry event;
    std::vector<DeliveryEntry> before;  // as the tables have it
    std::uint64_t segment_before = 0, offset_before = 0;
    bool is_new = false, is_removed = false;
  };
  // The object of an event that has none yet. It stays only when kept: the next call gives it again.
  Touched& next(EventId id);
  Touched& keep(Touched& touched);
  Touched* touched(EventId id);
  void grow();
  void write(Touched& touched);
  void write_difference(const Touched& touched);
  void count(const DeliveryEntry& delivery, std::int64_t by);

  Database& database_;
  Names& names_;
  Statement select_, insert_, update_, delete_;
  Statement pend_, unpend_, settle_, unsettle_, count_;
  Statement add_attempt_, drop_reply_, forget_attempts_;
  // The objects are used again by the next transaction, with their memory: the first `used_` count. The table
  // has places among them plus one, or 0: open addressing by id.
  std::deque<Touched> objects_;
  std::size_t used_ = 0;
  std::vector<std::uint32_t> table_;
  std::map<std::pair<std::uint32_t, DeliveryState>, std::int64_t> counts_;
  std::vector<IndexedDelivery> reports_;
  struct Content {
    StoredEventView view;
    std::vector<std::string_view> transformed;  // what the view's span is of
  };
  std::deque<Content> contents_;  // used again, too
  std::size_t contents_used_ = 0;
  std::vector<std::unique_ptr<std::string>> chunks_;
  std::size_t chunk_ = 0;
  std::string blob_;
};

}  // namespace creel::store

// The inside of a reader, for reader.cc (single questions), reader_due.cc (pages of deliveries),
// reader_events.cc (pages of events) and reader_stored.cc (many events with what they hold).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/index.h"
#include "store/index_batch.h"
#include "store/index_names.h"
#include "store/index_sql.h"
#include "store/journal_reader.h"
#include "store/reader.h"
#include "store/record.h"

namespace creel::store {

class IndexReader final : public Reader {
 public:
  IndexReader(const Journal& journal, const Quarantine* quarantine, const IndexView& view, const Clock& clock,
              ReaderOptions options);

  std::expected<DuePage, StoreError> due(const DueQuery& query) override;
  std::expected<DuePage, StoreError> dead(const DueQuery& query) override;
  std::expected<EventPage, StoreError> events(const EventQuery& query) override;
  std::expected<EventRow, StoreError> event(EventId id) override;
  std::expected<StoredEvent, StoreError> content(EventId id) override;
  std::expected<std::vector<DeliveryCounts>, StoreError> counts() override;
  std::expected<StoredPage, StoreError> stored(const StoredQuery& query) override;
  std::expected<std::optional<EventId>, StoreError> nth_last(std::string_view source,
                                                             std::uint64_t last) override;
  std::expected<std::vector<SecretUse>, StoreError> secret_uses() override;
  std::expected<RejectedPage, StoreError> rejected(const RejectedQuery& query) override;
  std::expected<RejectedRequest, StoreError> rejected_request(std::uint64_t id) override;

 private:
  struct Connection {
    explicit Connection(const std::string& path);
    Database database;
    Names names;
    Statement begin, end, progress, row, copy, attempts, last_attempt, dead, due, oldest_due, counts, uses,
        forward, backward;
  };
  // One question's view of the index. Ends with the object.
  class Snapshot {
   public:
    explicit Snapshot(Connection& connection) : connection_(connection) { connection_.begin.run(); }
    ~Snapshot() { connection_.end.run(); }

   private:
    Connection& connection_;
  };
  struct Scan;
  struct Criteria;

  // Follows the index that there is now.
  std::expected<void, StoreError> connect();
  StoreError error();
  Position position(const EventEntry& row) const;
  bool read_content(const EventEntry& row, StoredEvent& into);
  bool read_record(Position position);
  EventRow show(const EventEntry& row, bool with_history);
  std::vector<Attempt> history(const EventEntry& row, const DeliveryEntry& delivery);
  std::optional<Attempt> last_attempt(const EventEntry& row, const DeliveryEntry& delivery);

  // --- reader_due.cc ---
  std::expected<void, StoreError> list_due(const DueQuery& query, DuePage& page,
                                           std::vector<EventEntry>& rows);
  std::expected<void, StoreError> list_dead(const DueQuery& query, DuePage& page,
                                            std::vector<EventEntry>& rows);
  std::expected<void, StoreError> fill(DuePage& page, const std::vector<EventEntry>& rows);
  std::optional<std::uint32_t> begin_page(const DueQuery& query, DuePage& page);

  // --- reader_stored.cc ---
  std::expected<StoredPage, StoreError> list_stored(const StoredQuery& query, Ticks end,
                                                    std::vector<EventEntry>& rows);
  std::expected<bool, StoreError> read_again(EventEntry row, StoredEvent& into);

  // --- reader_events.cc ---
  bool make_criteria(const EventFilter& filter, Criteria& into);
  bool matches(const EventEntry& row, const Criteria& criteria);
  bool matches(const EventEntry& row, const DeliveryEntry& delivery, const Criteria& criteria);
  bool holds(const EventEntry& row, const EventFilter& filter);
  void add_last_attempts(const EventEntry& row, EventRow& shown);
  std::expected<std::vector<EventId>, StoreError> find_named(const EventFilter& filter);
  void resolve(std::span<const std::uint64_t> places, std::vector<EventId>& into);
  std::vector<EventId> next_ids(const Criteria& criteria, bool newest_first, std::uint64_t after,
                                std::size_t limit);

  const Journal& journal_;
  const Quarantine* quarantine_;
  const IndexView& view_;
  const Clock& clock_;
  ReaderOptions options_;
  JournalLookup lookup_;
  KeyHasher hasher_;
  IndexView::Now now_;
  std::unique_ptr<Connection> connection_;
  // The record that was read last, whose bytes are the lookup's: the events of a request share one.
  std::optional<Position> held_;
  EventRecord record_;
  CopyRecord copied_;
};

}  // namespace creel::store

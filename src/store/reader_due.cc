// Pages of deliveries with their events: what is due, and what is dead.
#include <algorithm>

#include "store/index_impl.h"
#include "store/reader_impl.h"

namespace creel::store {
namespace {

constexpr std::size_t kHeadBytes = 1024;  // A head is about so long.
constexpr std::size_t kLooks = 256;       // at rows, between two looks at the clock

bool is_full(const DuePage& page, std::size_t bytes, const DueQuery& query) {
  return page.deliveries.size() >= query.limit || (bytes > query.bytes_max && !page.deliveries.empty());
}

}  // namespace

// How far the index is, and the destination's number; nothing when it has none: then it has no delivery.
std::optional<std::uint32_t> IndexReader::begin_page(const DueQuery& query, DuePage& page) {
  if (connection_->progress.bind().step())
    page.upto = static_cast<Sequence>(connection_->progress.integer(0));
  connection_->progress.reset();
  connection_->names.refresh();
  return connection_->names.find(NameKind::destination, query.destination);
}

std::expected<void, StoreError> IndexReader::list_due(const DueQuery& query, DuePage& page,
                                                      std::vector<EventEntry>& rows) {
  const Ticks end = clock_.ticks() + options_.page_time;
  {
    const Snapshot snapshot(*connection_);
    const auto destination = begin_page(query, page);
    if (!destination) return {};
    std::vector<std::uint32_t> without;
    for (const std::string& source : query.without_sources) {
      if (const auto number = connection_->names.find(NameKind::source, source)) without.push_back(*number);
    }
    const std::int64_t due = query.after ? query.after->first.time_since_epoch().count() : INT64_MIN;
    const std::uint64_t event = query.after ? query.after->second.value : 0;
    const std::size_t looks_max = without.empty() ? query.limit : std::max(query.limit, options_.page_scan);
    std::size_t looked = 0;
    std::size_t bytes = 0;
    connection_->due.bind(*destination, due, event);
    while (connection_->due.step()) {
      const EventId id{static_cast<std::uint64_t>(connection_->due.integer(1))};
      const auto ordinal = static_cast<std::uint32_t>(connection_->due.integer(2));
      const std::pair place(time_of(connection_->due.integer(0)), id);
      // What has one place stays together: the next page begins behind it.
      page.more = page.next != place && (is_full(page, bytes, query) || looked >= looks_max ||
                                         (looked % kLooks == kLooks - 1 && clock_.ticks() > end));
      if (page.more) break;
      ++looked;
      page.next = place;
      EventEntry row;
      if (read_event(connection_->row, id, row) != RowRead::found) continue;
      if (std::ranges::find(without, row.source) != without.end()) continue;
      const DeliveryEntry* delivery = row.find(*destination, ordinal);
      if (delivery == nullptr) continue;
      bytes += row.body_bytes + kHeadBytes;
      page.deliveries.push_back({.id = {id, query.destination, ordinal},
                                 .due = time_of(connection_->due.integer(0)),
                                 .attempts = delivery->attempts,
                                 .attempts_base = delivery->attempts_base,
                                 .event = nullptr});
      rows.push_back(std::move(row));
    }
    connection_->due.reset();
  }
  if (!connection_->database.ok()) return std::unexpected(error());
  return {};
}

std::expected<void, StoreError> IndexReader::list_dead(const DueQuery& query, DuePage& page,
                                                       std::vector<EventEntry>& rows) {
  {
    const Snapshot snapshot(*connection_);
    const auto destination = begin_page(query, page);
    if (!destination) return {};
    std::size_t bytes = 0;
    connection_->dead.bind(*destination, static_cast<std::uint8_t>(DeliveryState::dead),
                           query.after ? query.after->second.value : 0);
    while (connection_->dead.step()) {
      const EventId id{static_cast<std::uint64_t>(connection_->dead.integer(0))};
      const auto ordinal = static_cast<std::uint32_t>(connection_->dead.integer(1));
      // An event's deliveries stay together: the next page begins behind it.
      const bool is_same = !rows.empty() && rows.back().id == id;
      page.more = !is_same && is_full(page, bytes, query);
      if (page.more) break;
      EventEntry row;
      if (read_event(connection_->row, id, row) != RowRead::found) continue;
      const DeliveryEntry* delivery = row.find(*destination, ordinal);
      if (delivery == nullptr) continue;
      bytes += row.body_bytes + kHeadBytes;
      page.next = {delivery->changed, id};
      page.deliveries.push_back({.id = {id, query.destination, ordinal},
                                 .due = delivery->changed,
                                 .attempts = delivery->attempts,
                                 .attempts_base = delivery->attempts_base,
                                 .event = nullptr});
      rows.push_back(std::move(row));
    }
    connection_->dead.reset();
  }
  if (!connection_->database.ok()) return std::unexpected(error());
  return {};
}

// Brings the events of the rows, reading the journal in its own order, which the disk likes best.
std::expected<void, StoreError> IndexReader::fill(DuePage& page, const std::vector<EventEntry>& rows) {
  std::vector<std::size_t> order(rows.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::ranges::sort(order, {}, [this, &rows](std::size_t i) { return position(rows[i]); });
  for (const std::size_t i : order) {
    auto content = std::make_shared<StoredEvent>();
    // What is pending is copied before its segment goes: then this view is too old, and the next one has the
    // copy.
    if (!read_content(rows[i], *content)) return std::unexpected(StoreError::busy);
    page.deliveries[i].event = std::move(content);
  }
  return {};
}

std::expected<DuePage, StoreError> IndexReader::due(const DueQuery& query) {
  if (auto connected = connect(); !connected) return std::unexpected(connected.error());
  DuePage page;
  std::vector<EventEntry> rows;
  if (const auto listed = list_due(query, page, rows); !listed) return std::unexpected(listed.error());
  if (const auto filled = fill(page, rows); !filled) return std::unexpected(filled.error());
  return page;
}

std::expected<DuePage, StoreError> IndexReader::dead(const DueQuery& query) {
  if (auto connected = connect(); !connected) return std::unexpected(connected.error());
  DuePage page;
  std::vector<EventEntry> rows;
  if (const auto listed = list_dead(query, page, rows); !listed) return std::unexpected(listed.error());
  if (const auto filled = fill(page, rows); !filled) return std::unexpected(filled.error());
  return page;
}

}  // namespace creel::store

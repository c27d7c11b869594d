// Many events with what they hold, for whoever goes through them.

#include <algorithm>

#include "store/reader_impl.h"

namespace creel::store {
namespace {

constexpr std::size_t kStoredMax = 1000;
constexpr std::size_t kLooks = 256;  // at rows, between two looks at the clock

}  // namespace

// The rows of a page, and how far they reach.
std::expected<StoredPage, StoreError> IndexReader::list_stored(const StoredQuery& query, Ticks end,
                                                               std::vector<EventEntry>& rows) {
  const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, kStoredMax);
  StoredPage page;
  {
    const Snapshot snapshot(*connection_);
    connection_->names.refresh();
    std::optional<std::uint32_t> source;
    if (!query.source.empty()) {
      source = connection_->names.find(NameKind::source, query.source);
      if (!source) return page;
    }
    Statement& select = connection_->forward;
    select.bind(query.after.value_or(EventId()).value, options_.page_scan + 1);
    std::size_t looked = 0;
    std::size_t bytes = 0;
    while (select.step()) {
      const auto body_bytes = static_cast<std::uint32_t>(select.integer(4));
      page.more = rows.size() == limit || looked == options_.page_scan ||
                  (!rows.empty() && bytes + body_bytes > query.bytes_max) ||
                  (looked % kLooks == kLooks - 1 && clock_.ticks() > end);
      if (page.more) break;
      ++looked;
      page.next = EventId{static_cast<std::uint64_t>(select.integer(0))};
      if (source && static_cast<std::uint32_t>(select.integer(1)) != *source) continue;
      bytes += body_bytes;
      EventEntry& row = rows.emplace_back();
      row.id = *page.next;
      row.segment = static_cast<std::uint64_t>(select.integer(2));
      row.offset = static_cast<std::uint64_t>(select.integer(3));
    }
    select.reset();
  }
  if (!connection_->database.ok()) return std::unexpected(error());
  return page;
}

// What could not be read where its row said: it was copied forward meanwhile, or is gone. False for the
// latter.
std::expected<bool, StoreError> IndexReader::read_again(EventEntry row, StoredEvent& into) {
  const RowRead read = read_event(connection_->row, row.id, row);
  if (!connection_->database.ok()) return std::unexpected(error());
  if (read == RowRead::missing) return false;
  if (read == RowRead::damaged || !read_content(row, into)) return std::unexpected(StoreError::busy);
  return true;
}

std::expected<StoredPage, StoreError> IndexReader::stored(const StoredQuery& query) {
  if (auto connected = connect(); !connected) return std::unexpected(connected.error());
  const Ticks end = clock_.ticks() + options_.page_time;
  std::vector<EventEntry> rows;
  auto page = list_stored(query, end, rows);
  if (!page) return page;

  // In the order of the events, which is the journal's but for those that were copied forward.
  std::size_t bytes = 0;
  page->events.reserve(rows.size());
  const auto end_before = [&page](std::optional<EventId> last) {
    page->more = true;
    page->next = last;
  };
  std::optional<EventId> last = query.after;
  for (const EventEntry& row : rows) {
    if (!page->events.empty() && clock_.ticks() > end) {
      end_before(last);
      break;
    }
    StoredEvent event;
    if (!read_content(row, event)) {
      const auto found = read_again(row, event);
      if (!found) return std::unexpected(found.error());
      if (!*found) {
        last = row.id;
        continue;
      }
    }
    bytes += event.head.size() + event.body.size();
    if (!page->events.empty() && bytes > query.bytes_max) {
      end_before(last);
      break;
    }
    last = row.id;
    page->events.push_back(std::move(event));
  }
  return page;
}

// Newest first, so that what comes meanwhile does not matter. A snapshot is held for a page only.
std::expected<std::optional<EventId>, StoreError> IndexReader::nth_last(std::string_view source,
                                                                        std::uint64_t last) {
  if (auto connected = connect(); !connected) return std::unexpected(connected.error());
  const Ticks end = clock_.ticks() + options_.count_time;
  std::optional<EventId> found;
  if (last == 0) return found;
  std::uint64_t before = INT64_MAX;
  std::uint64_t counted = 0;
  while (true) {
    std::size_t looked = 0;
    {
      const Snapshot snapshot(*connection_);
      connection_->names.refresh();
      std::optional<std::uint32_t> number;
      if (!source.empty()) {
        number = connection_->names.find(NameKind::source, source);
        if (!number) return std::optional<EventId>();
      }
      Statement& select = connection_->backward;
      select.bind(before, options_.page_scan);
      while (counted < last && select.step()) {
        ++looked;
        before = static_cast<std::uint64_t>(select.integer(0));
        if (number && static_cast<std::uint32_t>(select.integer(1)) != *number) continue;
        found = EventId{before};
        ++counted;
      }
      select.reset();
    }
    if (!connection_->database.ok()) return std::unexpected(error());
    if (counted == last || looked < options_.page_scan) return found;
    if (clock_.ticks() > end) return std::unexpected(StoreError::busy);
  }
}

}  // namespace creel::store

// Pages of events, found through whichever index says most about the filter.

#include <algorithm>

#include "core/text.h"
#include "store/reader_impl.h"

namespace creel::store {
namespace {

constexpr std::size_t kEventsMax = 1000;
constexpr std::size_t kChunk = 512;

}  // namespace

// A filter with names turned into numbers.
struct IndexReader::Criteria {
  std::optional<std::uint32_t> source;
  std::vector<std::uint32_t> types;  // empty: any
  std::optional<std::uint32_t> destination;
  std::optional<DeliveryState> state;
  std::optional<StatusRange> status;
  std::optional<AttemptResult> result;
  std::optional<Time> since, until;
  // Where settled deliveries are looked up: the destinations to go through. Empty: elsewhere.
  std::vector<std::uint32_t> settled_at;
  // No event from here to the floor was received since `since`.
  std::uint64_t jump_from = 0, jump_to = 0;
};

// False when nothing can match.
bool IndexReader::make_criteria(const EventFilter& filter, Criteria& into) {
  const Names& names = connection_->names;
  if (!filter.source.empty()) {
    into.source = names.find(NameKind::source, filter.source);
    if (!into.source) return false;
  }
  if (!filter.types.empty()) {
    names.each(NameKind::type, [&filter, &into](std::uint32_t number, std::string_view type) {
      if (std::ranges::any_of(filter.types,
                              [type](const std::string& glob) { return matches_glob(glob, type); })) {
        into.types.push_back(number);
      }
    });
    if (into.types.empty()) return false;
  }
  if (!filter.destination.empty()) {
    into.destination = names.find(NameKind::destination, filter.destination);
    if (!into.destination) return false;
  }
  into.state = filter.state;
  into.status = filter.status;
  into.result = filter.result;
  into.since = filter.since;
  into.until = filter.until;
  if (filter.state == DeliveryState::dead || filter.state == DeliveryState::cancelled) {
    names.each(NameKind::destination, [&into](std::uint32_t number, std::string_view) {
      if (!into.destination || number == *into.destination) into.settled_at.push_back(number);
    });
    if (into.settled_at.empty()) return false;
  }
  if (filter.since) {
    Statement first(
        connection_->database,
        "SELECT (SELECT min(first) FROM segments WHERE newest >= ?), floor, sequence FROM progress");
    if (first.bind(filter.since->time_since_epoch().count()).step()) {
      into.jump_from = static_cast<std::uint64_t>(first.maybe(0).value_or(first.integer(2) + 1)) << 16;
      into.jump_to = static_cast<std::uint64_t>(first.integer(1)) << 16;
    }
  }
  return true;
}

bool IndexReader::matches(const EventEntry& row, const Criteria& criteria) {
  if (criteria.source && row.source != *criteria.source) return false;
  if (!criteria.types.empty() && std::ranges::find(criteria.types, row.type) == criteria.types.end())
    return false;
  if (criteria.since && row.received < *criteria.since) return false;
  if (criteria.until && row.received > *criteria.until) return false;
  if (!criteria.destination && !criteria.state && !criteria.status && !criteria.result) return true;
  return std::ranges::any_of(row.deliveries,
                             [&](const DeliveryEntry& delivery) { return matches(row, delivery, criteria); });
}

bool IndexReader::matches(const EventEntry& row, const DeliveryEntry& delivery, const Criteria& criteria) {
  if (criteria.destination && delivery.destination != *criteria.destination) return false;
  if (criteria.state && delivery.state != *criteria.state) return false;
  if (!criteria.status && !criteria.result) return true;
  const auto last = last_attempt(row, delivery);
  if (!last || (criteria.result && last->result != *criteria.result)) return false;
  return !criteria.status || (last->status >= criteria.status->from && last->status <= criteria.status->to);
}

// What only the bytes can say.
bool IndexReader::holds(const EventEntry& row, const EventFilter& filter) {
  if (!filter.content) return true;
  if (!read_record(position(row)) || row.id.item() >= record_.items.size()) return false;
  return (*filter.content)(event_view(record_, row.id));
}

// As show() gives its deliveries: in the same order.
void IndexReader::add_last_attempts(const EventEntry& row, EventRow& shown) {
  for (std::size_t i = 0; i < row.deliveries.size(); ++i) {
    if (auto last = last_attempt(row, row.deliveries[i]))
      shown.deliveries[i].history.push_back(*std::move(last));
  }
}

// The events at places that the runs gave.
void IndexReader::resolve(std::span<const std::uint64_t> places, std::vector<EventId>& into) {
  for (const std::uint64_t place : places) {
    EventId id{place};
    if (connection_->copy.bind(id.sequence()).step()) {
      id = EventId::of(static_cast<Sequence>(connection_->copy.integer(0)), id.item());
    }
    connection_->copy.reset();
    into.push_back(id);
  }
}

// The events that an id or a subject leads to. They may be gone, or lack the other of the two.
std::expected<std::vector<EventId>, StoreError> IndexReader::find_named(const EventFilter& filter) {
  std::vector<EventId> found;
  if (const auto id = parse_event_id(filter.id)) {
    found.push_back(*id);
    return found;
  }
  std::vector<std::uint64_t> places;
  bool good = true;
  if (!filter.id.empty()) {
    good = now_.names->find_shared(provider_id_hash(hasher_, filter.id), places).has_value();
    connection_->names.each(
        NameKind::source, [this, &filter, &places, &good](std::uint32_t, std::string_view source) {
          good = good && now_.keys->find_shared(hasher_(source, filter.id), places).has_value();
        });
  } else {
    good = now_.names->find_shared(subject_hash(hasher_, filter.subject), places).has_value();
  }
  if (!good) return std::unexpected(StoreError::busy);
  resolve(places, found);
  return found;
}

// The next events in the direction of travel that the best index for the criteria gives; not all of them
// match.
std::vector<EventId> IndexReader::next_ids(const Criteria& criteria, bool newest_first, std::uint64_t after,
                                           std::size_t limit) {
  if (newest_first && after <= criteria.jump_from && after > criteria.jump_to) after = criteria.jump_to;
  const std::string direction = newest_first ? "DESC" : "ASC";
  const std::string comparison = newest_first ? "<" : ">";
  std::vector<EventId> ids;
  const auto take = [&ids](Statement& select) {
    while (select.step())
      ids.push_back({static_cast<std::uint64_t>(select.integer(0))});
    select.reset();
  };
  if (!criteria.settled_at.empty()) {
    Statement select(connection_->database,
                     "SELECT event FROM settled WHERE destination = ? AND state = ? AND event " + comparison +
                         " ? ORDER BY event " + direction + " LIMIT ?");
    for (const std::uint32_t destination : criteria.settled_at) {
      take(select.bind(destination, static_cast<int>(*criteria.state), after, limit));
    }
  } else if (!criteria.types.empty()) {
    Statement select(connection_->database, "SELECT id FROM events WHERE type = ? AND id " + comparison +
                                                " ? ORDER BY id " + direction + " LIMIT ?");
    for (const std::uint32_t type : criteria.types)
      take(select.bind(type, after, limit));
  } else {
    Statement select(connection_->database, "SELECT id FROM events WHERE id " + comparison +
                                                " ? ORDER BY id " + direction + " LIMIT ?");
    take(select.bind(after, limit));
  }
  if (newest_first) {
    std::ranges::sort(ids, std::greater());
  } else {
    std::ranges::sort(ids);
  }
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  if (ids.size() > limit) ids.resize(limit);
  return ids;
}

std::expected<EventPage, StoreError> IndexReader::events(const EventQuery& query) {
  if (auto connected = connect(); !connected) return std::unexpected(connected.error());
  const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, kEventsMax);
  const Ticks end = clock_.ticks() + options_.page_time;
  const bool named = !query.filter.id.empty() || !query.filter.subject.empty();
  std::vector<EventRow> shown;
  EventPage page;
  {
    const Snapshot snapshot(*connection_);
    connection_->names.refresh();
    Criteria criteria;
    if (!make_criteria(query.filter, criteria)) return page;

    std::vector<EventId> ids;
    if (named) {
      auto found = find_named(query.filter);
      if (!found) return std::unexpected(found.error());
      ids = *std::move(found);
    }
    std::uint64_t after = query.newest_first ? std::uint64_t{INT64_MAX} : 0;
    if (query.after) after = query.after->value;
    const std::uint64_t upto = query.filter.upto ? query.filter.upto->value : std::uint64_t{INT64_MAX};
    if (query.newest_first && upto < after) after = upto + 1;
    // How many events to look at before the time: what they hold can be large.
    const std::size_t patience = query.filter.content ? 8 : 64;
    bool first = true, is_over = false;
    while (true) {
      std::vector<EventId> chunk;
      if (named) {
        if (!std::exchange(first, false)) break;
        std::ranges::sort(ids);
        ids.erase(std::ranges::unique(ids).begin(), ids.end());
        if (query.newest_first) std::ranges::reverse(ids);
        std::erase_if(ids, [&query, after, upto](EventId id) {
          return query.newest_first ? id.value >= after : id.value <= after || id.value > upto;
        });
        chunk = std::move(ids);
      } else {
        chunk = next_ids(criteria, query.newest_first, after, kChunk);
      }
      if (chunk.empty()) break;
      for (const EventId id : chunk) {
        if (id.value > upto) {
          is_over = true;
          break;
        }
        if (shown.size() == limit || page.scanned == options_.page_scan ||
            (page.scanned % patience == patience - 1 && clock_.ticks() > end)) {
          page.more = true;
          break;
        }
        ++page.scanned;
        after = id.value;
        page.next = id;
        EventEntry row;
        if (read_event(connection_->row, id, row) != RowRead::found || !matches(row, criteria) ||
            !holds(row, query.filter)) {
          continue;
        }
        EventRow one = show(row, false);
        if (query.with_last_attempt) add_last_attempts(row, one);
        // Both an id and a subject: the id led here.
        if (!query.filter.subject.empty() && one.subject != query.filter.subject) continue;
        shown.push_back(std::move(one));
      }
      if (page.more || is_over) break;
    }
  }
  if (!connection_->database.ok()) return std::unexpected(error());
  page.events = std::move(shown);
  return page;
}

}  // namespace creel::store

// A store for the tests of this folder: events in memory, answered when the test lets it.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/text.h"
#include "store/store.h"

namespace creel::admin {

class FakeReader final : public Reader {
 public:
  std::expected<DuePage, StoreError> due(const DueQuery&) override {
    return std::unexpected(StoreError::busy);
  }

  // The dead deliveries of `rows`, with what is in `contents`.
  std::expected<DuePage, StoreError> dead(const DueQuery& query) override {
    if (trouble) return std::unexpected(*trouble);
    std::vector<EventRow> ordered = rows;
    std::ranges::sort(ordered, {}, &EventRow::id);
    DuePage page;
    for (const EventRow& row : ordered) {
      if (query.after && row.id <= query.after->second) continue;
      for (const DeliveryRow& each : row.deliveries) {
        if (each.state != DeliveryState::dead || each.id.destination != query.destination) continue;
        if (std::ranges::find(query.without_sources, row.source) != query.without_sources.end()) continue;
        if (page.deliveries.size() == query.limit) {
          page.more = true;
          return page;
        }
        const auto found = contents.find(row.id);
        page.deliveries.push_back({.id = each.id,
                                   .due = each.due,
                                   .attempts = each.attempts,
                                   .event = found == contents.end()
                                                ? nullptr
                                                : std::make_shared<const StoredEvent>(found->second)});
      }
      page.next = std::pair(Time(), row.id);
    }
    return page;
  }

  std::expected<EventPage, StoreError> events(const EventQuery& query) override {
    if (trouble) return std::unexpected(*trouble);
    queries.push_back(query);
    std::vector<EventRow> ordered = rows;
    std::ranges::sort(ordered, {}, &EventRow::id);
    if (query.newest_first) std::ranges::reverse(ordered);
    EventPage page;
    for (const EventRow& row : ordered) {
      if (query.after && (query.newest_first ? row.id >= *query.after : row.id <= *query.after)) continue;
      if (page.events.size() == query.limit) {
        page.more = true;
        break;
      }
      if (query.filter.upto && row.id > *query.filter.upto) {
        if (query.newest_first) continue;
        break;
      }
      page.next = row.id;
      ++page.scanned;
      if (!matches(query.filter, row) || !holds(query.filter, row)) continue;
      page.events.push_back(row);
      for (DeliveryRow& delivery : page.events.back().deliveries) {
        auto& history = delivery.history;
        if (!query.with_last_attempt) history.clear();
        if (!history.empty()) history.erase(history.begin(), history.end() - 1);
      }
    }
    return page;
  }
  std::expected<EventRow, StoreError> event(EventId id) override {
    if (trouble) return std::unexpected(*trouble);
    const auto found = std::ranges::find(rows, id, &EventRow::id);
    if (found == rows.end()) return std::unexpected(StoreError::not_found);
    return *found;
  }
  std::expected<StoredEvent, StoreError> content(EventId id) override {
    const auto found = contents.find(id);
    if (found == contents.end()) return std::unexpected(StoreError::not_found);
    return found->second;
  }
  std::expected<std::vector<DeliveryCounts>, StoreError> counts() override {
    if (trouble) return std::unexpected(*trouble);
    return counted;
  }
  std::expected<StoredPage, StoreError> stored(const StoredQuery& query) override {
    if (trouble) return std::unexpected(*trouble);
    StoredPage page;
    for (const auto& [id, event] : contents) {
      if (query.after && id <= *query.after) continue;
      if (page.events.size() == query.limit) {
        page.more = true;
        break;
      }
      page.next = id;
      if (query.source.empty() || event.source == query.source) page.events.push_back(event);
    }
    return page;
  }
  std::expected<std::optional<EventId>, StoreError> nth_last(std::string_view source,
                                                             std::uint64_t last) override {
    if (trouble) return std::unexpected(*trouble);
    std::optional<EventId> found;
    for (auto each = contents.rbegin(); each != contents.rend() && last > 0; ++each) {
      if (!source.empty() && each->second.source != source) continue;
      found = each->first;
      --last;
    }
    return found;
  }
  std::expected<std::vector<SecretUse>, StoreError> secret_uses() override {
    if (trouble) return std::unexpected(*trouble);
    return uses;
  }
  std::expected<RejectedPage, StoreError> rejected(const RejectedQuery& query) override {
    if (trouble) return std::unexpected(*trouble);
    RejectedPage page;
    for (auto each = quarantine.rbegin(); each != quarantine.rend(); ++each) {
      if (query.before && each->row.id >= *query.before) continue;
      if (!matches(query.filter, each->row)) continue;
      if (page.rows.size() == query.limit) {
        page.more = true;
        break;
      }
      page.next = each->row.id;
      page.rows.push_back(each->row);
    }
    return page;
  }
  std::expected<RejectedRequest, StoreError> rejected_request(std::uint64_t id) override {
    for (const RejectedRequest& each : quarantine) {
      if (each.row.id == id) return each;
    }
    return std::unexpected(StoreError::not_found);
  }

  std::optional<StoreError> trouble;
  std::vector<EventRow> rows;
  std::map<EventId, StoredEvent> contents;
  std::vector<DeliveryCounts> counted;
  std::vector<SecretUse> uses;
  std::vector<RejectedRequest> quarantine;  // oldest first
  std::vector<EventQuery> queries;

 private:
  static bool matches(const RejectedFilter& filter, const RejectedRow& row) {
    return (filter.source.empty() || row.source == filter.source) &&
           (filter.cause.empty() || row.cause == filter.cause) &&
           (!filter.since || row.received >= *filter.since) &&
           (!filter.until || row.received <= *filter.until) && !(filter.unaccepted && row.accepted);
  }
  bool holds(const EventFilter& filter, const EventRow& row) const {
    if (!filter.content) return true;
    const StoredEvent& event = contents.at(row.id);
    StoredEventView view;
    view.id = event.id;
    view.source = event.source;
    view.type = event.type;
    view.head = event.head;
    view.body = event.body;
    return (*filter.content)(view);
  }
  static bool matches(const EventFilter& filter, const EventRow& row) {
    if (!filter.id.empty() && row.provider_id != filter.id) return false;
    if (!filter.source.empty() && row.source != filter.source) return false;
    const auto is_meant = [&](const DeliveryRow& delivery) {
      return (filter.destination.empty() || delivery.id.destination == filter.destination) &&
             (!filter.state || delivery.state == *filter.state);
    };
    if ((filter.state || !filter.destination.empty()) && std::ranges::none_of(row.deliveries, is_meant))
      return false;
    return filter.types.empty() || std::ranges::any_of(filter.types, [&](const std::string& glob) {
             return matches_glob(glob, row.type);
           });
  }
};

class FakeStore final : public Store {
 public:
  void read(Freshness freshness, std::move_only_function<void(Reader&, Staleness)> question) override {
    last_freshness = freshness;
    if (drops_questions) return;
    questions.push_back(std::move(question));
  }
  void command(Command command,
               std::move_only_function<void(std::expected<Sequence, StoreError>)> done) override {
    commands.push_back(command);
    waiting.push_back(std::move(done));
  }
  // What is set is there once it is synced.
  void set_state(std::string name, std::string value,
                 std::move_only_function<void(std::expected<Sequence, StoreError>)> done) override {
    waiting.push_back([this, name = std::move(name), value = std::move(value),
                       done = std::move(done)](std::expected<Sequence, StoreError> result) mutable {
      if (result) {
        states.erase(name);
        if (!value.empty()) states.emplace(name, value);
      }
      done(result);
    });
  }
  void order(Orders orders, std::string name, std::string value,
             std::move_only_function<void(std::expected<Sequence, StoreError>)> done) override {
    set_state(std::move(name), std::move(value),
              [this, orders = std::move(orders),
               done = std::move(done)](std::expected<Sequence, StoreError> result) mutable {
                if (result) ordered.push_back(std::move(orders));
                done(result);
              });
  }
  std::vector<std::pair<std::string, std::string>> state() const override {
    return {states.begin(), states.end()};
  }
  // Answers one question, as a read thread would. False when there is none.
  bool answer() {
    if (questions.empty()) return false;
    auto question = std::move(questions.front());
    questions.pop_front();
    question(reader, staleness);
    return true;
  }
  void sync(std::expected<Sequence, StoreError> result) {
    for (auto& done : std::exchange(waiting, {}))
      done(result);
  }
  // The process ends: of what waits, the first so many have come to be.
  void crash(std::size_t synced) {
    for (auto& done : std::exchange(waiting, {})) {
      if (synced == 0) break;
      --synced;
      done(1);
    }
    questions.clear();
  }
  std::size_t unsynced() const { return waiting.size(); }
  StoreStatus status() const override { return current; }

  void append(Append&) override {}
  void record(Outcome) override {}
  void reject(const NewRejected&) override {}
  void mark_accepted(std::uint64_t rejected, EventId event) override {
    for (RejectedRequest& each : reader.quarantine) {
      if (each.row.id == rejected && !each.row.accepted) each.row.accepted = {event, Time()};
    }
  }
  void start(DeliveryFeed&) override {}
  void stop() override {}

  FakeReader reader;
  Staleness staleness;
  StoreStatus current;
  bool drops_questions = false;  // as a store may that is stopping
  std::optional<Freshness> last_freshness;
  std::vector<Command> commands;
  std::vector<Orders> ordered;
  std::map<std::string, std::string> states;

 private:
  std::deque<std::move_only_function<void(Reader&, Staleness)>> questions;
  std::vector<std::move_only_function<void(std::expected<Sequence, StoreError>)>> waiting;
};

}  // namespace creel::admin

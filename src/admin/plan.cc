#include "admin/plan.h"

#include <algorithm>
#include <span>
#include <utility>

#include "admin/reread.h"
#include "rules/plan.h"
#include "verify/digest.h"

namespace creel::admin {
namespace {

using Result = PlannedBytes::Result;

constexpr std::chrono::milliseconds kPageTime{200};
constexpr std::size_t kRead = 256;                           // events at a time
constexpr std::size_t kAnswerBytes = std::size_t{4} << 20;   // after which a page ends
constexpr std::size_t kShownBytes = std::size_t{256} << 10;  // of a body
constexpr int kSearchPagesMax = 64;

// --- Where to begin
// ------------------------------------------------------------------------------------------------

// The first event received since; nothing when there is none.
std::expected<std::optional<EventId>, StoreError> first_since(Reader& reader,
                                                              const PlanRequest& request) ON_READ {
  EventQuery query;
  query.filter.source = request.source;
  query.filter.since = request.since;
  query.newest_first = false;
  query.limit = 1;
  for (int pages = 0; pages < kSearchPagesMax; ++pages) {
    const auto page = reader.events(query);
    if (!page) return std::unexpected(page.error());
    if (!page->events.empty()) return page->events.front().id;
    if (!page->more || !page->next) return std::nullopt;
    query.after = page->next;
  }
  return std::unexpected(StoreError::busy);
}

// The event before the first one to look at; nothing when there is none to look at.
std::expected<std::optional<EventId>, StoreError> begin_after(Reader& reader,
                                                              const PlanRequest& request) ON_READ {
  if (request.after) return request.after;
  auto first = reader.nth_last(request.source, request.last);
  if (first && *first && request.since) {
    const auto since = first_since(reader, request);
    if (!since || !*since) return since;
    first = std::max(**first, **since);
  }
  if (!first || !*first) return first;
  return EventId{(*first)->value - 1};
}

// --- Duplicates
// ----------------------------------------------------------------------------------------------------

// How the keys of a source's events are found under the new configuration.
struct Keying {
  std::shared_ptr<const Provider> row;  // null: they stay as they are
  bool by_body = false;
};

// By source, those of which other events may be duplicates. `notes` gets what cannot be told.
std::map<std::string, Keying, std::less<>> keyings(const PlanRequest& request,
                                                   std::span<const PlannedSource> today,
                                                   const AdminOptions& options,
                                                   std::vector<std::string>& notes) {
  std::map<std::string, Keying, std::less<>> made;
  for (const PlannedSource& then : request.then.sources) {
    const auto now = std::ranges::find(today, then.name, &PlannedSource::name);
    if (now == today.end()) continue;
    const bool same_keys = then.provider == now->provider && then.options == now->options &&
                           then.dedupe_by_body == now->dedupe_by_body;
    if (same_keys && then.dedupe == now->dedupe) continue;
    if (then.dedupe < now->dedupe || !same_keys) {
      notes.push_back("source " + then.name +
                      ": duplicates are not kept, so it cannot be told which of them would be events then");
    }
    if (same_keys && then.dedupe < now->dedupe) continue;
    Keying keying{.row = {}, .by_body = then.dedupe_by_body};
    if (!same_keys) {
      auto row = options.row_of ? options.row_of(then.provider, then.options)
                                : std::unexpected(std::string("nothing is known here of providers"));
      if (!row) {
        notes.push_back("source " + then.name + ": what would be a duplicate cannot be told: " + row.error());
        continue;
      }
      keying.row = *std::move(row);
    }
    made.emplace(then.name, std::move(keying));
  }
  return made;
}

// 128 bits of a hash: two keys that are equal here are equal.
std::string hash_of(std::string_view key) {
  const Sha256 hash = sha256(key);
  return to_hex(std::span(hash).first(16));
}

struct KeyRow {
  EventId id;
  std::string source, type, key;
  Time received;
  bool differs;  // in what becomes of it otherwise
};

// --- Details
// -------------------------------------------------------------------------------------------------------

void write_bytes(JsonWriter& json, std::string_view name, std::string_view text) {
  json.member(name, text.substr(0, kShownBytes));
  if (text.size() > kShownBytes) json.member(std::string(name) + "_cut", true);
}

void write_side(JsonWriter& json, std::string_view name, const Route* route, const PlannedBytes& bytes,
                const StoredEvent& event) {
  json.key(name);
  if (!route) {
    json.null();
    return;
  }
  json.begin_object().member("route", route->name).member("transform", !route->transform.empty());
  json.member("result", to_text(bytes.result));
  if (!bytes.error.empty()) json.member("error", bytes.error);
  if (bytes.made) {
    if (bytes.made->head != event.head) write_bytes(json, "head", bytes.made->head);
    write_bytes(json, "body", bytes.made->body);
  }
  json.end_object();
}

void write_kinds(JsonWriter& json, const PlanDifference& difference) {
  json.key("kinds").begin_array();
  if (difference.goes_to_more) json.value("more");
  if (difference.goes_to_fewer) json.value("fewer");
  if (difference.goes_elsewhere) json.value("other");
  if (difference.is_filtered) json.value("filtered");
  if (difference.is_transformed) json.value("transformed");
  if (difference.has_failed) json.value("failed");
  if (difference.is_undecided) json.value("not_tried");
  json.end_array();
}

void write_difference(JsonWriter& json, const StoredEvent& event, const PlanDifference& difference) {
  json.begin_object()
      .member("id", to_text(event.id))
      .member("source", event.source)
      .member("type", event.type)
      .member("received", event.received);
  write_kinds(json, difference);
  json.key("deliveries").begin_array();
  bool is_own_wanted = false;
  for (const PlannedDelivery& delivery : difference.deliveries) {
    json.begin_object().member("destination", delivery.destination);
    write_side(json, "before", delivery.before, delivery.bytes_before, event);
    write_side(json, "after", delivery.after, delivery.bytes_after, event);
    json.member("bytes_differ", delivery.bytes_differ).end_object();
    is_own_wanted |= delivery.bytes_before.made || delivery.bytes_after.made;
  }
  json.end_array();
  if (is_own_wanted) {
    write_bytes(json, "head", event.head);
    write_bytes(json, "body", event.body);
  }
  json.end_object();
}

// --- A page
// --------------------------------------------------------------------------------------------------------

struct Counts {
  std::uint64_t events = 0, unchanged = 0, more = 0, fewer = 0, other = 0, filtered = 0, transformed = 0,
                failed = 0, not_tried = 0;

  void add(const PlanDifference& difference) {
    ++events;
    unchanged += !difference.differs();
    more += difference.goes_to_more;
    fewer += difference.goes_to_fewer;
    other += difference.goes_elsewhere;
    filtered += difference.is_filtered;
    transformed += difference.is_transformed;
    failed += difference.has_failed;
    not_tried += difference.is_undecided;
  }
};

class Page {
 public:
  Page(const PlanRequest& request, PlanSide today, const AdminOptions& options, const Clock& clock)
      : request_(request),
        clock_(clock),
        until_(clock.ticks() + kPageTime),
        before_(std::move(today.routes), clock),
        after_(request.then.routes, clock),
        keyings_(keyings(request, today.sources, options, notes_)) {
    json_.begin_object().key("differences").begin_array();
  }

  // Looks at events until there are no more, or enough was looked at.
  std::expected<void, StoreError> run(Reader& reader) ON_READ {
    const auto begin = begin_after(reader, request_);
    if (!begin) return std::unexpected(begin.error());
    cursor_ = *begin;
    more_ = cursor_.has_value();
    std::size_t looked_at = 0;
    while (more_ && looked_at < request_.limit && !is_over()) {
      const StoredQuery query{
          .source = request_.source, .after = cursor_, .limit = std::min(kRead, request_.limit - looked_at)};
      const auto stored = reader.stored(query);
      if (!stored && counts_.events > 0) return {};  // the next page says what is wrong
      if (!stored) return std::unexpected(stored.error());
      looked_at += look_at(*stored);
    }
    return {};
  }

  http::Response answer(Staleness staleness) {
    json_.end_array().key("keys").begin_array();
    for (const KeyRow& row : keys_) {
      json_.begin_object()
          .member("id", to_text(row.id))
          .member("source", row.source)
          .member("type", row.type)
          .member("received", row.received)
          .member("key", row.key)
          .member("differs", row.differs)
          .end_object();
    }
    json_.end_array().key("counts").begin_object();
    json_.member("events", counts_.events)
        .member("unchanged", counts_.unchanged)
        .member("more", counts_.more)
        .member("fewer", counts_.fewer)
        .member("other", counts_.other)
        .member("filtered", counts_.filtered)
        .member("transformed", counts_.transformed)
        .member("failed", counts_.failed)
        .member("not_tried", counts_.not_tried)
        .end_object();
    json_.key("notes").begin_array();
    for (const std::string& note : notes_)
      json_.value(note);
    json_.end_array().key("cursor");
    cursor_ ? json_.value(to_text(*cursor_)) : json_.null();
    json_.member("more", more_);
    write_staleness(json_, staleness);
    json_.end_object();
    return json_response(json_);
  }

 private:
  bool is_over() const { return json_.size() > kAnswerBytes || clock_.ticks() >= until_; }

  // How many events it got to.
  std::size_t look_at(const StoredPage& page) {
    std::size_t count = 0;
    for (const StoredEvent& event : page.events) {
      look_at(event);
      cursor_ = event.id;
      ++count;
      if (is_over() && count < page.events.size()) return count;
    }
    if (page.next) cursor_ = page.next;
    more_ = page.more;
    return count;
  }

  void look_at(const StoredEvent& event) {
    // Clocks are set: what came before may lie behind what came since.
    if (request_.since && event.received < *request_.since) return;
    const PlanDifference difference = compare(before_, after_, event, scratch_);
    counts_.add(difference);
    if (difference.differs() && details_ < request_.details) {
      write_difference(json_, event, difference);
      ++details_;
    }
    if (const auto keying = keyings_.find(event.source); keying != keyings_.end())
      add_key(event, keying->second, difference.differs());
  }

  void add_key(const StoredEvent& event, const Keying& keying, bool differs) {
    std::string key = event.dedupe_key;
    if (keying.row) {
      auto again = reread(event, *keying.row, keying.by_body);
      if (!again) return;  // would not have been taken for an event at all
      key = std::move(again->dedupe_key);
    }
    if (key.empty()) return;
    keys_.push_back({.id = event.id,
                     .source = event.source,
                     .type = event.type,
                     .key = hash_of(key),
                     .received = event.received,
                     .differs = differs});
  }

  const PlanRequest& request_;
  const Clock& clock_;
  const Ticks until_;
  PlanRules before_, after_;
  RuleScratch scratch_;
  std::vector<std::string> notes_;
  const std::map<std::string, Keying, std::less<>> keyings_;
  std::optional<EventId> cursor_;
  bool more_ = false;
  Counts counts_;
  std::size_t details_ = 0;
  std::vector<KeyRow> keys_;
  JsonWriter json_;
};

// The configuration that runs.
PlanSide running(const AdminOptions& options) {
  PlanSide side;
  if (options.routes) side.routes = options.routes();
  if (!side.routes) side.routes = *Routes::make({});
  for (const SourceStatus& source : options.sources ? options.sources() : std::vector<SourceStatus>()) {
    side.sources.push_back({.name = source.name,
                            .provider = source.provider,
                            .options = source.options,
                            .dedupe = source.dedupe,
                            .dedupe_by_body = source.dedupe_by_body});
  }
  return side;
}

}  // namespace

Question plan_page(std::string body, const AdminOptions& options, const Clock& clock) {
  AdminOptions asked;
  asked.routes = options.routes;
  asked.sources = options.sources;
  asked.row_of = options.row_of;
  return [body = std::move(body), asked = std::move(asked), &clock](Reader& reader,
                                                                    Staleness staleness) -> Answer {
    assume(on_read);
    const auto request = parse_plan(body);
    if (!request) return {.response = request.error()};
    Page page(*request, request->against ? *request->against : running(asked), asked, clock);
    if (const auto done = page.run(reader); !done) return {.response = error(done.error())};
    return {.response = page.answer(staleness)};
  };
}

}  // namespace creel::admin

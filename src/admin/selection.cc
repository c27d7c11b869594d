#include "admin/selection.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "admin/resources.h"

namespace creel::admin {
namespace {

constexpr std::size_t kIdsMax = 1000;

using Complaint = std::optional<http::Response>;

Complaint bad(std::string_view message) {
  return error(400, "bad_parameter", message);
}

// What was read, before the filter is compiled: that reads JSON too, and there is one reader a thread.
struct Draft {
  Selection selection;
  std::string filter;
};

Complaint take_time(std::string_view name, std::string_view text, std::optional<Time>& into) {
  into = parse_time(text);
  if (into) return std::nullopt;
  return bad_time(name);
}

// Of what is a text in both forms.
Complaint take_text(std::string_view name, std::string_view text, Draft& into) {
  EventFilter& events = into.selection.events;
  if (name == "source") {
    events.source = text;
  } else if (name == "id") {
    events.id = text;
  } else if (name == "subject") {
    events.subject = text;
  } else if (name == "destination") {
    events.destination = text;
  } else if (name == "state") {
    events.state = parse_delivery_state(text);
    if (!events.state)
      return bad("`state` is one of pending, delivered, dead, cancelled (held ones are pending).");
  } else if (name == "status") {
    events.status = parse_status_range(text);
    if (!events.status) return bad("`status` is like 503, 5xx or 500-599: what the newest attempt got.");
  } else if (name == "error") {
    events.result = parse_attempt_result(text);
    if (!events.result) {
      return bad(
          "`error` is how the newest attempt ended: one of delivered, status, connect, dns, tls, timeout, "
          "reset, "
          "body_limit, unsent, exit, refused, auth.");
    }
  } else if (name == "since") {
    return take_time(name, text, events.since);
  } else if (name == "until") {
    return take_time(name, text, events.until);
  } else if (name == "text") {
    into.selection.text = text;
  } else {
    into.filter = text;
  }
  return std::nullopt;
}

Complaint take_id(std::string_view text, std::vector<DeliveryId>& into) {
  if (const auto delivery = parse_delivery_id(text)) {
    into.push_back(*delivery);
  } else if (const auto event = parse_event_id(text)) {
    into.push_back({.event = *event, .destination = {}, .ordinal = 0});
  } else {
    return bad("`ids` are ids of events (cev_…) or of deliveries (cev_….app.1).");
  }
  return std::nullopt;
}

template <class Take>
Complaint take_list(std::string_view name, simdjson::dom::element value, Take take) {
  simdjson::dom::array items;
  if (value.get(items) != simdjson::SUCCESS) return bad("`" + std::string(name) + "` is a list of texts.");
  for (simdjson::dom::element item : items) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) return bad("`" + std::string(name) + "` is a list of texts.");
    if (auto complaint = take(text)) return complaint;
  }
  return std::nullopt;
}

Complaint take_member(std::string_view name, simdjson::dom::element value, Draft& into) {
  Selection& selection = into.selection;
  if (name == "types") {
    return take_list(name, value, [&](std::string_view text) {
      selection.events.types.emplace_back(text);
      return Complaint();
    });
  }
  if (name == "ids") {
    return take_list(name, value, [&](std::string_view text) { return take_id(text, selection.ids); });
  }
  if (name == "filter") {
    if (!value.is_object()) return bad("`filter` is an object, as a route's.");
    into.filter = simdjson::minify(value);
    return std::nullopt;
  }
  if (name == "type" || std::ranges::find(kSelectionNames, name) == kSelectionNames.end()) {
    return error(
        400, "unknown_parameter",
        "There is no member `" + std::string(name) +
            "` in a selection. Known are: source, types, id, ids, subject, destination, state, status, "
            "error, since, until, text, filter.");
  }
  std::int64_t number = 0;
  const bool may_be_number = name == "status" || name == "since" || name == "until";
  if (may_be_number && value.get(number) == simdjson::SUCCESS)
    return take_text(name, std::to_string(number), into);
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return bad("`" + std::string(name) + "` is a text.");
  return take_text(name, text, into);
}

std::expected<Selection, http::Response> finish(Draft draft) {
  Selection selection = std::move(draft.selection);
  if (!draft.filter.empty()) {
    auto filter = Filter::parse(draft.filter);
    if (!filter) {
      const std::string where = filter.error().where.empty() ? "" : " at " + filter.error().where;
      return std::unexpected(*bad("`filter`" + where + ": " + filter.error().message));
    }
    selection.filter = std::make_shared<const Filter>(*std::move(filter));
  }
  if (selection.ids.empty()) return selection;
  if (selection.ids.size() > kIdsMax) return std::unexpected(*bad("`ids` are at most 1000."));
  Selection rest = selection;
  rest.ids.clear();
  rest.events.destination.clear();
  rest.events.state.reset();
  if (!rest.is_empty())
    return std::unexpected(*bad("With `ids` only `destination` and `state` can be said besides."));
  return selection;
}

std::optional<int> number_of(std::string_view text) {
  int number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

std::optional<DeliveryState> parse_delivery_state(std::string_view text) {
  for (const DeliveryState state :
       {DeliveryState::pending, DeliveryState::delivered, DeliveryState::dead, DeliveryState::cancelled}) {
    if (text == to_text(state)) return state;
  }
  return std::nullopt;
}

std::optional<AttemptResult> parse_attempt_result(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(AttemptResult::auth); ++i) {
    const auto result = static_cast<AttemptResult>(i);
    if (text == to_text(result)) return result;
  }
  return std::nullopt;
}

std::optional<StatusRange> parse_status_range(std::string_view text) {
  if (text.size() == 3 && text.ends_with("xx")) {
    const auto hundreds = number_of(text.substr(0, 1));
    if (!hundreds || *hundreds < 1 || *hundreds > 5) return std::nullopt;
    return StatusRange{*hundreds * 100, *hundreds * 100 + 99};
  }
  const std::size_t dash = text.find('-');
  const auto from = number_of(text.substr(0, dash));
  const auto to = dash == std::string_view::npos ? from : number_of(text.substr(dash + 1));
  if (!from || !to || *from > *to) return std::nullopt;
  return StatusRange{*from, *to};
}

bool Selection::is_empty() const {
  return ids.empty() && text.empty() && !filter && events.source.empty() && events.types.empty() &&
         events.id.empty() && events.subject.empty() && events.destination.empty() && !events.state &&
         !events.status && !events.result && !events.since && !events.until;
}

EventFilter Selection::reading() const {
  EventFilter reading = events;
  if (text.empty() && !filter) return reading;
  reading.content = std::make_shared<const std::function<bool(const StoredEventView&)>>(
      [text = text, filter = filter,
       scratch = std::make_shared<RuleScratch>()](const StoredEventView& event) {
        if (!text.empty() && !event.body.contains(text) && !event.head.contains(text)) return false;
        return !filter ||
               filter->matches(
                   {.source = event.source, .type = event.type, .head = event.head, .body = event.body},
                   *scratch);
      });
  return reading;
}

bool Selection::takes(const DeliveryRow& delivery) const {
  if (!events.destination.empty() && delivery.id.destination != events.destination) return false;
  if (events.state && delivery.state != *events.state) return false;
  if (!events.status && !events.result) return true;
  if (delivery.history.empty()) return false;
  const Attempt& last = delivery.history.back();
  if (events.result && last.result != *events.result) return false;
  return !events.status || (last.status >= events.status->from && last.status <= events.status->to);
}

std::expected<Selection, http::Response> selection_of(const Query& query) {
  Draft draft;
  draft.selection.events.types = query.list("type");
  for (const std::string_view name : kSelectionNames) {
    if (name == "type" || !query.has(name)) continue;
    if (auto complaint = take_text(name, query.get(name), draft))
      return std::unexpected(*std::move(complaint));
  }
  return finish(std::move(draft));
}

std::expected<Selection, http::Response> selection_of(simdjson::dom::object object) {
  Draft draft;
  for (const auto& [name, value] : object) {
    if (auto complaint = take_member(name, value, draft)) return std::unexpected(*std::move(complaint));
  }
  return finish(std::move(draft));
}

}  // namespace creel::admin

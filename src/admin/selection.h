// Which events and deliveries a question or a job is about: the same words in a query string and in a job's
// JSON.
//
// Values; const functions may be called from any thread.
#pragma once

#include <array>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/query.h"
#include "http/http.h"
#include "rules/filter.h"
#include "store/store.h"
#include "verify/json.h"

namespace creel::admin {

// What the members of a selection are called, besides "ids", which a query string does not have.
inline constexpr auto kSelectionNames =
    std::to_array<std::string_view>({"source", "type", "id", "subject", "destination", "state", "status",
                                     "error", "since", "until", "text", "filter"});

struct Selection {
  EventFilter events;  // `content` is left out: see reading()
  // Of these alone; "" as destination means every delivery of the event.
  std::vector<DeliveryId> ids;
  std::string text;                      // a part of the body or the head, byte for byte; "" for any
  std::shared_ptr<const Filter> filter;  // as a route's; null for any

  bool is_empty() const;
  // With what asks for text and filter, for one question on one thread.
  EventFilter reading() const;
  // Whether what is said of deliveries holds of this one: destination, state, and its newest attempt, which
  // is the last of its history.
  bool takes(const DeliveryRow& delivery) const;
};

// Of the parameters with these names; others are not looked at. What is wrong is the answer.
std::expected<Selection, http::Response> selection_of(const Query& query);
// Of an object: texts, a status as a number or a text, `types` and `ids` as lists, `filter` as an object.
std::expected<Selection, http::Response> selection_of(simdjson::dom::object object);

// "app", as in `state`, `error` and so on of a delivery: nothing when it is none.
std::optional<DeliveryState> parse_delivery_state(std::string_view text);
std::optional<AttemptResult> parse_attempt_result(std::string_view text);
// "503", "5xx", "500-599".
std::optional<StatusRange> parse_status_range(std::string_view text);

}  // namespace creel::admin

// The key of an event by which a destination puts its deliveries in order: a field of the body, or a header.
//
//   const auto key = EventKey::parse("data.account.id");     // or "header:X-Account"
//   std::string text;
//   scratch.forget();
//   if (key->read({.head = head, .body = body}, scratch, text)) …
//
// A path is read as filters read a dotted key: first as the name of one field, then step by step; a number is
// a place in an array or a name. What is no text and no number is no key, and an event without a key has no
// order.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/filter.h"

namespace creel {

// Immutable: share between threads, each with its own RuleScratch.
class EventKey {
 public:
  // Nothing for what is no path: an empty one, one with an empty step, a header without a name.
  static std::optional<EventKey> parse(std::string_view path);

  // Writes the key into `into`; false when the event has none. Numbers are written as the shortest text of
  // their value, so that 7, 7.0 and "7" are one key. Of a header that comes several times the first counts.
  // The event is the same since scratch.forget().
  bool read(const RuleInput& event, RuleScratch& scratch, std::string& into) const;

 private:
  EventKey() = default;

  std::string text_;                // as it was given, without "header:"
  std::vector<std::string> steps_;  // of a path with more than one
  bool is_header_ = false;
};

}  // namespace creel

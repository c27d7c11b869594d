// Which events a route takes, in the operator language that users of other gateways know (docs/filters.md).
//
//   auto filter = Filter::parse(R"({"body":{"data":{"id":{"$startsWith":"batch_"}}}})");
//   RuleScratch scratch;
//   if (filter->matches({.source = "openai", .type = "batch.completed", .head = head, .body = body},
//   scratch)) …
//
// A filter is compiled once and is a pure function of the event: no clock, no regular expression, no loop
// that the filter's author could make long. It says no to what it cannot read (a body that is not JSON has no
// fields), never an error. Immutable: share between threads.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace creel {

// An event as rules see it: what is kept of it, credentials replaced. The views belong to the caller.
struct RuleInput {
  std::string_view source, type;
  std::string_view head;  // request line and header lines, as NewEvent::head
  std::string_view body;  // of the event itself, which may be one item of a larger request
};

// Memory of a thread that asks rules, reused from event to event, so that asking allocates nothing once it
// has grown. What was read of an event is kept until forget(), so that several filters read its body once.
class RuleScratch {
 public:
  RuleScratch();
  ~RuleScratch();
  RuleScratch(const RuleScratch&) = delete;
  RuleScratch& operator=(const RuleScratch&) = delete;

  // The next question is about another event. Its bytes may be gone.
  void forget();

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

struct FilterError {
  std::string where;    // "body.data.id.$regex"; "" for the whole
  std::string message;  // what is wrong there, and what to write instead
};

class Filter {
 public:
  // `json` is an object with any of the parts body, headers, query and path; all of them must match.
  static std::expected<Filter, FilterError> parse(std::string_view json);
  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;
  ~Filter();

  // Each call is about a new event.
  bool matches(const RuleInput& event, RuleScratch& scratch) const;

  // For one who asks several filters about one event: the event is the same since scratch.forget().
  bool matches_also(const RuleInput& event, RuleScratch& scratch) const;

  struct Impl;

 private:
  explicit Filter(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace creel

// How often a destination is tried, how much it is given at once, and in which order.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/config_destination.h"
#include "app/units.h"
#include "rules/event_key.h"

namespace creel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLongestTimeout = std::chrono::hours(24);
constexpr int kLowestStatus = 300, kHighestStatus = 999;

// --- Retries
// -----------------------------------------------------------------------------------------------------------

std::optional<int> status_number(std::string_view text) {
  if (text.size() != 3 || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  return (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
}

// "5xx", "429", "500-599", each perhaps with ! before it.
std::optional<StatusRange> parse_statuses(std::string_view text) {
  StatusRange range;
  if (text.starts_with('!')) {
    range.is_excluded = true;
    text.remove_prefix(1);
  }
  if (text.size() == 3 && text.ends_with("xx") && text[0] >= '1' && text[0] <= '9') {
    range.from = (text[0] - '0') * 100;
    range.to = range.from + 99;
    return range;
  }
  const std::size_t dash = text.find('-');
  const auto from = status_number(text.substr(0, dash));
  const auto to = dash == std::string_view::npos ? from : status_number(text.substr(dash + 1));
  if (!from || !to || *to < *from) return std::nullopt;
  range.from = *from;
  range.to = *to;
  return range;
}

void read_statuses(Section& from, RetryPolicy& retry) {
  const TomlNode* node = from.find("statuses");
  if (!node) return;
  const auto* array = std::get_if<TomlNode::Array>(&node->value);
  if (!array || array->empty()) {
    from.problems().error(
        node->place,
        "statuses must be an array of those that are tried again, such as [\"5xx\", 429]; leave "
        "it out for all");
    return;
  }
  for (const TomlNode& element : *array) {
    std::optional<StatusRange> range;
    if (const auto* number = std::get_if<std::int64_t>(&element.value)) {
      range = parse_statuses(std::to_string(*number));
    } else if (std::holds_alternative<std::string>(element.value)) {
      const auto text = from.expanded("statuses", element);
      if (!text) continue;
      range = parse_statuses(text->text);
    }
    if (!range) {
      from.problems().error(
          element.place,
          "statuses: write a number, \"5xx\", \"500-599\", or one of these after ! for what is not "
          "tried again");
    } else if (range->from < kLowestStatus || range->to > kHighestStatus) {
      from.problems().error(element.place, fmt::format("statuses are from {} to {}: 2xx is a success",
                                                       kLowestStatus, kHighestStatus));
    } else {
      retry.statuses.push_back(*range);
    }
  }
}

void read_delays(Section& from, RetryPolicy& retry) {
  for (const ConfigText& given : from.texts("delays")) {
    const auto delay = parse_duration(given.text);
    if (!delay) {
      from.problems().error(given.place, "delays: " + delay.error());
    } else if (*delay < milliseconds(1)) {
      from.problems().error(given.place, "every element of delays must be at least 1ms");
    } else {
      retry.delays.push_back(*delay);
    }
  }
}

// Those of the keys that this way of waiting has no use for.
void refuse(Section& from, std::initializer_list<std::string_view> keys, std::string_view backoff) {
  for (const std::string_view key : keys) {
    if (!from.has(key)) continue;
    from.problems().error(from.place(key),
                          fmt::format("{} has no meaning with backoff = \"{}\"", key, backoff));
  }
}

void read_growth(Section& from, RetryPolicy& retry) {
  using Growth = RetryPolicy::Growth;
  if (from.has("delays")) retry.growth = Growth::list;
  from.choice<Growth>(
      "backoff", retry.growth,
      {{"exponential", Growth::exponential}, {"linear", Growth::linear}, {"list", Growth::list}});
  if (retry.growth == Growth::list) {
    read_delays(from, retry);
    refuse(from, {"initial", "factor", "max"}, "list");
    const TomlNode* delays = from.find("delays");
    const auto* array = delays ? std::get_if<TomlNode::Array>(&delays->value) : nullptr;
    if (!delays || (array && array->empty())) {
      from.problems().error(from.place("delays"),
                            "backoff = \"list\" needs delays, such as [\"5s\", \"1m\", \"10m\"]");
    }
    return;
  }
  from.duration("initial", retry.initial, milliseconds(1));
  from.duration("max", retry.max, milliseconds(1));
  if (retry.growth == Growth::linear) {
    refuse(from, {"factor", "delays"}, "linear");
  } else {
    refuse(from, {"delays"}, "exponential");
    from.number("factor", retry.factor, 1, 100);
  }
  if (retry.max < retry.initial) {
    from.problems().error(from.place("max"),
                          fmt::format("max ({}) is shorter than initial ({})", duration_text(retry.max),
                                      duration_text(retry.initial)));
  }
}

void read_retry(Section& of, Destination& into) {
  const TomlNode* node = of.find("retry");
  if (!node) return;
  Section from(*node, "retry of " + of.title(),
               {"backoff", "initial", "factor", "max", "jitter", "attempts", "delays", "age", "statuses"},
               of.outside(), of.problems());
  RetryPolicy& retry = into.retry;
  read_growth(from, retry);
  from.number("jitter", retry.jitter, 0, 1);
  std::int64_t attempts = retry.attempts;
  from.integer("attempts", attempts, 1, 100'000);
  retry.attempts = static_cast<int>(attempts);
  from.duration("age", retry.age, seconds(1));
  if (into.kind != DestinationKind::http && from.has("statuses")) {
    from.problems().error(from.place("statuses"),
                          "statuses are for HTTP: a program says by its exit code what is to be tried again");
  } else {
    read_statuses(from, retry);
  }
}

// --- Limits
// ------------------------------------------------------------------------------------------------------------

void read_rate_text(const ConfigText& given, ConfigProblems& problems, std::optional<Rate>& into) {
  const auto rate = parse_rate_limit(given.text);
  if (!rate) {
    problems.error(given.place, "rate: " + rate.error());
  } else {
    into = *rate;
  }
}

void read_rate(Section& of, Destination& into) {
  const TomlNode* node = of.find("rate");
  if (!node) return;
  if (!std::holds_alternative<TomlNode::Table>(node->value)) {
    if (const auto given = of.text("rate")) read_rate_text(*given, of.problems(), into.rate);
    return;
  }
  Section from(*node, "rate of " + of.title(), {"rate", "burst"}, of.outside(), of.problems());
  if (!from.has("rate"))
    from.problems().error(node->place,
                          from.title() + " needs a rate, such as { rate = \"100/m\", burst = 20 }");
  if (const auto given = from.text("rate")) read_rate_text(*given, from.problems(), into.rate);
  std::int64_t burst = 0;
  from.integer("burst", burst, 1, 1'000'000);
  if (into.rate && burst > 0) into.rate->burst = static_cast<std::uint32_t>(burst);
}

void read_slots(Section& from, Destination& into) {
  std::int64_t concurrency = into.concurrency;
  from.integer("concurrency", concurrency, 1, 10'000);
  into.concurrency = static_cast<int>(concurrency);
  from.boolean("adaptive_concurrency", into.is_adaptive);
  if (into.is_adaptive && into.concurrency == 1) {
    from.problems().warning(
        from.place("adaptive_concurrency"),
        fmt::format("{}: adaptive_concurrency never falls below 1, which concurrency is already",
                    from.title()));
  }
  from.duration("timeout", into.timeout, milliseconds(1));
  if (into.timeout > kLongestTimeout) {
    from.problems().error(from.place("timeout"),
                          fmt::format("timeout must be at most {}", duration_text(kLongestTimeout)));
  }
}

// --- Breaker and order
// -------------------------------------------------------------------------------------------------

// How many attempts can end within the breaker's window at the destination's rate.
double most_in_window(const Rate& rate, const BreakerPolicy& breaker) {
  const double a_second = std::max(1.0, rate.count * 1000.0 / static_cast<double>(rate.per.count()));
  return rate.count * (static_cast<double>(breaker.window.count()) / static_cast<double>(rate.per.count())) +
         (rate.burst ? *rate.burst : a_second);
}

void read_breaker(Section& of, Destination& into) {
  const TomlNode* node = of.find("breaker");
  if (!node) return;
  Section from(*node, "breaker of " + of.title(), {"ratio", "attempts", "window", "probe_after"},
               of.outside(), of.problems());
  if (!std::holds_alternative<TomlNode::Table>(node->value)) return;
  BreakerPolicy& breaker = into.breaker.emplace();
  from.number("ratio", breaker.ratio, 0.01, 1);
  std::int64_t attempts = breaker.attempts;
  from.integer("attempts", attempts, 1, 1'000'000);
  breaker.attempts = static_cast<int>(attempts);
  from.duration("window", breaker.window, seconds(1));
  from.duration("probe_after", breaker.probe_after, milliseconds(100));
  if (into.rate && most_in_window(*into.rate, breaker) < breaker.attempts) {
    from.problems().warning(
        node->place,
        fmt::format("the breaker of {} opens on nothing but timeouts: rate = \"{}\" lets fewer than {} "
                    "attempts end within {}",
                    of.title(), rate_text(*into.rate), breaker.attempts, duration_text(breaker.window)));
  } else if (breaker.window < into.timeout && (from.has("window") || of.has("timeout"))) {
    from.problems().warning(
        node->place, fmt::format("the breaker of {} looks at {} only, and an attempt may take {} (timeout): "
                                 "it opens late, or never",
                                 of.title(), duration_text(breaker.window), duration_text(into.timeout)));
  }
}

// "data.id" or "header:X-Account". A field can be called anything, but what looks like JSONPath or a JSON
// pointer was meant as one.
bool is_order_key(std::string_view text) {
  const auto is_bad = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; };
  return EventKey::parse(text) && !text.starts_with('/') && !text.starts_with('$') &&
         text.find('[') == std::string_view::npos && std::ranges::none_of(text, is_bad);
}

void read_order(Section& from, Destination& into) {
  using OnFailure = OrderPolicy::OnFailure;
  if (auto given = from.text("order_by")) {
    if (is_order_key(given->text)) {
      into.order.by = std::move(given->text);
    } else {
      from.problems().error(
          given->place,
          "order_by must be the path of a field of the body, such as \"data.id\", or a header, "
          "such as \"header:X-Account\"");
    }
  }
  from.choice<OnFailure>("on_failure", into.order.on_failure,
                         {{"block", OnFailure::block}, {"park", OnFailure::park}, {"skip", OnFailure::skip}});
  if (from.has("on_failure") && !from.has("order_by"))
    from.problems().error(from.place("on_failure"), "on_failure is only for a destination with order_by");
}

}  // namespace

void read_policies(Section& from, Destination& into) {
  read_rate(from, into);
  read_slots(from, into);
  read_retry(from, into);
  read_breaker(from, into);
  read_order(from, into);
}

}  // namespace creel

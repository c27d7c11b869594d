#include "rules/event_key.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "rules/filter_event.h"
#include "rules/filter_value.h"

namespace creel {
namespace {

constexpr std::string_view kHeader = "header:";
// A double beyond is no whole number for certain, and is written as it is.
constexpr double kWholeMax = 9007199254740992.0;

bool is_token(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

std::optional<RuleValue> step_into(const RuleValue& value, std::string_view step) {
  if (!is_array(value)) return member(value, step);
  std::size_t index = 0;
  const char* end = step.data() + step.size();
  const auto [at, error] = std::from_chars(step.data(), end, index);
  if (error != std::errc{} || at != end) return std::nullopt;
  return element_at(value, index);
}

template <class Number>
bool write(Number number, std::string& into) {
  char text[64];
  const auto [end, error] = std::to_chars(std::begin(text), std::end(text), number);
  if (error != std::errc{}) return false;
  into.assign(text, end);
  return true;
}

bool write(const RuleValue& value, std::string& into) {
  if (const auto text = string_of(value)) {
    into = *text;
    return !into.empty();
  }
  if (value.kind == RuleValue::Kind::repeated) {
    return any_element(value, [&](const RuleValue& each, std::size_t) { return write(each, into); });
  }
  if (value.kind != RuleValue::Kind::json) return false;
  using simdjson::dom::element_type;
  switch (value.json.type()) {
    case element_type::INT64:
      return write(std::int64_t(value.json.get_int64().value_unsafe()), into);
    case element_type::UINT64:
      return write(std::uint64_t(value.json.get_uint64().value_unsafe()), into);
    case element_type::DOUBLE: {
      const double number = value.json.get_double().value_unsafe();
      const bool is_whole = std::trunc(number) == number && std::abs(number) <= kWholeMax;
      return is_whole ? write(static_cast<std::int64_t>(number), into) : write(number, into);
    }
    default:
      return false;
  }
}

}  // namespace

std::optional<EventKey> EventKey::parse(std::string_view path) {
  EventKey key;
  key.is_header_ = path.starts_with(kHeader);
  if (key.is_header_) {
    key.text_ = path.substr(kHeader.size());
    if (!is_token(key.text_)) return std::nullopt;
    return key;
  }
  key.text_ = path;
  for (std::string_view rest = path;;) {
    const std::size_t end = rest.find('.');
    if (end == 0 || rest.empty()) return std::nullopt;
    key.steps_.emplace_back(rest.substr(0, end));
    if (end == std::string_view::npos) return key;
    rest.remove_prefix(end + 1);
  }
}

bool EventKey::read(const RuleInput& event, RuleScratch& scratch, std::string& into) const {
  if (is_header_) {
    const auto value = member(scratch.impl().headers(event), text_);
    return value && write(*value, into);
  }
  const RuleValue body = scratch.impl().body(event);
  std::optional<RuleValue> value = member(body, text_);
  if (!value) {
    value = body;
    for (const std::string& step : steps_) {
      if (value) value = step_into(*value, step);
    }
  }
  return value && write(*value, into);
}

}  // namespace creel

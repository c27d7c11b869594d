#include "rules/filter_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <functional>
#include <utility>

#include "core/text.h"

namespace creel {
namespace {

using simdjson::dom::element_type;

// An exact number. What fits an int64 is one, so that each whole number has one form.
struct Number {
  enum class Kind { integer, natural, real };
  Kind kind = Kind::integer;
  std::int64_t integer = 0;
  std::uint64_t natural = 0;
  double real = 0;
};

Number whole(std::uint64_t value) {
  if (std::in_range<std::int64_t>(value))
    return {.kind = Number::Kind::integer, .integer = static_cast<std::int64_t>(value)};
  return {.kind = Number::Kind::natural, .natural = value};
}

// A double keeps 53 bits, so a whole number is compared with the whole part of it and then with nothing.
template <class Whole>
std::partial_ordering compare_with_real(Whole whole_number, double real, double above) {
  if (real >= above) return std::partial_ordering::less;
  if (real < (std::is_signed_v<Whole> ? -above : 0)) return std::partial_ordering::greater;
  const double floor = std::floor(real);
  const auto ordering = whole_number <=> static_cast<Whole>(floor);
  return ordering != 0 ? ordering : (floor < real ? std::strong_ordering::less : std::strong_ordering::equal);
}

std::partial_ordering compare(const Number& a, const Number& b) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  using Kind = Number::Kind;
  if (a.kind == Kind::real && b.kind == Kind::real) return a.real <=> b.real;
  if (a.kind == Kind::real) return 0 <=> compare(b, a);
  if (b.kind == Kind::real)
    return a.kind == Kind::integer ? compare_with_real(a.integer, b.real, kTwoTo63)
                                   : compare_with_real(a.natural, b.real, kTwoTo63 * 2);
  if (a.kind != b.kind)
    return a.kind == Kind::integer ? std::partial_ordering::less : std::partial_ordering::greater;
  return a.kind == Kind::integer ? std::partial_ordering(a.integer <=> b.integer)
                                 : std::partial_ordering(a.natural <=> b.natural);
}

std::optional<Number> number_of(const RuleValue& value) {
  if (value.kind != RuleValue::Kind::json) return std::nullopt;
  switch (value.json.type()) {
    case element_type::INT64:
      return Number{.kind = Number::Kind::integer,
                    .integer = std::int64_t(value.json.get_int64().value_unsafe())};
    case element_type::UINT64:
      return whole(value.json.get_uint64().value_unsafe());
    case element_type::DOUBLE:
      return Number{.kind = Number::Kind::real, .real = value.json.get_double().value_unsafe()};
    default:
      return std::nullopt;
  }
}

// A text that is a decimal number from its first byte to its last.
std::optional<Number> number_in(std::string_view text) {
  const char* end = text.data() + text.size();
  const std::size_t digits = text.starts_with('-') ? 1 : 0;
  if (digits >= text.size() || text[digits] < '0' || text[digits] > '9') return std::nullopt;
  Number number;
  if (const auto [at, error] = std::from_chars(text.data(), end, number.integer);
      error == std::errc{} && at == end)
    return number;
  if (const auto [at, error] = std::from_chars(text.data(), end, number.natural);
      error == std::errc{} && at == end)
    return whole(number.natural);
  number.kind = Number::Kind::real;
  if (const auto [at, error] = std::from_chars(text.data(), end, number.real);
      error == std::errc{} && at == end)
    return number;
  return std::nullopt;
}

bool equal_elements(simdjson::dom::array a, simdjson::dom::array b) {
  auto other = b.begin();
  for (simdjson::dom::element element : a) {
    if (!(other != b.end()) || !equal(json_value(element), json_value(*other))) return false;
    ++other;
  }
  return !(other != b.end());
}

using Member = std::pair<std::string_view, simdjson::dom::element>;

// By name; of those that come twice the first.
std::vector<Member> sorted(simdjson::dom::object object) {
  std::vector<Member> members;
  for (const simdjson::dom::key_value_pair member : object)
    members.emplace_back(member.key, member.value);
  // simdjson writes keys into its memory in the order in which they come.
  std::ranges::sort(members, [](const Member& a, const Member& b) {
    return a.first != b.first ? a.first < b.first : std::less<>()(a.first.data(), b.first.data());
  });
  members.erase(std::ranges::unique(members, {}, &Member::first).begin(), members.end());
  return members;
}

bool equal_members(simdjson::dom::object a, simdjson::dom::object b) {
  return std::ranges::equal(sorted(a), sorted(b), [](const Member& x, const Member& y) {
    return x.first == y.first && equal(json_value(x.second), json_value(y.second));
  });
}

bool equal_json(simdjson::dom::element a, simdjson::dom::element b) {
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case element_type::NULL_VALUE:
      return true;
    case element_type::BOOL:
      return a.get_bool().value_unsafe() == b.get_bool().value_unsafe();
    case element_type::ARRAY:
      return equal_elements(a.get_array().value_unsafe(), b.get_array().value_unsafe());
    case element_type::OBJECT:
      return equal_members(a.get_object().value_unsafe(), b.get_object().value_unsafe());
    default:
      return false;  // strings and numbers have an order
  }
}

bool is_null(const RuleValue& value) {
  return value.kind == RuleValue::Kind::nothing ||
         (value.kind == RuleValue::Kind::json && value.json.is_null());
}

// At least one of them is of texts.
bool equal_arrays(const RuleValue& a, const RuleValue& b) {
  std::size_t elements = 0;
  const bool differs = any_element(a, [&](const RuleValue& element, std::size_t index) {
    const auto other = element_at(b, index);
    elements = index + 1;
    return !other || !equal(element, *other);
  });
  return !differs && !element_at(b, elements);
}

bool equal_fields(const TextFields& fields, const RuleValue& object) {
  simdjson::dom::object members;
  if (object.kind != RuleValue::Kind::json || object.json.get(members) != simdjson::SUCCESS) return false;
  for (const simdjson::dom::key_value_pair each : members) {
    const auto mine = member(fields_value(fields), each.key);
    if (!mine || !equal(*mine, json_value(each.value))) return false;
  }
  return std::ranges::all_of(fields.list, [&](const TextField& field) {
    return std::ranges::any_of(
        members, [&](const simdjson::dom::key_value_pair& each) { return fields.is_named(field, each.key); });
  });
}

}  // namespace

bool TextFields::is_named(const TextField& field, std::string_view name) const {
  return ignores_case ? equal_ignoring_case(field.name, name) : field.name == name;
}

RuleValue json_value(simdjson::dom::element element) {
  return {.kind = RuleValue::Kind::json, .json = element};
}

RuleValue text_value(std::string_view text) {
  return {.kind = RuleValue::Kind::text, .text = text};
}

RuleValue fields_value(const TextFields& fields) {
  return {.kind = RuleValue::Kind::fields, .fields = &fields};
}

bool is_array(const RuleValue& value) {
  return value.kind == RuleValue::Kind::repeated ||
         (value.kind == RuleValue::Kind::json && value.json.is_array());
}

bool is_object(const RuleValue& value) {
  return value.kind == RuleValue::Kind::fields ||
         (value.kind == RuleValue::Kind::json && value.json.is_object());
}

std::optional<RuleValue> member(const RuleValue& value, std::string_view name) {
  if (value.kind == RuleValue::Kind::json) {
    simdjson::dom::object object;
    simdjson::dom::element found;
    if (value.json.get(object) != simdjson::SUCCESS || object.at_key(name).get(found) != simdjson::SUCCESS)
      return std::nullopt;
    return json_value(found);
  }
  if (value.kind != RuleValue::Kind::fields) return std::nullopt;
  const auto is_it = [&](const TextField& field) { return value.fields->is_named(field, name); };
  const auto& list = value.fields->list;
  const auto first = std::ranges::find_if(list, is_it);
  if (first == list.end()) return std::nullopt;
  if (std::find_if(first + 1, list.end(), is_it) == list.end()) return text_value(first->value);
  return RuleValue{.kind = RuleValue::Kind::repeated, .text = first->name, .fields = value.fields};
}

std::optional<RuleValue> element_at(const RuleValue& value, std::size_t index) {
  std::optional<RuleValue> found;
  if (!is_array(value)) return found;
  any_element(value, [&](const RuleValue& element, std::size_t at) {
    if (at == index) found = element;
    return at == index;
  });
  return found;
}

std::optional<std::string_view> string_of(const RuleValue& value) {
  if (value.kind == RuleValue::Kind::text) return value.text;
  std::string_view text;
  if (value.kind != RuleValue::Kind::json || value.json.get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

std::optional<std::partial_ordering> order(const RuleValue& a, const RuleValue& b) {
  const auto a_string = string_of(a), b_string = string_of(b);
  if (a_string && b_string) return *a_string <=> *b_string;
  const auto number = [](const RuleValue& value) {
    return value.kind == RuleValue::Kind::text ? number_in(value.text) : number_of(value);
  };
  const auto a_number = number(a), b_number = number(b);
  if (a_number && b_number) return compare(*a_number, *b_number);
  return std::nullopt;
}

bool equal(const RuleValue& a, const RuleValue& b) {
  if (const auto ordering = order(a, b)) return *ordering == 0;
  using Kind = RuleValue::Kind;
  if (a.kind == Kind::json && b.kind == Kind::json) return equal_json(a.json, b.json);
  if (a.kind == Kind::nothing || b.kind == Kind::nothing) return is_null(a) && is_null(b);
  if (is_array(a) && is_array(b)) return equal_arrays(a, b);
  if (a.kind == Kind::fields) return equal_fields(*a.fields, b);
  return b.kind == Kind::fields && equal_fields(*b.fields, a);
}

}  // namespace creel

// What a filter compares: values of an event and of the filter's own text, with one meaning of equal and of
// order.
//
// A body is JSON. Headers, query fields and form fields are texts by name: they have no other kind, so they
// compare as numbers where the other side is one; a name that comes several times is an array of texts. All
// views belong to whoever read them.
#pragma once

#include <simdjson.h>

#include <compare>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace creel {

struct TextField {
  std::string_view name, value;
};

// Named texts in the order in which they came.
struct TextFields {
  std::vector<TextField> list;
  bool ignores_case = false;

  bool is_named(const TextField& field, std::string_view name) const;
};

struct RuleValue {
  enum class Kind {
    json,      // `json`
    text,      // `text`, of a field or a body that is neither JSON nor a form
    fields,    // an object of texts
    repeated,  // the texts of `fields` whose name is `text`
    nothing,   // null, of a field that is not there
  };
  Kind kind = Kind::json;
  simdjson::dom::element json{};
  std::string_view text{};
  const TextFields* fields = nullptr;
};

RuleValue json_value(simdjson::dom::element element);
RuleValue text_value(std::string_view text);
RuleValue fields_value(const TextFields& fields);

bool is_array(const RuleValue& value);
bool is_object(const RuleValue& value);

// The first member of this name, all texts of a name; nothing when there is none or `value` is no object.
std::optional<RuleValue> member(const RuleValue& value, std::string_view name);

// Nothing when `value` is no array or shorter.
std::optional<RuleValue> element_at(const RuleValue& value, std::size_t index);

// Whether `is_it(element, index)` holds for one element of an array.
template <class Predicate>
bool any_element(const RuleValue& array, Predicate&& is_it) {
  std::size_t index = 0;
  if (array.kind == RuleValue::Kind::repeated) {
    for (const TextField& field : array.fields->list) {
      if (array.fields->is_named(field, array.text) && is_it(text_value(field.value), index++)) return true;
    }
    return false;
  }
  simdjson::dom::array elements;
  if (array.json.get(elements) != simdjson::SUCCESS) return false;
  for (simdjson::dom::element element : elements) {
    if (is_it(json_value(element), index++)) return true;
  }
  return false;
}

// The bytes of a JSON string or a text.
std::optional<std::string_view> string_of(const RuleValue& value);

// Strings by their bytes, numbers by what they are worth, whatever way each is written. Nothing for other
// kinds and for kinds that differ.
std::optional<std::partial_ordering> order(const RuleValue& a, const RuleValue& b);

// Of the same kind and worth the same; arrays in their order, objects in any.
bool equal(const RuleValue& a, const RuleValue& b);

}  // namespace creel

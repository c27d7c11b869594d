// A filter made ready to be asked: its conditions in one array, its texts and values in the document that
// they were read from.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "rules/filter.h"
#include "rules/filter_value.h"

namespace creel {

// What a condition says about a field that is not there.
enum class Absence : std::uint8_t {
  no,
  yes,
  unknown,  // nothing: neither it nor its opposite holds
};

// A step of a path: "data", "$" (every element), "[0]", "[$index]".
struct PathStep {
  enum class Kind : std::uint8_t { name, every, index, current };
  Kind kind = Kind::name;
  std::string_view name;  // also of a number in a dotted key, which may be either
  std::size_t index = 0;
};

struct FilterPath {
  std::string_view text;
  std::uint32_t first = 0, count = 0;  // in Impl::steps
};

struct FilterNode {
  enum class Op : std::uint8_t {
    body,
    headers,
    query,
    path,  // of an event: the child holds for this part
    all,
    any,
    opposite,  // of the children
    object,    // it is an object
    field,     // the child holds for the field
    each,      // every child holds for some element
    same,      // equal, or an array with an equal element
    eq,
    neq,
    gt,
    gte,
    lt,
    lte,
    in,
    nin,
    starts_with,
    ends_with,
    contains,
    exist,
  };
  Op op = Op::all;
  Absence absence = Absence::unknown;
  bool is_of_fields = false;           // of `all`: asked of each element of an array, not of the array
  std::uint32_t first = 0, count = 0;  // children, in Impl::children
  std::string_view key;                // of `field`
  std::optional<FilterPath> steps;     // of `field`, when the key is dotted; of operators, their $ref
  simdjson::dom::element operand{};    // of the operators
};

inline constexpr std::size_t kFilterBytesMax = std::size_t{64} << 10;
inline constexpr std::size_t kFilterDepthMax = 64;

struct Filter::Impl {
  simdjson::dom::parser parser;  // owns the document
  std::vector<FilterNode> nodes;
  std::vector<std::uint32_t> children;
  std::vector<PathStep> steps;
  std::uint32_t root = 0;
};

}  // namespace creel

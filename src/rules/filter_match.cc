#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "rules/filter.h"
#include "rules/filter_event.h"
#include "rules/filter_tree.h"
#include "rules/filter_value.h"

namespace creel {
namespace {

using Op = FilterNode::Op;

bool contains(const RuleValue& value, const RuleValue& wanted) {
  const auto text = string_of(value);
  if (const auto part = string_of(wanted); text && part) return text->find(*part) != std::string_view::npos;
  return is_array(value) &&
         any_element(value, [&](const RuleValue& element, std::size_t) { return equal(element, wanted); });
}

// Of a list all must be there.
bool contains_all(const RuleValue& value, const RuleValue& wanted) {
  if (!is_array(wanted)) return contains(value, wanted);
  return !any_element(wanted, [&](const RuleValue& each, std::size_t) { return !contains(value, each); });
}

// Nothing when the kinds do not go together: then neither $in nor $nin holds.
std::optional<bool> is_in(const RuleValue& value, const RuleValue& wanted) {
  if (!is_array(wanted)) {
    if (!is_array(value) && !(string_of(value) && string_of(wanted))) return std::nullopt;
    return contains(value, wanted);
  }
  if (is_object(value)) return std::nullopt;
  if (!is_array(value)) return contains(wanted, value);
  return any_element(value, [&](const RuleValue& element, std::size_t) {
    return any_element(wanted, [&](const RuleValue& each, std::size_t) { return equal(element, each); });
  });
}

template <class Test>
bool is_string_with(const RuleValue& value, const RuleValue& wanted, Test test) {
  const auto text = string_of(value);
  if (!text) return false;
  if (const auto one = string_of(wanted)) return test(*text, *one);
  return is_array(wanted) && any_element(wanted, [&](const RuleValue& each, std::size_t) {
           const auto one = string_of(each);
           return one && test(*text, *one);
         });
}

bool is_same(const RuleValue& value, const RuleValue& wanted) {
  if (equal(value, wanted)) return true;
  return is_array(value) &&
         any_element(value, [&](const RuleValue& element, std::size_t) { return is_same(element, wanted); });
}

bool compares(Op op, const RuleValue& value, const RuleValue& wanted) {
  const auto ordering = order(value, wanted);
  if (!ordering) return false;
  switch (op) {
    case Op::gt:
      return *ordering > 0;
    case Op::gte:
      return *ordering >= 0;
    case Op::lt:
      return *ordering < 0;
    default:
      return *ordering <= 0;
  }
}

bool is_exist_true(const FilterNode& node) {
  return node.operand.get_bool().value_unsafe();
}

// One question of one filter.
class Asking {
 public:
  Asking(const Filter::Impl& filter, const RuleInput& event, RuleScratch::Impl& reading)
      : filter_(filter), event_(event), reading_(reading) {}

  bool holds() { return holds(filter_.root, RuleValue{}); }

 private:
  std::span<const std::uint32_t> children(const FilterNode& node) const {
    return std::span(filter_.children).subspan(node.first, node.count);
  }
  std::span<const PathStep> steps(const FilterPath& path) const {
    return std::span(filter_.steps).subspan(path.first, path.count);
  }

  bool holds(std::uint32_t at, const RuleValue& value) {
    const FilterNode& node = filter_.nodes[at];
    switch (node.op) {
      case Op::body:
        return holds_for_part(node, reading_.body(event_));
      case Op::headers:
        return holds_for_part(node, reading_.headers(event_));
      case Op::query:
        return holds_for_part(node, reading_.query(event_));
      case Op::path:
        return holds_for_part(node, reading_.path(event_));
      case Op::all:
        if (node.is_of_fields && is_array(value)) return some_element(at, value);
        return std::ranges::all_of(children(node), [&](std::uint32_t child) { return holds(child, value); });
      case Op::any:
        return std::ranges::any_of(children(node), [&](std::uint32_t child) { return holds(child, value); });
      case Op::opposite:
        return !holds(children(node).front(), value);
      case Op::object:
        return is_object(value);
      case Op::field:
        return holds_for_field(node, value);
      case Op::each:
        return holds_for_each(node, value);
      case Op::exist:
        return is_exist_true(node);
      default:
        return holds_for_operand(node, value);
    }
  }

  bool holds_for_part(const FilterNode& node, const RuleValue& part) {
    part_ = part;
    return holds(children(node).front(), part);
  }

  // Elements are counted, so that a $ref can speak of the current one.
  bool some_element(std::uint32_t at, const RuleValue& array) {
    return any_element(array, [&](const RuleValue& element, std::size_t index) {
      if (depth_ < indices_.size()) indices_[depth_] = index;
      ++depth_;
      const bool holds_here = holds(at, element);
      --depth_;
      return holds_here;
    });
  }

  bool holds_for_each(const FilterNode& node, const RuleValue& value) {
    // A field that came once is an array of one.
    const bool is_one = value.kind == RuleValue::Kind::text;
    return (is_one || is_array(value)) && std::ranges::all_of(children(node), [&](std::uint32_t child) {
             return is_one ? holds(child, value) : some_element(child, value);
           });
  }

  bool holds_for_field(const FilterNode& node, const RuleValue& value) {
    const std::uint32_t child = children(node).front();
    if (const auto found = member(value, node.key)) return holds(child, *found);
    bool is_there = false;
    if (node.steps && reaches(steps(*node.steps), child, value, is_there)) return true;
    const bool can_be_absent = is_object(value) || (node.steps && is_array(value));
    return can_be_absent && !is_there && node.absence == Absence::yes;
  }

  // Whether the child holds for a value at the end of the path. `is_there` becomes true when there is one.
  bool reaches(std::span<const PathStep> path, std::uint32_t child, const RuleValue& value, bool& is_there) {
    if (path.empty()) {
      is_there = true;
      return holds(child, value);
    }
    const PathStep& step = path.front();
    const auto rest = path.subspan(1);
    if (is_array(value)) {
      if (step.kind == PathStep::Kind::index) {
        const auto element = element_at(value, step.index);
        return element && reaches(rest, child, *element, is_there);
      }
      return any_element(value, [&](const RuleValue& element, std::size_t) {
        return reaches(step.kind == PathStep::Kind::every ? rest : path, child, element, is_there);
      });
    }
    if (step.kind == PathStep::Kind::every) return is_object(value) && reaches(rest, child, value, is_there);
    const auto found = member(value, step.name);
    return found && reaches(rest, child, *found, is_there);
  }

  bool holds_for_operand(const FilterNode& node, const RuleValue& value) {
    const RuleValue wanted = node.steps ? referenced(*node.steps) : json_value(node.operand);
    switch (node.op) {
      case Op::same:
        return is_same(value, wanted);
      case Op::eq:
        return equal(value, wanted);
      case Op::neq:
        return !equal(value, wanted);
      case Op::in:
        return is_in(value, wanted).value_or(false);
      case Op::nin:
        return !is_in(value, wanted).value_or(true);
      case Op::contains:
        return contains_all(value, wanted);
      case Op::starts_with:
        return is_string_with(value, wanted, [](std::string_view text, std::string_view start) {
          return text.starts_with(start);
        });
      case Op::ends_with:
        return is_string_with(
            value, wanted, [](std::string_view text, std::string_view end) { return text.ends_with(end); });
      default:
        return compares(node.op, value, wanted);
    }
  }

  // The value of another field of the same part; null where there is none.
  RuleValue referenced(const FilterPath& path) const {
    if (const auto whole = member(part_, path.text)) return *whole;
    RuleValue value = part_;
    std::size_t arrays = 0;
    for (const PathStep& step : steps(path)) {
      std::optional<RuleValue> next;
      if (step.kind == PathStep::Kind::name) {
        next = member(value, step.name);
      } else if (step.kind == PathStep::Kind::index) {
        next = element_at(value, step.index);
      } else if (arrays < depth_ && arrays < indices_.size()) {
        next = element_at(value, indices_[arrays++]);
      }
      if (!next) return RuleValue{.kind = RuleValue::Kind::nothing};
      value = *next;
    }
    return value;
  }

  const Filter::Impl& filter_;
  const RuleInput& event_;
  RuleScratch::Impl& reading_;
  RuleValue part_;
  std::array<std::size_t, kFilterDepthMax> indices_;  // of the elements that are being looked at
  std::size_t depth_ = 0;
};

}  // namespace

bool Filter::matches(const RuleInput& event, RuleScratch& scratch) const {
  scratch.forget();
  return matches_also(event, scratch);
}

bool Filter::matches_also(const RuleInput& event, RuleScratch& scratch) const {
  return Asking(*impl_, event, scratch.impl()).holds();
}

}  // namespace creel

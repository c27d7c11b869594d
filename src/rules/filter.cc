#include "rules/filter.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/text.h"
#include "rules/filter_tree.h"

namespace creel {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;
using Op = FilterNode::Op;

// What an operator may be given.
enum class Takes { anything, ordered, member_or_list, text_or_texts, contained, yes_or_no };

struct Operator {
  std::string_view name;
  Op op;
  Takes takes;
};
constexpr Operator kOperators[] = {
    {"$eq", Op::eq, Takes::anything},
    {"$neq", Op::neq, Takes::anything},
    {"$gt", Op::gt, Takes::ordered},
    {"$gte", Op::gte, Takes::ordered},
    {"$lt", Op::lt, Takes::ordered},
    {"$lte", Op::lte, Takes::ordered},
    {"$in", Op::in, Takes::member_or_list},
    {"$nin", Op::nin, Takes::member_or_list},
    {"$startsWith", Op::starts_with, Takes::text_or_texts},
    {"$endsWith", Op::ends_with, Takes::text_or_texts},
    {"$contains", Op::contains, Takes::contained},
    {"$exist", Op::exist, Takes::yes_or_no},
};

constexpr std::pair<std::string_view, Op> kParts[] = {
    {"body", Op::body}, {"headers", Op::headers}, {"query", Op::query}, {"path", Op::path}};

// What other languages of this kind have, and what says the same here.
constexpr std::pair<std::string_view, std::string_view> kInstead[] = {
    {"$regex",
     "regular expressions are not part of the language: write $startsWith, $endsWith or $contains, or "
     "$in with the values"},
    {"$ne", "write $neq"},
    {"$exists", "write $exist"},
    {"$nor", "write $not around $or"},
    {"$all", "write the array itself: it matches an array that has all of its values"},
    {"$elemMatch", "write its object itself: it matches an array of which one element has all of its fields"},
};

Absence both(Absence a, Absence b) {
  if (a == Absence::no || b == Absence::no) return Absence::no;
  return a == Absence::yes ? b : a;
}

Absence opposite(Absence absence) {
  if (absence == Absence::unknown) return absence;
  return absence == Absence::yes ? Absence::no : Absence::yes;
}

Absence either(Absence a, Absence b) {
  return opposite(both(opposite(a), opposite(b)));
}

bool is_scalar(element value) {
  return !value.is_array() && !value.is_object();
}

// Whether `is_it` holds for the value or, when it is an array, for all its elements.
template <class Test>
bool for_one_or_all(element value, Test is_it) {
  simdjson::dom::array list;
  return value.get(list) == simdjson::SUCCESS ? std::ranges::all_of(list, is_it) : is_it(value);
}

// An empty text when the operator may be given this, else what it may be given.
std::string_view complaint(Takes takes, element operand) {
  const auto is_string = [](element value) { return value.is_string(); };
  switch (takes) {
    case Takes::anything:
      return "";
    case Takes::ordered:
      return operand.is_number() || operand.is_string() ? "" : "takes a number or a string";
    case Takes::member_or_list:
      return !operand.is_object() ? "" : "takes a string, a number, true, false, null or a list of values";
    case Takes::text_or_texts:
      return for_one_or_all(operand, is_string) ? "" : "takes a string or a list of strings";
    case Takes::contained:
      return for_one_or_all(operand, is_scalar) ? ""
                                                : "takes a string, a number, true, false, null or a list of "
                                                  "these; for an array of objects write "
                                                  "the object itself";
    case Takes::yes_or_no:
      return operand.is_bool() ? "" : "takes true or false";
  }
  return "";
}

// Makes the nodes of one filter. After the first error everything returns at once.
class Compiler {
 public:
  explicit Compiler(Filter::Impl& into) : into_(into) {}

  std::uint32_t whole(element root) { return parts(root); }
  std::optional<FilterError> take_error() { return std::move(error_); }

 private:
  // A name on the way to where the compiler is, for errors.
  class Place {
   public:
    Place(Compiler& compiler, std::string_view name) : compiler_(compiler), length_(compiler.where_.size()) {
      if (length_ != 0) compiler.where_ += '.';
      compiler.where_ += name;
    }
    ~Place() { compiler_.where_.resize(length_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Compiler& compiler_;
    std::size_t length_;
  };

  std::uint32_t fail(std::string message) {
    if (!error_) error_ = FilterError{.where = displayed(where_), .message = std::move(message)};
    return 0;
  }
  std::uint32_t add(FilterNode node) {
    into_.nodes.push_back(node);
    return static_cast<std::uint32_t>(into_.nodes.size() - 1);
  }
  std::uint32_t add(FilterNode node, const std::vector<std::uint32_t>& children) {
    node.first = static_cast<std::uint32_t>(into_.children.size());
    node.count = static_cast<std::uint32_t>(children.size());
    into_.children.insert(into_.children.end(), children.begin(), children.end());
    return add(node);
  }
  const FilterNode& node(std::uint32_t at) const { return into_.nodes[at]; }

  bool has_a_key_twice(simdjson::dom::object object) {
    std::vector<std::string_view> keys;
    for (const simdjson::dom::key_value_pair each : object)
      keys.push_back(each.key);
    std::ranges::sort(keys);
    const auto twice = std::ranges::adjacent_find(keys);
    if (twice == keys.end()) return false;
    fail("\"" + displayed(*twice) + "\" stands here twice; put the conditions into $and");
    return true;
  }

  // An object over parts of the event.
  std::uint32_t parts(element value) {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS)
      return fail(
          R"(a filter is an object with any of body, headers, query and path, such as {"body": {"type": "a"}})");
    if (has_a_key_twice(object)) return 0;
    std::vector<std::uint32_t> children;
    for (const simdjson::dom::key_value_pair each : object) {
      const Place place(*this, each.key);
      if (is_logic(each.key)) {
        children.push_back(logic(each.key, each.value, &Compiler::parts));
      } else {
        children.push_back(part(each.key, each.value));
      }
      if (error_) return 0;
    }
    return add({.op = Op::all}, children);
  }

  std::uint32_t part(std::string_view name, element value) {
    const auto found = std::ranges::find(kParts, name, &std::pair<std::string_view, Op>::first);
    if (found == std::end(kParts)) {
      if (name.starts_with('$')) return unknown_operator(name);
      return fail(
          "is no part of an event: a filter asks of body, headers, query and path; for a field of the body "
          R"(write {"body": {")" +
          displayed(name) + R"(": …}})");
    }
    // An empty filter of a part is how other gateways write that there is none.
    simdjson::dom::object object;
    if (value.get(object) == simdjson::SUCCESS && object.size() == 0) return add({.op = Op::all});
    is_in_body_ = found->second == Op::body;
    const std::uint32_t child = condition(value);
    return add({.op = found->second}, {child});
  }

  // What a value has to be.
  std::uint32_t condition(element value) {
    switch (value.type()) {
      case element_type::OBJECT:
        return object_condition(value.get_object().value_unsafe());
      case element_type::ARRAY:
        return list_condition(value.get_array().value_unsafe());
      default:
        return add({.op = Op::same, .operand = value});
    }
  }

  std::uint32_t list_condition(simdjson::dom::array list) {
    std::vector<std::uint32_t> children;
    for (const element each : list) {
      const Place place(*this, std::to_string(children.size()));
      children.push_back(condition(each));
      if (error_) return 0;
    }
    return add({.op = Op::each}, children);
  }

  std::uint32_t object_condition(simdjson::dom::object object) {
    if (object.size() == 0) return add({.op = Op::all, .is_of_fields = true}, {add({.op = Op::object})});
    if (has_a_key_twice(object)) return 0;
    FilterNode all{.op = Op::all, .absence = Absence::yes};
    std::vector<std::uint32_t> children;
    for (const simdjson::dom::key_value_pair each : object) {
      const Place place(*this, each.key);
      const std::uint32_t child = member_condition(each.key, each.value);
      if (error_) return 0;
      const FilterNode& made = node(child);
      all.absence = both(all.absence, made.op == Op::field ? Absence::unknown : made.absence);
      all.is_of_fields |= is_of_fields(each.key, made);
      children.push_back(child);
    }
    return add(all, children);
  }

  // Whether the condition is asked of each element of an array: fields of it, in one of them together.
  bool is_of_fields(std::string_view key, const FilterNode& made) const {
    if (made.op == Op::field) return !made.steps || !key.starts_with("$.");
    return key == "$and" && made.is_of_fields;
  }

  std::uint32_t member_condition(std::string_view key, element value) {
    if (is_logic(key)) return logic(key, value, &Compiler::condition);
    if (key == "$ref") return reference(value, Op::same);
    const auto found = std::ranges::find(kOperators, key, &Operator::name);
    if (found != std::end(kOperators)) return operation(*found, value);
    if (key.starts_with('$') && !(is_in_body_ && key.starts_with("$."))) return unknown_operator(key);
    return field(key, value);
  }

  static bool is_logic(std::string_view key) { return key == "$or" || key == "$and" || key == "$not"; }

  using Compile = std::uint32_t (Compiler::*)(element);

  std::uint32_t logic(std::string_view key, element value, Compile compile) {
    if (key == "$not") {
      const std::uint32_t child = (this->*compile)(value);
      if (error_) return 0;
      return add({.op = Op::opposite, .absence = opposite(node(child).absence)}, {child});
    }
    simdjson::dom::array list;
    if (value.get(list) != simdjson::SUCCESS || list.size() == 0)
      return fail("takes a list of at least one condition");
    FilterNode made{.op = key == "$or" ? Op::any : Op::all,
                    .absence = key == "$or" ? Absence::no : Absence::yes};
    std::vector<std::uint32_t> children;
    for (const element each : list) {
      const Place place(*this, std::to_string(children.size()));
      const std::uint32_t child = (this->*compile)(each);
      if (error_) return 0;
      const Absence absence = node(child).absence;
      made.absence = made.op == Op::any ? either(made.absence, absence) : both(made.absence, absence);
      made.is_of_fields |= made.op == Op::all && node(child).is_of_fields;
      children.push_back(child);
    }
    return add(made, children);
  }

  std::uint32_t operation(const Operator& operation, element value) {
    simdjson::dom::object object;
    element target;
    if (operation.op != Op::exist && value.get(object) == simdjson::SUCCESS && object.size() == 1 &&
        object.at_key("$ref").get(target) == simdjson::SUCCESS) {
      const Place place(*this, "$ref");
      return reference(target, operation.op);
    }
    if (const std::string_view wrong = complaint(operation.takes, value); !wrong.empty())
      return fail(std::string(wrong));
    FilterNode made{.op = operation.op, .operand = value};
    if (operation.op == Op::exist)
      made.absence = value.get_bool().value_unsafe() ? Absence::no : Absence::yes;
    return add(made);
  }

  std::uint32_t unknown_operator(std::string_view name) {
    const auto instead =
        std::ranges::find(kInstead, name, &std::pair<std::string_view, std::string_view>::first);
    if (instead != std::end(kInstead)) return fail(std::string(instead->second));
    std::string known;
    for (const Operator& each : kOperators)
      known.append(each.name).append(", ");
    return fail("is no operator; there are " + known + "$or, $and, $not and $ref");
  }

  std::uint32_t field(std::string_view key, element value) {
    FilterNode made{.op = Op::field, .key = key};
    if (is_in_body_ && key.find('.') != std::string_view::npos) {
      if (key.ends_with(".$"))
        return fail("ends in \"$\": leave \".$\" away, an array matches by its elements");
      made.steps = dotted(key);
    }
    const std::uint32_t child = condition(value);
    if (error_) return 0;
    made.absence = node(child).absence;
    return add(made, {child});
  }

  FilterPath dotted(std::string_view key) {
    FilterPath path{.text = key, .first = static_cast<std::uint32_t>(into_.steps.size())};
    for (std::string_view rest = key;;) {
      const std::size_t end = rest.find('.');
      PathStep step{.name = rest.substr(0, end)};
      if (step.name == "$") {
        step.kind = PathStep::Kind::every;
      } else if (is_number(step.name, step.index)) {
        step.kind = PathStep::Kind::index;
      }
      into_.steps.push_back(step);
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
    path.count = static_cast<std::uint32_t>(into_.steps.size()) - path.first;
    return path;
  }

  static bool is_number(std::string_view text, std::size_t& number) {
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    return !text.empty() && error == std::errc{} && at == end;
  }

  // "data.items[0].id", "items[$index].id"
  std::uint32_t reference(element value, Op op) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS || text.empty())
      return fail(R"(takes the path of another field, such as "data.previous.status" or "items[0].id")");
    FilterPath path{.text = text, .first = static_cast<std::uint32_t>(into_.steps.size())};
    for (std::string_view rest = text.starts_with("$.") ? text.substr(2) : text; !rest.empty();) {
      if (!next_step(rest))
        return fail("is no path: names are joined by dots, an element of an array is [0] or [$index]");
    }
    path.count = static_cast<std::uint32_t>(into_.steps.size()) - path.first;
    return add({.op = op, .steps = path});
  }

  // Takes one step off the front.
  bool next_step(std::string_view& rest) {
    PathStep step;
    std::size_t bytes = 0;
    if (rest.starts_with('[')) {
      bytes = rest.find(']');
      if (bytes == std::string_view::npos) return false;
      const std::string_view inside = rest.substr(1, bytes - 1);
      if (inside != "$index" && !is_number(inside, step.index)) return false;
      step.kind = inside == "$index" ? PathStep::Kind::current : PathStep::Kind::index;
      ++bytes;
    } else {
      bytes = std::min(rest.find_first_of(".["), rest.size());
      step.name = rest.substr(0, bytes);
      if (step.name.empty()) return false;
    }
    into_.steps.push_back(step);
    rest.remove_prefix(bytes);
    if (rest.empty() || rest.starts_with('[')) return true;
    const bool goes_on = rest.starts_with('.') && rest.size() > 1;
    rest.remove_prefix(1);
    return goes_on;
  }

  Filter::Impl& into_;
  std::string where_;
  std::optional<FilterError> error_;
  bool is_in_body_ = false;
};

std::string text_of(simdjson::error_code error) {
  if (error == simdjson::DEPTH_ERROR)
    return "is nested deeper than " + std::to_string(kFilterDepthMax) + " levels";
  return "is not JSON: " + std::string(simdjson::error_message(error));
}

}  // namespace

Filter::Filter(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::~Filter() = default;

std::expected<Filter, FilterError> Filter::parse(std::string_view json) {
  if (json.size() > kFilterBytesMax)
    return std::unexpected(FilterError{
        .where = "", .message = "is larger than " + std::to_string(kFilterBytesMax >> 10) + " KiB"});
  auto impl = std::make_unique<Impl>();
  element root;
  auto error = impl->parser.allocate(std::max<std::size_t>(json.size(), 64), kFilterDepthMax);
  if (error == simdjson::SUCCESS) error = impl->parser.parse(json.data(), json.size(), true).get(root);
  if (error != simdjson::SUCCESS) return std::unexpected(FilterError{.where = "", .message = text_of(error)});

  Compiler compiler(*impl);
  impl->root = compiler.whole(root);
  if (auto wrong = compiler.take_error()) return std::unexpected(*std::move(wrong));
  return Filter(std::move(impl));
}

}  // namespace creel

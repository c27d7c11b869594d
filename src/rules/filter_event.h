// An event as filters read it, each part when it is first asked for and then kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/filter.h"
#include "rules/filter_value.h"
#include "rules/lua_json.h"

namespace creel {

// Every function is about the same event since forget().
struct RuleScratch::Impl {
 public:
  Impl();

  // A form as its fields, JSON as JSON, anything else as one text.
  RuleValue body(const RuleInput& event);
  RuleValue headers(const RuleInput& event);
  RuleValue query(const RuleInput& event);
  // As it came, without the query.
  RuleValue path(const RuleInput& event);

  void forget();

 private:
  RuleValue read_body(const RuleInput& event);
  std::optional<simdjson::dom::element> read_json(std::string_view body);

  simdjson::dom::parser parser_;
  LuaJsonReader mending_;     // for what other writers make of JSON; scripts see the same
  std::vector<char> padded_;  // The body, and the bytes behind it that simdjson may look at.
  std::optional<RuleValue> body_;
  TextFields headers_, query_, form_;
  std::string query_text_, form_text_;  // what had to be decoded
  bool has_headers_ = false, has_query_ = false;
};

}  // namespace creel

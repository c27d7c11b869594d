// An event as a script sees it, and what the script made of it.
//
// One run: prepare(), then push() and take() inside a protected call, then finish(). Memory is reused from
// run to run. Functions marked so raise errors of Lua, which leave nothing that the next prepare() would not
// clear.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"
#include "rules/lua_json.h"
#include "rules/transform.h"
#include "rules/transform_head.h"

struct lua_State;

namespace creel {

class TransformEvent {
 public:
  explicit TransformEvent(LuaJson& json) : json_(&json) {}
  TransformEvent(const TransformEvent&) = delete;
  TransformEvent& operator=(const TransformEvent&) = delete;

  // `event` must hold still until finish().
  void prepare(const StoredEvent& event);

  // Pushes the table. Raises.
  void push(lua_State* L) const;

  // Takes over what the script returned, at `index`. Raises a sentence where that cannot be sent.
  void take(lua_State* L, int index);

  // What goes out. The error is a sentence.
  std::expected<Transformed, std::string> finish();

 private:
  enum class Body : std::uint8_t { same, text, json };

  bool push_fixed(lua_State* L, std::string_view name) const;
  void check_fields(lua_State* L, int index);
  void take_body(lua_State* L, int index);
  bool take_fields(lua_State* L, int event, const char* name, HeadChange& into);
  bool take_value(lua_State* L, HeadChange& into, std::size_t& bytes);
  bool take_values(lua_State* L, HeadChange& into, std::size_t& bytes);
  [[noreturn]] void refuse(lua_State* L, std::string_view where, std::string_view why);

  LuaJson* json_;
  LuaJsonReader reader_;
  TransformHead head_;
  const StoredEvent* event_ = nullptr;
  std::string id_;
  simdjson::dom::element json_body_;
  bool has_json_ = false;

  Body body_ = Body::same;
  std::string new_body_;
  HeadChange headers_, query_;
  bool has_headers_ = false, has_query_ = false;
  std::vector<std::string_view> keys_;
  std::string message_;
};

}  // namespace creel

#include "rules/transform_event.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <lua.hpp>
#include <utility>

#include "rules/lua_budget.h"
#include "rules/lua_pairs.h"

// What is called between push() and take() may be left by a longjmp at each call of Lua: no variable has a
// destructor, and texts that are made on the way stand in members.
namespace creel {
namespace {

constexpr std::array<std::string_view, 8> kFixed{"id",      "source",   "provider_id", "type",
                                                 "subject", "received", "method",      "path"};
constexpr std::array<std::string_view, 3> kFree{"query", "headers", "body"};
// More than any server takes.
constexpr std::size_t kHeadBytesMax = std::size_t{256} << 10;

void push_text(lua_State* L, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
}

// A table of the fields by name; several of one name are a list.
void push_fields(lua_State* L, const LuaJson& json, const std::vector<HeadField>& fields) {
  lua_createtable(L, 0, static_cast<int>(std::min<std::size_t>(fields.size(), 1024)));
  for (const HeadField& field : fields) {
    if (!field.is_field) continue;
    push_text(L, field.name);
    lua_pushvalue(L, -1);
    switch (lua_rawget(L, -3)) {
      case LUA_TNIL:
        lua_pop(L, 1);
        push_text(L, field.value);
        lua_rawset(L, -3);
        break;
      case LUA_TTABLE:
        push_text(L, field.value);
        lua_rawseti(L, -2, static_cast<lua_Integer>(lua_rawlen(L, -2)) + 1);
        lua_pop(L, 2);
        break;
      default:
        json.push_array(L, 4);
        lua_insert(L, -2);
        lua_rawseti(L, -2, 1);
        push_text(L, field.value);
        lua_rawseti(L, -2, 2);
        lua_rawset(L, -3);
    }
  }
}

}  // namespace

void TransformEvent::prepare(const StoredEvent& event) {
  event_ = &event;
  id_ = to_text(event.id);
  head_.read(event.head);
  has_json_ = reader_.read(event.body, json_body_);
  body_ = Body::same;
  if (new_body_.capacity() > (std::size_t{1} << 20)) new_body_ = {};
  new_body_.clear();
  headers_.clear();
  query_.clear();
  has_headers_ = has_query_ = false;
}

// Pushes one of kFixed, or nothing.
bool TransformEvent::push_fixed(lua_State* L, std::string_view name) const {
  if (name == "received") {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(event_->received.time_since_epoch());
    lua_pushinteger(L, seconds.count());
    return true;
  }
  std::string_view text;
  if (name == "id") {
    text = id_;
  } else if (name == "source") {
    text = event_->source;
  } else if (name == "provider_id") {
    text = event_->provider_id;
  } else if (name == "type") {
    text = event_->type;
  } else if (name == "subject") {
    text = event_->subject;
  } else if (name == "method") {
    text = head_.method();
  } else if (name == "path") {
    text = head_.path();
  } else {
    return false;
  }
  push_text(L, text);
  return true;
}

void TransformEvent::push(lua_State* L) const {
  luaL_checkstack(L, 10, nullptr);
  lua_createtable(L, 0, kFixed.size() + kFree.size());
  for (const std::string_view name : kFixed) {
    push_text(L, name);
    push_fixed(L, name);
    lua_rawset(L, -3);
  }
  push_fields(L, *json_, head_.query());
  lua_setfield(L, -2, "query");
  push_fields(L, *json_, head_.headers());
  lua_setfield(L, -2, "headers");
  if (has_json_) {
    json_->push(L, json_body_);
  } else {
    push_text(L, event_->body);
  }
  lua_setfield(L, -2, "body");
}

void TransformEvent::take(lua_State* L, int index) {
  luaL_checkstack(L, 10, nullptr);
  index = lua_absindex(L, index);
  if (lua_type(L, index) != LUA_TTABLE) {
    message_ = std::string("a ").append(luaL_typename(L, index)) +
               "; return event to send it, or nil to send nothing";
    refuse(L, "the function returned ", message_);
  }
  check_fields(L, index);
  has_query_ = take_fields(L, index, "query", query_);
  has_headers_ = take_fields(L, index, "headers", headers_);
  take_body(L, index);
}

// Nothing but what is known, and what is fixed as it was.
void TransformEvent::check_fields(lua_State* L, int index) {
  std::string_view unknown;
  bool has_unknown = false;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) refuse(L, "event", ": a key is no text");
    std::size_t size = 0;
    const char* text = lua_tolstring(L, -2, &size);
    const std::string_view name(text, size);
    const bool is_known =
        std::ranges::find(kFixed, name) != kFixed.end() || std::ranges::find(kFree, name) != kFree.end();
    // The first by name, so that the same one is named each time.
    if (!is_known && (!has_unknown || name < unknown)) unknown = name;
    has_unknown |= !is_known;
  }
  if (has_unknown) {
    message_ = std::string("event.").append(unknown.substr(0, 64));
    refuse(L, message_,
           ": an event has no such field (what is to be sent belongs into body, headers or query)");
  }
  for (const std::string_view name : kFixed) {
    push_text(L, name);
    if (lua_rawget(L, index) != LUA_TNIL) {
      push_fixed(L, name);
      if (lua_rawequal(L, -1, -2) == 0) {
        message_ = std::string("event.").append(name);
        refuse(L, message_, ": cannot be changed, only body, headers and query can");
      }
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
}

void TransformEvent::take_body(lua_State* L, int index) {
  lua_pushliteral(L, "body");
  switch (lua_rawget(L, index)) {
    case LUA_TSTRING: {
      std::size_t size = 0;
      const char* text = lua_tolstring(L, -1, &size);
      body_ = Body::text;
      new_body_.assign(text, size);
      break;
    }
    case LUA_TTABLE:
      if (has_json_ && json_->is_same(L, -1, json_body_)) {
        body_ = Body::same;
      } else {
        body_ = Body::json;
        new_body_ = json_->write(L, -1, "event.body");
      }
      break;
    case LUA_TNIL:
      refuse(L, "event.body", ": is missing (\"\" is an empty one)");
    default:
      refuse(L, "event.body", ": must be a text or a table");
  }
  lua_pop(L, 1);
}

// The value on top, a text or a number.
bool TransformEvent::take_value(lua_State* L, HeadChange& into, std::size_t& bytes) {
  if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER) return false;
  std::size_t size = 0;
  const char* text = lua_tolstring(L, -1, &size);
  bytes += size;
  if (bytes > kHeadBytesMax) refuse(L, "event.headers and event.query", ": longer than 256 KiB");
  into.values.emplace_back(text, size);
  return true;
}

// The value on top, a text, a number or a list of these.
bool TransformEvent::take_values(lua_State* L, HeadChange& into, std::size_t& bytes) {
  if (lua_type(L, -1) != LUA_TTABLE) {
    lua_pushvalue(L, -1);  // A number's text must not take its place in the table's.
    const bool is_value = take_value(L, into, bytes);
    lua_pop(L, 1);
    return is_value;
  }
  const int list = lua_gettop(L);
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, list));
  lua_Integer there = 0;
  for (lua_pushnil(L); lua_next(L, list) != 0; lua_pop(L, 1))
    ++there;
  if (there != count) return false;
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, list, i);
    bytes += 16;
    if (!take_value(L, into, bytes)) return false;
    lua_pop(L, 1);
  }
  return true;
}

// Whether the script said anything about them; what is missing stays as it was.
bool TransformEvent::take_fields(lua_State* L, int event, const char* name, HeadChange& into) {
  lua_pushstring(L, name);
  const int type = lua_rawget(L, event);
  const int table = lua_gettop(L);
  if (type == LUA_TNIL) {
    lua_pop(L, 1);
    return false;
  }
  message_ = std::string("event.").append(name);
  if (type != LUA_TTABLE) refuse(L, message_, ": must be a table");
  refuse_weak(L, table);
  keys_.clear();
  for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
    charge_steps(L, 1);
    if (lua_type(L, -2) != LUA_TSTRING) refuse(L, message_, ": a key is no text");
    std::size_t size = 0;
    const char* text = lua_tolstring(L, -2, &size);
    keys_.emplace_back(text, size);
  }
  // In their order, so that the same one is named each time.
  std::ranges::sort(keys_);
  std::size_t bytes = 0;
  for (const std::string_view key : keys_) {
    bytes += 32 + key.size();
    if (bytes > kHeadBytesMax) refuse(L, message_, ": longer than 256 KiB");
    const std::size_t first = into.values.size();
    push_text(L, key);
    lua_rawget(L, table);
    if (!take_values(L, into, bytes)) {
      message_.append("[\"").append(key.substr(0, 64)).append("\"]");
      refuse(L, message_, ": must be a text, a number or a list of these");
    }
    lua_settop(L, table);
    into.fields.push_back({.name = std::string(key),
                           .normalised = std::string(key),
                           .first_value = first,
                           .count = into.values.size() - first});
  }
  lua_settop(L, table - 1);
  return true;
}

void TransformEvent::refuse(lua_State* L, std::string_view where, std::string_view why) {
  lua_pushlstring(L, where.data(), where.size());
  lua_pushlstring(L, why.data(), why.size());
  lua_concat(L, 2);
  lua_error(L);
  std::unreachable();
}

std::expected<Transformed, std::string> TransformEvent::finish() {
  auto head = head_.write(has_headers_ ? &headers_ : nullptr, has_query_ ? &query_ : nullptr,
                          body_ == Body::json && !has_json_);
  if (!head) return std::unexpected(std::move(head.error()));
  Transformed made{.head = *std::move(head), .body = {}};
  if (body_ == Body::same) {
    made.body = event_->body;
  } else {
    made.body = std::move(new_body_);
    new_body_ = {};
  }
  return made;
}

}  // namespace creel

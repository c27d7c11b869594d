#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <lua.hpp>
#include <utility>

#include "rules/lua_budget.h"
#include "rules/lua_json.h"
#include "rules/lua_pairs.h"

// Everything below may be left by a longjmp at each call of Lua: no variable has a destructor, and what
// belongs to the write stands in members.
namespace creel {
namespace {

constexpr std::size_t kBytesPerStep = 16;

constexpr std::array<bool, 256> make_plain_bytes() {
  std::array<bool, 256> is{};
  for (std::size_t byte = 0x20; byte < 256; ++byte)
    is[byte] = byte != '"' && byte != '\\';
  return is;
}
constexpr std::array<bool, 256> kPlain = make_plain_bytes();

void append_escaped(std::string& into, std::string_view text) {
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (kPlain[byte]) continue;
    into.append(text, begin, at - begin);
    begin = at + 1;
    into += '\\';
    switch (byte) {
      case '\b':
        into += 'b';
        break;
      case '\f':
        into += 'f';
        break;
      case '\n':
        into += 'n';
        break;
      case '\r':
        into += 'r';
        break;
      case '\t':
        into += 't';
        break;
      case '"':
      case '\\':
        into += text[at];
        break;
      default:
        into += "u00";
        into += "0123456789abcdef"[byte >> 4];
        into += "0123456789abcdef"[byte & 15];
    }
  }
  into.append(text, begin);
}

bool is_name(std::string_view key) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !key.empty() && is_letter(key.front()) &&
         std::ranges::all_of(key, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

const std::string& LuaJson::write(lua_State* L, int index, std::string_view root) {
  out_.clear();
  keys_.clear();
  path_.clear();
  root_ = root;
  write_value(L, lua_absindex(L, index));
  return out_;
}

void LuaJson::write_value(lua_State* L, int index) {
  charge_steps(L, 1);
  if (out_.size() > bytes_max_) refuse(L, "the JSON is longer than the memory limit");
  switch (lua_type(L, index)) {
    case LUA_TNIL:
      out_ += "null";
      return;
    case LUA_TBOOLEAN:
      out_ += lua_toboolean(L, index) != 0 ? "true" : "false";
      return;
    case LUA_TNUMBER:
      return write_number(L, index);
    case LUA_TSTRING: {
      std::size_t size = 0;
      const char* text = lua_tolstring(L, index, &size);
      return write_text(L, {text, size});
    }
    case LUA_TTABLE:
      return write_table(L, index);
    case LUA_TUSERDATA:
      if (lua_touserdata(L, index) != null_) break;
      out_ += "null";
      return;
    case LUA_TFUNCTION:
      refuse(L, "a function cannot be sent");
    default:
      break;
  }
  refuse(L, "a value of this kind cannot be sent");
}

void LuaJson::write_number(lua_State* L, int index) {
  std::array<char, 40> digits;
  std::to_chars_result end{};
  if (lua_isinteger(L, index) != 0) {
    end = std::to_chars(digits.data(), digits.data() + digits.size(), lua_tointeger(L, index));
    out_.append(digits.data(), end.ptr);
    return;
  }
  const double number = lua_tonumber(L, index);
  if (!std::isfinite(number)) refuse(L, "a number that is not finite cannot be sent");
  end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  const std::string_view text(digits.data(), end.ptr);
  out_ += text;
  if (text.find_first_of(".e") == std::string_view::npos) out_ += ".0";
}

void LuaJson::write_text(lua_State* L, std::string_view text) {
  charge_steps(L, text.size() / kBytesPerStep);
  if (text.size() > bytes_max_) refuse(L, "the JSON is longer than the memory limit");
  if (!simdjson::validate_utf8(text.data(), text.size()))
    refuse(L, "the text is not UTF-8, perhaps cut in the midst of a character");
  out_ += '"';
  append_escaped(out_, text);
  out_ += '"';
}

void LuaJson::enter(lua_State* L, int index) {
  luaL_checkstack(L, 6, "too deep");
  refuse_weak(L, index);
  const void* table = lua_topointer(L, index);
  for (const Step& step : path_) {
    if (step.table == table) refuse(L, "the table contains itself");
  }
  if (path_.size() >= kLuaJsonDepthMax) refuse(L, "nested more than 256 levels deep");
  path_.push_back({.table = table});
}

void LuaJson::write_table(lua_State* L, int index) {
  enter(L, index);
  const std::size_t first_key = keys_.size();
  const Shape shape = shape_of(L, index);
  if (shape.is_array) {
    write_array(L, index, shape.count);
  } else {
    write_object(L, index, first_key);
  }
  keys_.resize(first_key);
  path_.pop_back();
}

// Puts the keys of an object behind those in keys_.
LuaJson::Shape LuaJson::shape_of(lua_State* L, int index) {
  const bool is_marked = has_mark(L, index, array_mark_);
  const std::size_t first_key = keys_.size();
  std::size_t count = 0;
  lua_Integer largest = 0;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) {
      std::size_t size = 0;
      const char* key = lua_tolstring(L, -2, &size);
      keys_.push_back({key, size});
    } else if (lua_isinteger(L, -2) != 0 && lua_tointeger(L, -2) >= 1) {
      ++count;
      largest = std::max(largest, lua_tointeger(L, -2));
    } else {
      refuse(L, "a key is neither a text nor one of 1, 2, 3 …");
    }
  }
  const std::size_t texts = keys_.size() - first_key;
  charge_steps(L, count + texts);
  if (count != 0 && texts != 0) refuse(L, "the table has both texts and numbers as keys");
  if (texts != 0 && is_marked) refuse(L, "an array has a text as a key");
  if (count != 0 && has_mark(L, index, object_mark_)) refuse(L, "an object has a number as a key");
  if (std::cmp_not_equal(largest, count)) {
    refuse(L, "the list has a gap (use table.remove to take out, json.null for nothing)");
  }
  return {.is_array = is_marked || count != 0, .count = count};
}

void LuaJson::write_array(lua_State* L, int index, std::size_t count) {
  out_ += '[';
  for (std::size_t i = 1; i <= count; ++i) {
    if (i > 1) out_ += ',';
    path_.back().index = i;
    lua_rawgeti(L, index, static_cast<lua_Integer>(i));
    write_value(L, lua_gettop(L));
    lua_pop(L, 1);
  }
  out_ += ']';
}

void LuaJson::write_object(lua_State* L, int index, std::size_t first_key) {
  const std::size_t end = keys_.size();
  std::sort(keys_.begin() + static_cast<std::ptrdiff_t>(first_key), keys_.end());
  out_ += '{';
  for (std::size_t i = first_key; i < end; ++i) {
    const std::string_view key = keys_[i];
    if (i > first_key) out_ += ',';
    path_.back().key = key;
    write_text(L, key);
    out_ += ':';
    lua_pushlstring(L, key.data(), key.size());
    lua_rawget(L, index);
    write_value(L, lua_gettop(L));
    lua_pop(L, 1);
  }
  out_ += '}';
}

std::string LuaJson::where() const {
  std::string path(root_);
  for (const Step& step : path_) {
    if (step.key.data()) {
      if (is_name(step.key)) {
        path.append(".").append(step.key);
      } else {
        path.append("[\"").append(step.key.substr(0, 64)).append("\"]");
      }
    } else if (step.index != 0) {
      path.append("[").append(std::to_string(step.index)).append("]");
    }
    if (path.size() > 300) return path + " …";
  }
  return path;
}

void LuaJson::refuse(lua_State* L, std::string_view why) {
  message_ = where().append(": ").append(why);
  luaL_where(L, 1);
  lua_pushlstring(L, message_.data(), message_.size());
  lua_concat(L, 2);
  lua_error(L);
  std::unreachable();
}

}  // namespace creel

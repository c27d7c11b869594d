// JSON as values of Lua and back (docs/transforms.md says which is which).
//
// Objects are tables with texts as keys, arrays tables 1 … n that carry a mark, so that an empty one stays
// one; null is json.null. Integers of 64 bits are exact, every other number is the nearest double. What is
// written is one text for one value: keys sorted by their bytes, no white space, integers as integers and
// other numbers as the shortest text that reads back the same ("1.0" stays "1.0").
//
// One LuaJson for one state; it outlives the state. What raises (marked so) leaves nothing behind that the
// next use would stumble on.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

struct lua_State;

namespace creel {

// A deeper body is not read as JSON, and a deeper value not written.
inline constexpr std::size_t kLuaJsonDepthMax = 256;

class LuaJson {
 public:
  // Texts that would become longer are not written.
  explicit LuaJson(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  LuaJson(const LuaJson&) = delete;
  LuaJson& operator=(const LuaJson&) = delete;

  // Prepares null and the marks, and pushes the library `json`: null, array, object, encode, decode. To be
  // called first. Raises.
  void open(lua_State* L);

  // Pushes a value. Raises.
  void push(lua_State* L, simdjson::dom::element value) const;
  void push_null(lua_State* L) const;
  // Pushes an empty array with room for `count` items. Raises.
  void push_array(lua_State* L, int count) const;

  // Whether the value at `index` is still what push made of `value`. Raises for want of stack alone.
  bool is_same(lua_State* L, int index, simdjson::dom::element value) const;

  // Writes the value at `index`, or raises a sentence that begins with where in it the fault lies, as seen
  // from `root`: "event.body.data.items[3]: a function cannot be sent". The text is good until the next
  // write.
  const std::string& write(lua_State* L, int index, std::string_view root);

 private:
  struct Step {
    std::string_view key;  // or, where it has no data,
    std::size_t index = 0;
    const void* table = nullptr;
  };
  // How a table is to be written.
  struct Shape {
    bool is_array = false;
    std::size_t count = 0;
  };

  static LuaJson& of(lua_State* L);
  static int array(lua_State* L);
  static int object(lua_State* L);
  static int encode(lua_State* L);
  static int decode(lua_State* L);

  void mark(lua_State* L, const void* key) const;
  bool has_mark(lua_State* L, int index, const void* mark) const;
  void push_object(lua_State* L, simdjson::dom::object object) const;
  void push_items(lua_State* L, simdjson::dom::array array) const;

  void write_value(lua_State* L, int index);
  void write_table(lua_State* L, int index);
  void write_object(lua_State* L, int index, std::size_t first_key);
  void write_array(lua_State* L, int index, std::size_t count);
  void write_number(lua_State* L, int index);
  void write_text(lua_State* L, std::string_view text);
  Shape shape_of(lua_State* L, int index);
  void enter(lua_State* L, int index);
  [[noreturn]] void refuse(lua_State* L, std::string_view why);
  std::string where() const;

  std::size_t bytes_max_;
  const void* array_mark_ = nullptr;
  const void* object_mark_ = nullptr;
  const void* null_ = nullptr;
  simdjson::dom::parser parser_;  // of json.decode

  // Of the write that goes on.
  std::string out_;
  std::vector<std::string_view> keys_;  // of all objects that are open, each one's after its parent's
  std::vector<Step> path_;
  std::string_view root_;
  std::string message_;
};

// Parses bytes that were received. What JSON writers make and simdjson refuses is made readable first:
// integers beyond 64 bits become the nearest double, halves of surrogate pairs the text of their escape. The
// element lives until the next call.
class LuaJsonReader {
 public:
  LuaJsonReader();

  // Nothing when `text` is no object or array, or no JSON at all, or too deep.
  bool read(std::string_view text, simdjson::dom::element& into);

 private:
  bool parse(std::string_view text, simdjson::dom::element& into);

  simdjson::dom::parser parser_;
  std::string padded_;
  std::string mended_;
};

}  // namespace creel

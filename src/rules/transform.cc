#include "rules/transform.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <lua.hpp>
#include <utility>

#include "core/text.h"
#include "rules/lua_base.h"
#include "rules/lua_budget.h"
#include "rules/lua_json.h"
#include "rules/lua_memory.h"
#include "rules/transform_event.h"

namespace creel {
namespace {

constexpr std::size_t kTextMax = std::size_t{64} << 10;
constexpr std::size_t kMessageMax = 490;  // and the sign that it was cut
// What may lie around uncollected between two events.
constexpr std::size_t kGarbageMax = std::size_t{1} << 20;

// Their addresses are keys in the registry.
constexpr char kMain = 0, kGlobals = 0;

// Before what Lua says about a place in the script: "line:3: …".
constexpr const char* kChunkName = "=line";
constexpr std::string_view kLine = "line:";

// Takes white space and comments off the front.
void skip_blanks(std::string_view& text) {
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n\f\v"), text.size()));
    if (!text.starts_with("--")) return;
    text.remove_prefix(2);
    std::size_t level = 1;
    while (level < text.size() && text[level] == '=')
      ++level;
    if (text.starts_with('[') && level < text.size() && text[level] == '[') {
      const std::string close = "]" + std::string(level - 1, '=') + "]";
      const std::size_t end = text.find(close);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + close.size());
    } else {
      text.remove_prefix(std::min(text.find('\n'), text.size()));
    }
  }
}

// "function(event) … end" is an expression, which a chunk cannot begin with.
bool is_function(std::string_view text) {
  constexpr std::string_view kWord = "function";
  skip_blanks(text);
  if (!text.starts_with(kWord)) return false;
  text.remove_prefix(kWord.size());
  skip_blanks(text);
  return text.starts_with('(');
}

struct Pieces {
  std::string_view pieces[2];
  std::size_t next = 0;
};

const char* next_piece(lua_State*, void* data, std::size_t* size) {
  auto& pieces = *static_cast<Pieces*>(data);
  while (pieces.next < 2) {
    const std::string_view piece = pieces.pieces[pieces.next++];
    *size = piece.size();
    if (!piece.empty()) return piece.data();
  }
  *size = 0;
  return nullptr;
}

// Takes "line:3: " off the front; 0 without.
int take_line(std::string_view& message) {
  if (!message.starts_with(kLine)) return 0;
  int line = 0;
  const char* begin = message.data() + kLine.size();
  const auto [end, error] = std::from_chars(begin, message.data() + message.size(), line);
  const std::string_view rest(end, static_cast<std::size_t>(message.data() + message.size() - end));
  if (error != std::errc() || !rest.starts_with(": ")) return 0;
  message = rest.substr(2);
  return line;
}

std::string size_text(std::size_t bytes) {
  if (bytes % (std::size_t{1} << 20) == 0) return fmt::format("{} MiB", bytes >> 20);
  if (bytes % (std::size_t{1} << 10) == 0) return fmt::format("{} KiB", bytes >> 10);
  return fmt::format("{} bytes", bytes);
}

}  // namespace

struct Transform::Impl {
  explicit Impl(const TransformLimits& with)
      : limits(with), memory(budget), json(with.memory_max), event(json) {
    memory.limit(limits.memory_max);
    state = lua_newstate(LuaMemory::allocate, &memory);
    if (!state) return;
    // The memory decides when to collect: most scripts never come to it.
    lua_gc(state, LUA_GCSTOP);
    budget.watch(state, &memory);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (state) lua_close(state);
  }

  std::optional<TransformError> compile(std::string_view lua);
  std::expected<std::optional<Transformed>, TransformError> run(const StoredEvent& of);

 private:
  static int prepare(lua_State* L);
  static int transform(lua_State* L);
  static Impl& of(lua_State* L) { return *static_cast<Impl*>(lua_touserdata(L, 1)); }

  void push_function(lua_State* L) const;
  std::optional<TransformError> call(lua_CFunction function);
  TransformError error(int status) const;
  TransformError error(std::string_view message) const;
  void tidy();

  TransformLimits limits;
  StepBudget budget;
  LuaMemory memory;
  LuaJson json;
  TransformEvent event;
  lua_State* state = nullptr;
  Pieces script;
  bool is_dropped = false;  // by the run that goes on
};

// Pushes the function that the script is or returns, with globals of its own.
void Transform::Impl::push_function(lua_State* L) const {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kMain);
  lua_createtable(L, 0, 4);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kGlobals);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "_G");
  lua_setupvalue(L, -2, 1);
  lua_call(L, 0, 1);
  if (lua_type(L, -1) != LUA_TFUNCTION) {
    lua_pushfstring(L, "the script gives a %s; it must be function(event) … end, or return such a function",
                    luaL_typename(L, -1));
    lua_error(L);
  }
}

// In a protected call: opens the libraries and reads the script.
int Transform::Impl::prepare(lua_State* L) {
  Impl& impl = of(L);
  lua_createtable(L, 0, 2);
  open_base(L);
  impl.json.open(L);
  make_read_only(L, "json");
  lua_setfield(L, -2, "json");
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kGlobals);

  if (lua_load(L, next_piece, &impl.script, kChunkName, "t") != LUA_OK) return lua_error(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kMain);
  impl.push_function(L);
  return 0;
}

// In a protected call: one event.
int Transform::Impl::transform(lua_State* L) {
  Impl& impl = of(L);
  lua_settop(L, 0);
  impl.push_function(L);
  impl.event.push(L);
  lua_call(L, 1, LUA_MULTRET);
  if (lua_gettop(L) == 0) {
    lua_pushliteral(L,
                    "the function ended without a return; return event to send it, or nil to send nothing");
    return lua_error(L);
  }
  impl.is_dropped = lua_isnil(L, 1);
  if (!impl.is_dropped) impl.event.take(L, 1);
  return 0;
}

std::optional<TransformError> Transform::Impl::call(lua_CFunction function) {
  budget.start({.steps_max = limits.steps_max, .time_max = limits.time_max});
  lua_pushcfunction(state, function);
  lua_pushlightuserdata(state, this);
  const int status = lua_pcall(state, 1, 0, 0);
  std::optional<TransformError> failure;
  if (status != LUA_OK) failure = error(status);
  tidy();
  return failure;
}

// Lets go of what the event left. None of this can raise.
void Transform::Impl::tidy() {
  lua_settop(state, 0);
  if (lua_rawgetp(state, LUA_REGISTRYINDEX, &kMain) == LUA_TFUNCTION) {
    lua_pushnil(state);
    lua_setupvalue(state, -2, 1);
  }
  lua_settop(state, 0);
  if (memory.used() > std::min(kGarbageMax, limits.memory_max / 8)) memory.collect(state);
}

TransformError Transform::Impl::error(int status) const {
  if (status == LUA_ERRMEM) return {.message = "needs more than " + size_text(limits.memory_max)};
  std::string_view message;
  if (lua_type(state, -1) == LUA_TSTRING) {
    std::size_t size = 0;
    const char* text = lua_tolstring(state, -1, &size);
    message = {text, size};
  }
  if (budget.is_spent()) {
    const int line = take_line(message);
    const std::string what =
        budget.is_out_of_time()
            ? fmt::format("stopped after {} ms of processor time", limits.time_max.count())
            : fmt::format("stopped after {} steps", limits.steps_max);
    return {.message = line != 0 ? fmt::format("line {}: {}", line, what) : what, .line = line};
  }
  if (lua_type(state, -1) == LUA_TNUMBER) return error(fmt::format("error {}", lua_tonumber(state, -1)));
  if (lua_type(state, -1) != LUA_TSTRING)
    return error(fmt::format("the script raised a {} in place of a text", luaL_typename(state, -1)));
  return error(message);
}

TransformError Transform::Impl::error(std::string_view message) const {
  TransformError made;
  std::string text;
  while (const int line = take_line(message)) {
    if (made.line == 0) made.line = line;
    if (text.size() < kMessageMax) text += fmt::format("line {}: ", line);
  }
  made.message = displayed(text.append(message.substr(0, kMessageMax)), kMessageMax);
  return made;
}

std::optional<TransformError> Transform::Impl::compile(std::string_view lua) {
  if (!state) return error(LUA_ERRMEM);
  script = {.pieces = {is_function(lua) ? "return " : "", lua}};
  auto failure = call(prepare);
  script = {};
  return failure;
}

std::expected<std::optional<Transformed>, TransformError> Transform::Impl::run(const StoredEvent& of) {
  event.prepare(of);
  is_dropped = false;
  if (auto failure = call(transform)) return std::unexpected(*std::move(failure));
  if (is_dropped) return std::nullopt;
  auto made = event.finish();
  if (!made) return std::unexpected(error(made.error()));
  return *std::move(made);
}

std::expected<Transform, TransformError> Transform::compile(std::string_view lua,
                                                            const TransformLimits& limits) {
  if (lua.size() > kTextMax)
    return std::unexpected(TransformError{.message = "the script is longer than " + size_text(kTextMax)});
  auto impl = std::make_unique<Impl>(limits);
  if (auto failure = impl->compile(lua)) return std::unexpected(*std::move(failure));
  return Transform(std::move(impl));
}

std::expected<std::optional<Transformed>, TransformError> Transform::run(const StoredEvent& event) {
  return impl_->run(event);
}

Transform::Transform(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Transform::Transform(Transform&&) noexcept = default;
Transform& Transform::operator=(Transform&&) noexcept = default;
Transform::~Transform() = default;

}  // namespace creel

// The memory of one script: counted, limited, and given back when the script is forgotten.
//
//   LuaMemory memory(budget);
//   memory.limit(bytes);
//   lua_State* L = lua_newstate(LuaMemory::allocate, &memory);
//
// Over the limit it gives none; Lua then collects its garbage, asks once more, and else raises "not enough
// memory". But for a text that a library function is building Lua does not ask again; so garbage is also
// collected on the way, by tidy(), with Lua's own collector stopped. What is costly in memory costs steps
// too: large pieces, which are copied as often as they are made, and the collections that a script at its
// limit forces. Used by one thread at a time; outlives its state.
#pragma once

#include <cstddef>

struct lua_State;

namespace creel {

class StepBudget;

class LuaMemory {
 public:
  explicit LuaMemory(StepBudget& budget) : budget_(&budget) {}
  LuaMemory(const LuaMemory&) = delete;
  LuaMemory& operator=(const LuaMemory&) = delete;

  // Of all values together, in bytes as Lua asks for them.
  void limit(std::size_t bytes_max) {
    bytes_max_ = bytes_max;
    collect_at_ = bytes_max / 8;
  }
  std::size_t used() const { return used_; }

  // Collects when there may be much to collect. Where calls of Lua may be made.
  void tidy(lua_State* L) {
    if (used_ > collect_at_) collect(L);
  }
  void collect(lua_State* L);

  static void* allocate(void* memory, void* old, std::size_t old_bytes, std::size_t new_bytes);

 private:
  bool take(std::size_t more);

  StepBudget* budget_;
  std::size_t bytes_max_ = 0;
  std::size_t used_ = 0;
  std::size_t collect_at_ = 0;
};

}  // namespace creel

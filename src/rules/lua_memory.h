// The memory of one script: counted, limited, and given back when the script is forgotten.
//
//   LuaMemory memory(budget);
//   memory.limit(bytes);
//   lua_State* L = lua_newstate(LuaMemory::allocate, &memory);
//
// Over the limit it gives none; Lua then collects its garbage, asks once more, and else raises "not enough
// memory". What is costly in memory costs steps too: large pieces, which are copied as often as they are
// made, and the collections that a script at its limit forces. Used by one thread at a time; outlives its
// state.
#pragma once

#include <cstddef>

namespace creel {

class StepBudget;

class LuaMemory {
 public:
  explicit LuaMemory(StepBudget& budget) : budget_(&budget) {}
  LuaMemory(const LuaMemory&) = delete;
  LuaMemory& operator=(const LuaMemory&) = delete;

  // Of all values together, in bytes as Lua asks for them.
  void limit(std::size_t bytes_max) { bytes_max_ = bytes_max; }
  std::size_t used() const { return used_; }

  static void* allocate(void* memory, void* old, std::size_t old_bytes, std::size_t new_bytes);

 private:
  bool take(std::size_t more);

  StepBudget* budget_;
  std::size_t bytes_max_ = 0;
  std::size_t used_ = 0;
};

}  // namespace creel

#include "rules/lua_memory.h"

#include <algorithm>
#include <cstdlib>
#include <lua.hpp>

#include "rules/lua_budget.h"

namespace creel {
namespace {

// Smaller pieces cost no more than the instruction that made them; and whether a short text is already there
// depends on what ran before, which the count of steps must not.
constexpr std::size_t kLarge = 4096;
constexpr std::size_t kBytesPerStep = 64;
constexpr std::size_t kCollectedPerStep = 256;
// From here on an instruction over all there is takes a millisecond.
constexpr std::size_t kMuch = std::size_t{4} << 20;

}  // namespace

void LuaMemory::collect(lua_State* L) {
  budget_->charge_quietly(used_ / kCollectedPerStep);
  lua_gc(L, LUA_GCCOLLECT);
  collect_at_ = used_ + std::max(bytes_max_ / 8, used_ / 2);
}

bool LuaMemory::take(std::size_t more) {
  if (more > bytes_max_ || used_ > bytes_max_ - more) {
    budget_->charge_quietly(used_ / kCollectedPerStep);  // Lua goes through everything now.
    return false;
  }
  if (more >= kLarge) budget_->charge_quietly(more / kBytesPerStep);
  if (used_ >= kMuch) budget_->look_closer();
  return true;
}

void* LuaMemory::allocate(void* self, void* old, std::size_t old_bytes, std::size_t new_bytes) {
  auto& memory = *static_cast<LuaMemory*>(self);
  if (!old) old_bytes = 0;  // It is a kind of object then.
  if (new_bytes == 0) {
    std::free(old);
    memory.used_ -= old_bytes;
    return nullptr;
  }
  if (new_bytes > old_bytes && !memory.take(new_bytes - old_bytes)) return nullptr;
  void* piece = std::realloc(old, new_bytes);
  if (!piece) {
    if (new_bytes > old_bytes) return nullptr;
    piece = old;  // Lua counts on it that to shrink never fails.
  }
  memory.used_ = memory.used_ - old_bytes + new_bytes;
  return piece;
}

}  // namespace creel

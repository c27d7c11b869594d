#include "rules/lua_budget.h"

#include <time.h>

#include <algorithm>
#include <lua.hpp>
#include <utility>

#include "rules/lua_memory.h"

namespace creel {
namespace {

constexpr std::uint64_t kSlice = 1000;
// Some 20 µs of ordinary instructions; reading the clock costs 0.3 µs.
constexpr std::uint64_t kStepsBetweenClocks = 4 * kSlice;

// Every state has room for one pointer in front of it, which costs nothing to find.
StepBudget*& budget_of(lua_State* L) {
  return *static_cast<StepBudget**>(lua_getextraspace(L));
}

std::chrono::nanoseconds processor_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

void charge_steps(lua_State* L, std::uint64_t steps) {
  StepBudget* budget = budget_of(L);
  if (!budget) return;
  if (budget->memory_) budget->memory_->tidy(L);
  budget->take(steps);
  if (budget->is_spent_) budget->raise(L, 1);
}

void StepBudget::watch(lua_State* L, LuaMemory* memory) {
  state_ = L;
  memory_ = memory;
  budget_of(L) = this;
}

void StepBudget::start(const Limits& limits) {
  limits_ = limits;
  left_ = limits.steps_max;
  steps_between_clocks_ = kStepsBetweenClocks;
  until_time_ = 0;
  began_ = std::chrono::nanoseconds(-1);
  is_spent_ = is_out_of_time_ = false;
  slice_ = static_cast<int>(std::clamp<std::uint64_t>(limits.steps_max, 1, kSlice));
  lua_sethook(state_, on_count, LUA_MASKCOUNT, slice_);
}

void StepBudget::charge_quietly(std::uint64_t steps) {
  take(steps);
}

void StepBudget::on_count(lua_State* L, lua_Debug*) {
  StepBudget& budget = *budget_of(L);
  if (budget.memory_) budget.memory_->tidy(L);
  budget.take(static_cast<std::uint64_t>(budget.slice_));
  if (budget.is_spent_) budget.raise(L, 0);
}

void StepBudget::take(std::uint64_t steps) {
  if (is_spent_) return;
  if (steps >= left_) return spend();
  left_ -= steps;
  if (steps < until_time_) {
    until_time_ -= steps;
  } else {
    check_time();
  }
}

void StepBudget::check_time() {
  until_time_ = steps_between_clocks_;
  const auto now = processor_time();
  if (began_.count() < 0) began_ = now;
  if (now - began_ < limits_.time_max) return;
  is_out_of_time_ = true;
  spend();
}

void StepBudget::spend() {
  left_ = 0;
  is_spent_ = true;
  slice_ = 1;
  // Allowed at any time, even while memory is being asked for: the manual has it called by signal handlers.
  lua_sethook(state_, on_count, LUA_MASKCOUNT, 1);
}

void StepBudget::raise(lua_State* L, int level) const {
  luaL_where(L, level);
  if (is_out_of_time_) {
    const lua_Integer tenths = limits_.time_max.count() / 100;
    lua_pushfstring(L, "stopped after %I.%I s", tenths / 10, tenths % 10);
  } else {
    lua_pushfstring(L, "stopped after %I steps", static_cast<lua_Integer>(limits_.steps_max));
  }
  lua_concat(L, 2);
  lua_error(L);
  std::unreachable();
}

}  // namespace creel

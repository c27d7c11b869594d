// How long a script may run: a number of steps, shared by its own instructions and by the work that library
// functions do for it.
//
//   StepBudget budget;
//   budget.watch(L);                       // once
//   budget.start({.steps_max = 10'000});   // before each run
//   …  charge_steps(L, bytes / 64);        // in a library function, before or while it does the work
//
// Steps are counted, not timed, so that the same script stops at the same place on any machine. What no count
// of steps sees (instructions that compare or convert texts of megabytes) ends at a limit of processor time,
// far beyond what a script meets otherwise.
//
// A script cannot swallow the end: once the budget is spent, every further instruction and every further
// charge raises again, so that pcall in a loop gets no further. That holds only while errors are handled
// outside of hooks, which is why scripts get no xpcall of Lua's own (it runs the handler inside).
#pragma once

#include <chrono>
#include <cstdint>

struct lua_State;
struct lua_Debug;

namespace creel {

class LuaMemory;

// Charges work to the script's budget; raises "stopped after … steps" when that spends it. Zero is fine. In a
// state that nobody watches it does nothing.
void charge_steps(lua_State* L, std::uint64_t steps);

class StepBudget {
 public:
  struct Limits {
    std::uint64_t steps_max = 0;
    std::chrono::milliseconds time_max = std::chrono::seconds(5);  // of this thread's processor time
  };

  StepBudget() = default;
  StepBudget(const StepBudget&) = delete;
  StepBudget& operator=(const StepBudget&) = delete;

  // From now on `L` is counted by this, which must live as long, and so must `memory`, whose garbage is
  // collected on the way. To be called on its main thread, once.
  void watch(lua_State* L, LuaMemory* memory = nullptr);

  void start(const Limits& limits);

  // Charges without raising: the script's next instruction does. For where raising is not possible.
  void charge_quietly(std::uint64_t steps);

  // The script holds so much memory that a single instruction may take long: the clock is looked at more
  // often.
  void look_closer() { steps_between_clocks_ = 0; }

  bool is_spent() const { return is_spent_; }
  bool is_out_of_time() const { return is_out_of_time_; }  // Spent for want of time, not of steps.

 private:
  friend void charge_steps(lua_State* L, std::uint64_t steps);

  static void on_count(lua_State* L, lua_Debug* debug);
  void take(std::uint64_t steps);
  void check_time();
  void spend();
  [[noreturn]] void raise(lua_State* L, int level) const;

  lua_State* state_ = nullptr;
  LuaMemory* memory_ = nullptr;
  Limits limits_;
  std::uint64_t left_ = 0;
  std::uint64_t until_time_ = 0;  // Steps until the clock is looked at again.
  std::uint64_t steps_between_clocks_ = 0;
  std::chrono::nanoseconds began_{-1};
  int slice_ = 1;         // Instructions between two calls of the hook.
  bool is_spent_ = true;  // Until start().
  bool is_out_of_time_ = false;
};

}  // namespace creel

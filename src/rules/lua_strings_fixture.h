// Lua states for the tests of the bounded libraries: one with ours, one with those of Lua, asked the same.
#pragma once

#include <cstdint>
#include <lua.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rules/lua_budget.h"

namespace creel::testing {

// As much as a script has by itself.
inline constexpr std::uint64_t kPlenty = 10'000'000;

class LuaState {
 public:
  enum class Libraries { bounded, real };

  // All of Lua's libraries; with `bounded` the string and table ones are ours, as global, as module and as
  // methods.
  explicit LuaState(Libraries libraries);

  // From now on; to begin with it is kPlenty. Only the bounded libraries and their scripts use it up.
  void set_budget(std::uint64_t steps) { budget_->start({.steps_max = steps}); }

  // What a chunk returns, shown: strings and numbers as they are, other values by their type, with spaces
  // between them; or "error: " and the message.
  std::string run(std::string_view chunk);

  // One question to the string library, and everything that can be seen of the answer, errors included.
  // `operation` is find, plain, match, gmatch, gsub, or gsub_table, gsub_function: in these the replacements
  // come of a table or a function that has several kinds of them. When the budget ends, the answer has
  // "stopped after" in it.
  struct Question {
    std::string_view operation;
    std::string_view subject;
    std::string_view pattern;
    std::string_view replacement = {};
    std::optional<lua_Integer> number = std::nullopt;  // init, or how often
  };
  std::string ask(const Question& question);

 private:
  struct Close {
    void operator()(lua_State* state) const { lua_close(state); }
  };
  std::string show();
  std::unique_ptr<StepBudget> budget_ = std::make_unique<StepBudget>();
  std::unique_ptr<lua_State, Close> state_;
};

}  // namespace creel::testing

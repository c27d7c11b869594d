// Patterns of Lua against Lua's own matcher: a line with the operation (and a number), one with the pattern,
// one with the replacement, and the subject. Where ours stays in its budget, the answers must agree to the
// letter. Lua's own has no budget: what it might take long over is only given to ours.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "rules/lua_strings_fixture.h"
#include "tests/fuzz/check.h"

using namespace creel;
using testing::LuaState;

namespace {

constexpr std::string_view kOperations[] = {"find", "plain",      "match",        "gmatch",
                                            "gsub", "gsub_table", "gsub_function"};
constexpr std::uint64_t kBudget = 100'000;

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// Each quantifier may try each length anew.
bool is_quick(std::string_view pattern, std::string_view subject) {
  const auto repeats = std::count_if(pattern.begin(), pattern.end(), [](char letter) {
    return letter == '*' || letter == '+' || letter == '-' || letter == '?' || letter == 'b';
  });
  double work = 1;
  for (int i = 0; i <= repeats; ++i)
    work *= static_cast<double>(subject.size() + 1);
  return work < 1e6;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static LuaState bounded(LuaState::Libraries::bounded);
  static LuaState real(LuaState::Libraries::real);
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view line = take_line(text);
  LuaState::Question question{.operation = kOperations[0], .subject = {}, .pattern = take_line(text)};
  question.replacement = take_line(text);
  question.subject = text;
  if (!line.empty())
    question.operation = kOperations[static_cast<unsigned char>(line[0]) % std::size(kOperations)];
  if (line.size() > 1) question.number = static_cast<signed char>(line[1]);
  bounded.set_budget(kBudget);
  const std::string answer = bounded.ask(question);
  if (answer.find("stopped after") != std::string::npos) return 0;
  if (!is_quick(question.pattern, question.subject)) return 0;
  real.set_budget(testing::kPlenty);
  CHECK_ALWAYS(answer == real.ask(question));
  return 0;
}

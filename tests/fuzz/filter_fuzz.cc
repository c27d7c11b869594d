// Filters and the events they are asked of, both from the input: a line with the filter, a head up to an
// empty line, a body. Whatever they are, an answer comes, it comes again, and $not, $or and $and mean what
// they say.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/filter.h"
#include "tests/fuzz/check.h"

using namespace creel;

namespace {

// A filter made of one that can be read cannot be read only for its size.
bool matches(const std::string& filter, const RuleInput& event, bool expected) {
  const auto parsed = Filter::parse(filter);
  if (!parsed) {
    CHECK_ALWAYS(parsed.error().message.contains("deeper") || parsed.error().message.contains("larger"));
    return expected;
  }
  RuleScratch scratch;
  return parsed->matches(event, scratch);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string text(input.substr(0, input.find('\n')));
  input.remove_prefix(std::min(text.size() + 1, input.size()));
  const std::size_t head_end = std::min(input.find("\n\n"), input.size());
  const RuleInput event{.source = "s",
                        .type = "t",
                        .head = input.substr(0, head_end),
                        .body = input.substr(std::min(head_end + 2, input.size()))};

  const auto filter = Filter::parse(text);
  if (!filter) {
    CHECK_ALWAYS(!filter.error().message.empty());
    return 0;
  }
  RuleScratch scratch;
  const bool is_match = filter->matches(event, scratch);
  CHECK_ALWAYS(filter->matches_also(event, scratch) == is_match);
  CHECK_ALWAYS(filter->matches(event, scratch) == is_match);

  const std::string opposite = "{\"$not\":" + text + "}";
  CHECK_ALWAYS(matches(opposite, event, !is_match) == !is_match);
  CHECK_ALWAYS(matches("{\"$not\":" + opposite + "}", event, is_match) == is_match);
  CHECK_ALWAYS(matches("{\"$or\":[" + text + "," + text + "]}", event, is_match) == is_match);
  CHECK_ALWAYS(matches("{\"$and\":[" + text + "," + text + "]}", event, is_match) == is_match);
  CHECK_ALWAYS(matches("{\"$or\":[" + text + "," + opposite + "]}", event, true));
  CHECK_ALWAYS(!matches("{\"$and\":[" + text + "," + opposite + "]}", event, false));
  return 0;
}

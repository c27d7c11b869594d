// A script and a body that nobody meant well: the script ends, says one safe sentence or sends the same thing
// twice, and leaves nothing behind.
//
// The input is the script up to the first zero byte, then the body.
#include <chrono>
#include <cstdint>
#include <string_view>

#include "core/text.h"
#include "rules/transform.h"
#include "tests/fuzz/check.h"

namespace {

using Result = std::expected<std::optional<creel::Transformed>, creel::TransformError>;

bool is_safe(const creel::TransformError& error) {
  return !error.message.empty() && error.message.size() <= 500 &&
         creel::displayed(error.message, 500) == error.message;
}

bool is_same(const Result& a, const Result& b) {
  if (a.has_value() != b.has_value()) return false;
  if (!a) return a.error().message == b.error().message && a.error().line == b.error().line;
  if (a->has_value() != b->has_value()) return false;
  return !*a || ((*a)->head == (*b)->head && (*a)->body == (*b)->body);
}

// No line of the head that was not meant as one.
bool is_head(std::string_view head) {
  for (std::size_t at = 0; at < head.size(); ++at) {
    if (head[at] == '\n' && (at == 0 || head[at - 1] != '\r')) return false;
    if (head[at] == '\r' && (at + 1 == head.size() || head[at + 1] != '\n')) return false;
  }
  return head.ends_with("\r\n") && !head.contains("\r\n\r\n");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view script = input.substr(0, input.find('\0'));
  creel::StoredEvent event{
      .id = creel::EventId::of(1, 0),
      .source = "openai",
      .received = creel::Time(std::chrono::seconds(1'750'287'078)),
      .provider_id = "wh_1",
      .type = "batch.completed",
      .head = "POST /p?a=1&b=%20 HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n",
      .body = std::string(input.substr(std::min(script.size() + 1, input.size())))};
  const creel::TransformLimits limits{
      .memory_max = std::size_t{1} << 20, .steps_max = 20'000, .time_max = std::chrono::milliseconds(10'000)};
  auto transform = creel::Transform::compile(script, limits);
  if (!transform) {
    CHECK_ALWAYS(is_safe(transform.error()));
    return 0;
  }
  const Result first = transform->run(event);
  const Result again = transform->run(event);
  CHECK_ALWAYS(first || is_safe(first.error()));
  // Where memory was short, what the first run left uncollected may decide how the next one ends.
  const bool is_short = (!first && first.error().message.starts_with("needs more")) ||
                        (!again && again.error().message.starts_with("needs more"));
  CHECK_ALWAYS(is_short || is_same(first, again));
  if (first && *first) CHECK_ALWAYS(is_head((*first)->head));

  auto other = creel::Transform::compile(script, limits);
  CHECK_ALWAYS(other.has_value());
  CHECK_ALWAYS(is_short || is_same(first, other->run(event)));
  return 0;
}

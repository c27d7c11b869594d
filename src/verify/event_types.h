// The names of OpenAI's events, and the nearest name to a mistyped one.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace creel {

std::span<const std::string_view> openai_event_types();  // sorted

// The name of the list with the fewest edits to `text`, or nothing when even that is another word.
std::optional<std::string_view> nearest_name(std::span<const std::string_view> names, std::string_view text);

}  // namespace creel

// Pauses as the store keeps them: named texts beside whatever else operators set.
//
//   pause/destination/app = {"since":1795435200000,"reason":"by hand"}
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/model.h"

namespace creel {

std::string pause_entry_name(Pause::What what, std::string_view name);
std::string pause_entry_value(const Pause& pause);

// Nothing when the name is not that of a pause. One whose value cannot be read is a pause all the same, since
// somebody has said so: only when and why is lost.
std::optional<Pause> pause_of_entry(std::string_view name, std::string_view value);

}  // namespace creel

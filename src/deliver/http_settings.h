// What can be wrong with how a destination of kind http is reached, found when it is configured.
#pragma once

#include <expected>
#include <string>

#include "core/model.h"

namespace creel {

// The error is a sentence for the person who configures, without a secret. Looks at no file and resolves no
// name: a pure function of the destination.
std::expected<void, std::string> check_http_settings(const Destination& destination);

}  // namespace creel

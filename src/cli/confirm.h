// Whoever changes more than one delivery is asked first.
#pragma once

#include <string_view>

#include "cli/cli.h"

namespace creel::cli {

// "retry 3 deliveries? [y/N]" on a terminal: kFine for yes, kNegative for anything else. Where there is no
// terminal nobody can be asked: kUsage, and `otherwise` says which flag would do: "say --yes".
int confirm(std::string_view act, std::string_view otherwise, Io& io);

}  // namespace creel::cli

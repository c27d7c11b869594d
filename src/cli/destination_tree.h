// A configured destination as `config show` and `check-config` print it: as it would be written in the file,
// with what may be secret replaced by ***.
#pragma once

#include "cli/json.h"
#include "core/model.h"

namespace creel::cli {

Json destination_tree(const Destination& destination);

}  // namespace creel::cli

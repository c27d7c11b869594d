#include "cli/confirm.h"

#include <fmt/format.h>

#include <istream>
#include <ostream>
#include <string>

#include "cli/exit_code.h"
#include "cli/output.h"

namespace creel::cli {

int confirm(std::string_view act, std::string_view otherwise, Io& io) {
  if (!io.in_is_terminal) {
    complain(io.err, fmt::format("this would {}: {}", act, otherwise));
    return kUsage;
  }
  io.err << act << "? [y/N] " << std::flush;
  std::string answer;
  std::getline(io.in, answer);
  return answer == "y" || answer == "yes" ? kFine : kNegative;
}

}  // namespace creel::cli

#include <ostream>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"

namespace creel::cli {

int version(Format format, Io& io) {
  if (format == Format::json) {
    io.out << Json::object().set("name", Json::of("creel")).set("version", Json::of(CREEL_VERSION)).dump()
           << '\n';
  } else {
    io.out << "creel " CREEL_VERSION "\n";
  }
  return kFine;
}

}  // namespace creel::cli

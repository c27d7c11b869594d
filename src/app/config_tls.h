// tls = { certificate = "…", key = "…" } of a port: both files are read, and what is in them is made ready.
#pragma once

#include <optional>

#include "app/config.h"
#include "app/config_section.h"

namespace creel {

// The key `tls` of a table. Nothing when it is not there, or cannot be used, which is reported; a certificate
// that ends soon, or has ended, gets a warning.
std::optional<TlsConfig> read_tls(Section& port);

}  // namespace creel

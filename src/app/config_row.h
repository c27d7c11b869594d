// A provider that the configuration describes: a generic row of the table, completed by a source's options.
//
//   [sources.billing]
//   provider = "hmac"
//   header   = "X-Billing-Signature"
//   id       = "/event_id"
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "app/config.h"
#include "app/config_section.h"

namespace creel {

// The options by which a source may describe its provider: some for the generic rows, none for any other.
std::span<const std::string_view> row_options(const Provider& provider);
// All of them, whatever the provider.
std::span<const std::string_view> all_row_options();

// Reads those options. Gives `generic` itself where the source says none, and a row that owns its texts
// otherwise; also when something was wrong, which is reported. What was said is noted in `source.options`.
std::shared_ptr<const Provider> read_row(Section& from, const Provider& generic, ConfigProblems& problems,
                                         SourceConfig& source);

// A row of the table, which lasts for ever.
std::shared_ptr<const Provider> table_row(const Provider& provider);

}  // namespace creel

// A provider that the configuration describes: a generic row of the table, completed by a source's options.
//
//   [sources.billing]
//   provider = "hmac"
//   header   = "X-Billing-Signature"
//   id       = "/event_id"
#pragma once

#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// The same row made again of what SourceConfig::options noted, or what is wrong with it as a sentence. The
// provider is a row of the table by its name.
std::expected<std::shared_ptr<const Provider>, std::string> make_row(
    std::string_view provider, const std::vector<std::pair<std::string, std::vector<std::string>>>& options);

// A row of the table, which lasts for ever.
std::shared_ptr<const Provider> table_row(const Provider& provider);

}  // namespace creel

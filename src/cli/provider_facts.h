// A provider's row in words: what the command prints and the documentation says.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <creel/provider.h>

namespace creel::cli {

// How a name, a value or a piece of code is set off from words: as it is, or `so`.
using Quote = std::function<std::string(std::string_view)>;
std::string plainly(std::string_view code);
std::string in_backticks(std::string_view code);

std::string_view to_text(Scheme scheme);  // "signature": stable, for machines

// "HMAC-SHA256 of {timestamp}.{body}": one line.
std::string proof_of(const Provider& provider, const Quote& quote);
// The same in a few words, for a table on a terminal: "HMAC-SHA256 of {timestamp}.{body}", "JWT".
std::string brief_proof_of(const Provider& provider);
// "STRIPE_WEBHOOK_SECRET"; "" where there is none.
std::string variables_of(const Provider& provider, const Quote& quote);
// "400", or "401 / 403" where a missing credential has another.
std::string statuses_of(const Provider& provider);

// Everything that a row says, as pairs of a name and a value, in the order in which one asks for it.
std::vector<std::pair<std::string, std::string>> facts_of(const Provider& provider, const Quote& quote);

// What a configuration file says of a source of this provider.
std::string example_of(const Provider& provider);

}  // namespace creel::cli

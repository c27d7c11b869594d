// Which events and deliveries a command is about: the flags that `events list`, `dlq`, `replay`, `retry` and
// `cancel` share, checked here and said in the API's words.
#pragma once

#include <expected>

#include "cli/admin_client.h"
#include "cli/commands.h"

namespace creel::cli {

// {"source":"openai","types":["batch.*"],"since":"1750000000",…}: what is said and nothing else, so {} for
// nothing. Times that are durations are counted back from now. A filter is read, from its file where it is
// @FILE, and compiled here, so that a mistake in it is told with its place before anything is asked. The
// error is an exit code, and what is wrong is said.
std::expected<Json, int> selection_json(const Selection& selection, Io& io);

// The same in a query string.
void add_selection(QueryText& query, const Json& selection);

// Whether the page stopped at its bound of time and not because it was full, and how to go on after it:
// said on stderr. `found` is how many of at most `limit` are on the page, `what` what they are: "events".
void say_where_the_page_ended(const Json& page, std::string_view what, std::size_t found, int limit, Io& io);

}  // namespace creel::cli

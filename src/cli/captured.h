// A request as somebody caught it: from files, from flags, or from a running creel.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/commands.h"

namespace creel::cli {

struct Captured {
  std::string method;  // "" when not known, as the query
  std::string query;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string source;                            // "" when not known
  std::optional<std::chrono::sys_seconds> when;  // when creel received it
};

// What --body, --headers, -H, --request or an id name. Says on stderr what is wrong; the error is an exit
// code.
std::expected<Captured, int> captured(const VerifyOptions& options, Io& io);

// "name: value" lines, with LF or CRLF; a request line before them and an empty line after them are skipped.
// So is the > that curl -v puts before each. Or one JSON object of texts, as a handler's log shows them.
// Nothing when it is neither.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_header_lines(std::string_view text);

}  // namespace creel::cli

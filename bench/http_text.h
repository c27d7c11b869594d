// Just enough HTTP/1.1 to measure with: where a message ends, and what its first line says.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <string_view>

#include <strings.h>

namespace creel::bench {

struct Message {
  std::size_t bytes = 0;  // of the whole message; 0 while it is not complete
  std::string_view first_line;
  std::string_view body;  // of a message with Content-Length; empty for a chunked one
  bool close = false;     // the sender closes after it

  int status() const { return first_line.size() > 12 ? std::atoi(first_line.data() + 9) : 0; }
};

// The value of a header when `line` is that header, else an empty view. `name` ends with its colon.
inline std::string_view header_value(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || strncasecmp(line.data(), name.data(), name.size()) != 0) return {};
  line.remove_prefix(name.size());
  while (line.starts_with(' '))
    line.remove_prefix(1);
  return line;
}

// Calls `take(line)` for each header line of a complete head.
template <typename Take>
void each_header(std::string_view head, Take take) {
  std::size_t at = head.find("\r\n");
  while (at != std::string_view::npos && at + 2 < head.size()) {
    std::size_t end = head.find("\r\n", at + 2);
    if (end == std::string_view::npos) end = head.size();
    if (end > at + 2) take(head.substr(at + 2, end - at - 2));
    at = end;
  }
}

// The message at the front of `text`. A chunked body counts, its bytes are not given.
inline Message parse_message(std::string_view text) {
  Message message;
  const std::size_t head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return message;
  std::size_t length = 0;
  bool chunked = false;
  each_header(text.substr(0, head_end), [&](std::string_view line) {
    if (auto value = header_value(line, "content-length:"); !value.empty())
      length = std::strtoul(value.data(), nullptr, 10);
    if (auto value = header_value(line, "transfer-encoding:"); !value.empty()) chunked = true;
    if (auto value = header_value(line, "connection:"); !value.empty())
      message.close = strncasecmp(value.data(), "close", 5) == 0;
  });
  message.first_line = text.substr(0, text.find("\r\n"));
  if (!chunked) {
    if (text.size() < head_end + 4 + length) return message;
    message.body = text.substr(head_end + 4, length);
    message.bytes = head_end + 4 + length;
    return message;
  }
  for (std::size_t at = head_end + 4;;) {
    const std::size_t line_end = text.find("\r\n", at);
    if (line_end == std::string_view::npos) return message;
    const std::size_t chunk = std::strtoul(text.data() + at, nullptr, 16);
    at = line_end + 2 + chunk + 2;
    if (at > text.size()) return message;
    if (chunk == 0) {
      message.bytes = at;
      return message;
    }
  }
}

}  // namespace creel::bench

// JSON written again, as one library or another writes it: to find out what a body looked like before
// something parsed it. Numbers keep their text, and nothing is checked but what is needed to stay inside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace creel {

struct JsonStyle {
  enum class Space : std::uint8_t {
    compact,   // JavaScript, Go, Rust
    spaced,    // Python: ", " and ": "
    indent_2,  // pretty, as JavaScript and Python do
    indent_4,
  };
  enum class Text : std::uint8_t {
    as_it_is,
    plain,          // nothing escaped that need not be: JavaScript
    escaped,        // non-ASCII as \u00e9: Python, PHP, Ruby
    escaped_upper,  // non-ASCII and the characters of HTML as \u00E9: .NET
    html_escaped,   // < > & as \u003c: Go, Rails
  };
  enum class Slash : std::uint8_t { as_it_is, plain, escaped };  // escaped: PHP

  Space space = Space::compact;
  Text text = Text::as_it_is;
  Slash slash = Slash::as_it_is;
  bool is_sorted = false;  // keys, in each object

  bool operator==(const JsonStyle&) const = default;
};

// A parsed text, to be written in many styles. It keeps views into the text.
class JsonRewriter {
 public:
  // Nothing when the text is not JSON that parse_json accepts.
  static std::optional<JsonRewriter> of(std::string_view text);

  std::string write(const JsonStyle& style) const;
  // The text with its strings in another style, and everything between them as it is.
  std::string write_strings(JsonStyle::Text text, JsonStyle::Slash slash) const;

  bool has_objects_of_many() const { return has_objects_of_many_; }

 private:
  // One value: a scalar's own text, or where its members are.
  struct Node {
    std::string_view text;  // of a scalar or a string, with its quotes; "{" or "["
    std::string_view key;   // with its quotes; "" in an array
    std::uint32_t end = 0;  // the node after this one and all within it
  };

  explicit JsonRewriter(std::string_view text) : text_(text) {}
  void read();
  void write_node(std::uint32_t index, const JsonStyle& style, int depth, std::string& out) const;

  std::string_view text_;
  std::vector<Node> nodes_;
  bool has_objects_of_many_ = false;
};

// One string with its quotes, in another style.
std::string restyled_string(std::string_view quoted, JsonStyle::Text text, JsonStyle::Slash slash);

}  // namespace creel

#include "verify/json_style.h"

#include <algorithm>

#include "verify/json.h"

namespace creel {
namespace {

bool is_json_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return text.size();
}

std::uint32_t hex_at(std::string_view text, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4 && i < text.size(); ++i) {
    const char c = text[i];
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value * 16 + static_cast<std::uint32_t>(digit & 15);
  }
  return value;
}

void append_utf8(std::uint32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 63));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 63));
    out += static_cast<char>(0x80 | (c >> 6 & 63));
    out += static_cast<char>(0x80 | (c & 63));
  }
}

// The next character of the inside of a string, escapes read; `at` moves behind it.
std::uint32_t next_character(std::string_view text, std::size_t& at) {
  const auto byte = static_cast<unsigned char>(text[at++]);
  if (byte == '\\' && at < text.size()) {
    const char escape = text[at++];
    switch (escape) {
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'u':
        break;
      default:
        return static_cast<unsigned char>(escape);
    }
    const std::uint32_t unit = hex_at(text, at);
    at = std::min(at + 4, text.size());
    const bool is_pair = unit >= 0xd800 && unit < 0xdc00 && text.substr(at, 2) == "\\u";
    if (!is_pair) return unit;
    const std::uint32_t low = hex_at(text, at + 2);
    at = std::min(at + 6, text.size());
    return 0x10000 + ((unit - 0xd800) << 10) + ((low - 0xdc00) & 0x3ff);
  }
  if (byte < 0x80) return byte;
  const int more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
  std::uint32_t c = byte & (0x3f >> more);
  for (int i = 0; i < more && at < text.size(); ++i)
    c = c << 6 | (static_cast<unsigned char>(text[at++]) & 63);
  return c;
}

void append_unit(std::uint32_t unit, bool is_upper, std::string& out) {
  const std::string_view digits = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4)
    out += digits[unit >> shift & 15];
}

void append_escaped(std::uint32_t c, bool is_upper, std::string& out) {
  if (c < 0x10000) return append_unit(c, is_upper, out);
  append_unit(0xd800 + ((c - 0x10000) >> 10), is_upper, out);
  append_unit(0xdc00 + ((c - 0x10000) & 0x3ff), is_upper, out);
}

// The short escapes that all libraries agree on; "" for other characters.
std::string_view short_escape(std::uint32_t c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return {};
  }
}

bool is_of_html(std::uint32_t c) {
  return c == '<' || c == '>' || c == '&';
}

bool must_escape(std::uint32_t c, JsonStyle::Text text) {
  const bool is_surrogate = c >= 0xd800 && c < 0xe000;  // half a pair has no UTF-8
  if (c < 0x20 || is_surrogate) return true;
  switch (text) {
    case JsonStyle::Text::escaped:
      return c >= 0x7f;
    case JsonStyle::Text::escaped_upper:
      return c >= 0x7f || is_of_html(c) || c == '\'' || c == '+' || c == '`';
    case JsonStyle::Text::html_escaped:
      return is_of_html(c) || c == 0x2028 || c == 0x2029;
    case JsonStyle::Text::as_it_is:
    case JsonStyle::Text::plain:
      return false;
  }
  return false;
}

// Without the work of reading each character.
std::string with_slashes(std::string_view quoted, JsonStyle::Slash slash) {
  std::string out;
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] == '\\' && i + 1 < quoted.size()) {
      const bool is_slash = quoted[i + 1] == '/';
      if (!is_slash || slash == JsonStyle::Slash::escaped) out += '\\';
      out += quoted[++i];
    } else {
      if (quoted[i] == '/' && slash == JsonStyle::Slash::escaped) out += '\\';
      out += quoted[i];
    }
  }
  return out;
}

}  // namespace

std::string restyled_string(std::string_view quoted, JsonStyle::Text text, JsonStyle::Slash slash) {
  if (text == JsonStyle::Text::as_it_is) {
    return slash == JsonStyle::Slash::as_it_is ? std::string(quoted) : with_slashes(quoted, slash);
  }
  const std::string_view inside = quoted.substr(1, quoted.size() - 2);
  std::string out = "\"";
  for (std::size_t at = 0; at < inside.size();) {
    const std::size_t begin = at;
    const std::uint32_t c = next_character(inside, at);
    if (c == '/') {
      const bool is_escaped = slash == JsonStyle::Slash::escaped ||
                              (slash == JsonStyle::Slash::as_it_is && inside[begin] == '\\');
      out += is_escaped ? "\\/" : "/";
    } else if (text == JsonStyle::Text::escaped_upper && c == '"') {
      out += "\\u0022";
    } else if (const auto escape = short_escape(c); !escape.empty()) {
      out += escape;
    } else if (must_escape(c, text)) {
      append_escaped(c, text == JsonStyle::Text::escaped_upper, out);
    } else {
      append_utf8(c, out);
    }
  }
  return out + "\"";
}

std::optional<JsonRewriter> JsonRewriter::of(std::string_view text) {
  if (!parse_json(text)) return std::nullopt;
  JsonRewriter rewriter(text);
  rewriter.read();
  return rewriter;
}

// The text is known to be JSON, so brackets match and keys are strings.
void JsonRewriter::read() {
  std::vector<std::uint32_t> open;
  std::vector<std::uint32_t> members;
  std::string_view key;
  for (std::size_t at = 0; at < text_.size();) {
    const char c = text_[at];
    if (is_json_space(c) || c == ',' || c == ':') {
      ++at;
      continue;
    }
    if (c == '}' || c == ']') {
      nodes_[open.back()].end = static_cast<std::uint32_t>(nodes_.size());
      has_objects_of_many_ |= c == '}' && members.back() > 1;
      open.pop_back();
      members.pop_back();
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    if (c == '"') {
      end = string_end(text_, at);
    } else if (c != '{' && c != '[') {
      while (end < text_.size() && !is_json_space(text_[end]) &&
             std::string_view(",:]}").find(text_[end]) == std::string_view::npos)
        ++end;
    }
    const std::string_view value = text_.substr(at, end - at);
    at = end;
    const bool is_in_object = !open.empty() && nodes_[open.back()].text == "{";
    if (is_in_object && key.empty()) {
      key = value;
      continue;
    }
    const auto index = static_cast<std::uint32_t>(nodes_.size());
    if (!members.empty()) ++members.back();
    nodes_.push_back({.text = value, .key = key, .end = index + 1});
    key = {};
    if (c == '{' || c == '[') {
      open.push_back(index);
      members.push_back(0);
    }
  }
}

std::string JsonRewriter::write(const JsonStyle& style) const {
  std::string out;
  out.reserve(text_.size() + text_.size() / 4);
  write_node(0, style, 0, out);
  return out;
}

// The depth is bounded by parse_json.
void JsonRewriter::write_node(std::uint32_t index, const JsonStyle& style, int depth,
                              std::string& out) const {
  using Space = JsonStyle::Space;
  const Node& node = nodes_[index];
  const bool is_object = node.text == "{";
  if (!is_object && node.text != "[") {
    out += node.text.starts_with('"') ? restyled_string(node.text, style.text, style.slash)
                                      : std::string(node.text);
    return;
  }
  std::vector<std::uint32_t> members;
  for (std::uint32_t at = index + 1; at < node.end; at = nodes_[at].end)
    members.push_back(at);
  if (is_object && style.is_sorted)
    std::ranges::sort(members, {}, [this](std::uint32_t at) { return nodes_[at].key; });

  const int indent = style.space == Space::indent_2 ? 2 : style.space == Space::indent_4 ? 4 : 0;
  const auto new_line = [&](int levels) {
    if (indent > 0) out.append("\n").append(static_cast<std::size_t>(indent * levels), ' ');
  };
  out += node.text;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += style.space == Space::spaced ? ", " : ",";
    new_line(depth + 1);
    if (is_object) {
      out += restyled_string(nodes_[members[i]].key, style.text, style.slash);
      out += style.space == Space::compact ? ":" : ": ";
    }
    write_node(members[i], style, depth + 1, out);
  }
  if (!members.empty()) new_line(depth);
  out += is_object ? '}' : ']';
}

std::string JsonRewriter::write_strings(JsonStyle::Text text, JsonStyle::Slash slash) const {
  std::string out;
  for (std::size_t at = 0; at < text_.size();) {
    if (text_[at] != '"') {
      out += text_[at++];
      continue;
    }
    const std::size_t end = string_end(text_, at);
    out += restyled_string(text_.substr(at, end - at), text, slash);
    at = end;
  }
  return out;
}

}  // namespace creel

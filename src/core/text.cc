#include "core/text.h"

#include <algorithm>
#include <cstdint>

namespace creel {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 0;  // 0 when the bytes are not UTF-8
};

// The code point at the front of `text`, which is not empty (RFC 3629: no overlong forms, no surrogates).
CodePoint decode(std::string_view text) {
  auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  std::uint32_t value = lead & (0x7fu >> bytes);
  for (std::size_t at = 1; at < bytes; ++at) {
    if ((byte(at) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(at) & 0x3fu);
  }
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[bytes] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return {};
  return {value, bytes};
}

// Characters that move the cursor, colour the terminal or turn the reading direction.
bool is_harmful(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void append_hex(std::string& into, std::uint32_t value, int digits) {
  while (digits-- > 0)
    into += "0123456789abcdef"[value >> (4 * digits) & 15];
}

}  // namespace

std::string displayed(std::string_view text, std::size_t bytes_max) {
  std::string shown;
  shown.reserve(text.size() < bytes_max ? text.size() : bytes_max);
  while (!text.empty()) {
    if (shown.size() >= bytes_max) return shown += "…";
    CodePoint c = decode(text);
    if (c.bytes == 0) {
      shown += "\\x";
      append_hex(shown, static_cast<std::uint8_t>(text.front()), 2);
      text.remove_prefix(1);
      continue;
    }
    if (!is_harmful(c.value)) {
      shown += text.substr(0, c.bytes);
    } else if (c.value < 0x100) {
      shown += "\\x";
      append_hex(shown, c.value, 2);
    } else {
      shown += "\\u{";
      append_hex(shown, c.value, 4);
      shown += '}';
    }
    text.remove_prefix(c.bytes);
  }
  return shown;
}

std::string without_credentials(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t authority = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t path = std::min(url.find_first_of("/?#", authority), url.size());
  const std::size_t user_end = url.substr(authority, path - authority).rfind('@');
  std::string shown(url.substr(0, authority));
  if (user_end == std::string_view::npos) {
    shown += url.substr(authority, path - authority);
  } else {
    shown += "***";
    shown += url.substr(authority + user_end, path - authority - user_end);
  }
  const std::size_t query = std::min(url.find_first_of("?#", path), url.size());
  shown += url.substr(path, query - path);
  if (query < url.size()) shown += "?***";
  return shown;
}

bool matches_glob(std::string_view glob, std::string_view text) {
  // The usual two-pointer walk: on a mismatch go back to the last star and let it swallow one byte more.
  std::size_t g = 0, t = 0, star = std::string_view::npos, star_text = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_text = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g, ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*')
    ++g;
  return g == glob.size();
}

}  // namespace creel

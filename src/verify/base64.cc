#include "verify/base64.h"

#include <array>

namespace creel {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto kValues = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}();

struct ByTable {
  static int value_of(unsigned char c) { return kValues[c]; }
};

// All ones when low <= c <= high, else zero. Shifts of negative numbers are arithmetic since C++20.
constexpr int in_range(int c, int low, int high) {
  return ((low - 1 - c) & (c - high - 1)) >> 8;
}

struct ByArithmetic {
  static int value_of(unsigned char c) {
    return -1 + (in_range(c, 'A', 'Z') & (c - 'A' + 1)) + (in_range(c, 'a', 'z') & (c - 'a' + 27)) +
           (in_range(c, '0', '9') & (c - '0' + 53)) + (in_range(c, '+', '+') & 63) +
           (in_range(c, '/', '/') & 64);
  }
};

std::size_t padding_of(std::string_view text) {
  if (text.size() % 4 != 0 || text.empty() || text.back() != '=') return 0;
  return text[text.size() - 2] == '=' ? 2 : 1;
}

template <class Alphabet>
std::optional<std::size_t> decode(std::string_view text, std::span<std::uint8_t> out, Base64Rule rule) {
  if (rule == Base64Rule::canonical && text.size() % 4 != 0) return std::nullopt;
  text.remove_suffix(padding_of(text));
  const std::size_t rest = text.size() % 4;
  const std::size_t bytes = text.size() / 4 * 3 + (rest == 0 ? 0 : rest - 1);
  if (rest == 1 || bytes > out.size()) return std::nullopt;

  const auto value = [&](std::size_t at) { return Alphabet::value_of(static_cast<unsigned char>(text[at])); };
  int bad = 0;  // Negative as soon as one character was foreign; looked at once, at the end.
  std::size_t to = 0;
  std::size_t from = 0;
  for (; from + 4 <= text.size(); from += 4) {
    const int a = value(from), b = value(from + 1), c = value(from + 2), d = value(from + 3);
    bad |= a | b | c | d;
    const auto group = static_cast<std::uint32_t>((a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6 | (d & 63));
    out[to++] = static_cast<std::uint8_t>(group >> 16);
    out[to++] = static_cast<std::uint8_t>(group >> 8);
    out[to++] = static_cast<std::uint8_t>(group);
  }
  int unused_bits = 0;
  if (rest >= 2) {
    const int a = value(from), b = value(from + 1), c = rest == 3 ? value(from + 2) : 0;
    bad |= a | b | c;
    const auto group = static_cast<std::uint32_t>((a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6);
    out[to++] = static_cast<std::uint8_t>(group >> 16);
    if (rest == 3) out[to++] = static_cast<std::uint8_t>(group >> 8);
    unused_bits = static_cast<int>(rest == 3 ? group & 0xff : group & 0xffff);
  }
  if (bad < 0) return std::nullopt;
  if (rule == Base64Rule::canonical && unused_bits != 0) return std::nullopt;
  return to;
}

}  // namespace

std::optional<std::size_t> decode_base64_secret(std::string_view text, std::span<std::uint8_t> out,
                                                Base64Rule rule) noexcept {
  return decode<ByArithmetic>(text, out, rule);
}

std::optional<std::size_t> decode_base64_public(std::string_view text, std::span<std::uint8_t> out) noexcept {
  return decode<ByTable>(text, out, Base64Rule::canonical);
}

std::string encode_base64(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16 |
                                (left > 1 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8 : 0) |
                                (left > 2 ? static_cast<std::uint32_t>(bytes[i + 2]) : 0);
    text += kAlphabet[group >> 18];
    text += kAlphabet[group >> 12 & 63];
    text += left > 1 ? kAlphabet[group >> 6 & 63] : '=';
    text += left > 2 ? kAlphabet[group & 63] : '=';
  }
  return text;
}

}  // namespace creel

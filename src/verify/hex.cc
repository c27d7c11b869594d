#include "verify/hex.h"

namespace creel {
namespace {

// All without a table or a branch, so that compilers take many digits at a time.
constexpr std::uint8_t value_of(std::uint8_t c) {
  return static_cast<std::uint8_t>((c & 15) + (c >> 6) * 9);  // letters have bit 6 set, digits have not
}
constexpr std::uint8_t is_foreign(std::uint8_t c) {
  const auto digit = static_cast<std::uint8_t>(c - '0'), letter = static_cast<std::uint8_t>((c | 32) - 'a');
  return static_cast<std::uint8_t>((digit > 9) & (letter > 5));
}

}  // namespace

bool decode_hex(std::string_view text, std::span<std::uint8_t> out) noexcept {
  if (text.size() != out.size() * 2) return false;
  const auto* digits = reinterpret_cast<const std::uint8_t*>(text.data());
  std::uint8_t bad = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    bad |= is_foreign(digits[i]);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::uint8_t>(value_of(digits[2 * i]) << 4 | value_of(digits[2 * i + 1]));
  return bad == 0;
}

}  // namespace creel

// Standard base64 (RFC 4648 section 4), into memory that the caller owns.
//
// Keys are decoded without a table and without a branch on their characters, so that neither cache nor clock
// tells them; signatures come from the wire and are no secret, so they take the faster way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace creel {

enum class Base64Rule {
  canonical,      // padding as the standard has it, unused bits zero: one text for each byte string
  lenient_ending  // padding may be left off, unused bits may be anything
};

// How many bytes `characters` of base64 decode to at most.
constexpr std::size_t base64_decoded_max(std::size_t characters) {
  return characters / 4 * 3 + 3;
}

// Writes the bytes of `text` to `out` and returns how many. Nothing when the text is not base64 by the rule
// or does not fit into `out`. Neither throws nor allocates.
std::optional<std::size_t> decode_base64_secret(std::string_view text, std::span<std::uint8_t> out,
                                                Base64Rule rule) noexcept;
std::optional<std::size_t> decode_base64_public(std::string_view text, std::span<std::uint8_t> out) noexcept;

// With padding. For bytes that are no secret: signatures.
std::string encode_base64(std::span<const std::uint8_t> bytes);

}  // namespace creel

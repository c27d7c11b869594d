// Hexadecimal digits (RFC 4648 section 8), read strictly: of signatures and public keys, which are no secret.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace creel {

// Fills `out` with the bytes of `text`. False unless the text is exactly two digits for each byte, of either
// case; `out` then holds anything. Neither throws nor allocates.
bool decode_hex(std::string_view text, std::span<std::uint8_t> out) noexcept;

}  // namespace creel

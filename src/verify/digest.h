// SHA-256 (FIPS 180-4), for keys made of bodies and for digests that senders send along.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace creel {

using Sha256 = std::array<std::uint8_t, 32>;

// Allocates nothing, unlike OpenSSL's newer functions.
Sha256 sha256(std::string_view text) noexcept;

std::string to_hex(std::span<const std::uint8_t> bytes);  // lower case

}  // namespace creel

// Credentials do not go to disk.
//
// A header or a query field that is a credential, by its name or by its source's word, is replaced, before
// anything is stored, by an HMAC-SHA256 of its value under a key of the store: "creel-hmac:" and 64 hex
// digits. Whoever knows the secret can still tell whether it was the one that came; whoever reads the store
// cannot tell what it was. Everything else stays byte for byte as it was received.
//
// Immutable after construction: share between threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <creel/provider.h>
#include "core/credentials.h"
#include "http/http.h"

namespace creel {

class CredentialMask {
 public:
  using Key = std::array<std::byte, 32>;
  explicit CredentialMask(const Key& key) : key_(key) {}
  // The mask's own key, made of the store's secret: neither can be found from the other's use.
  static Key key_of(std::span<const std::uint8_t> store_secret);

  // The head of `request` with its credentials replaced, or nothing when it holds none and can be kept as it
  // is. `receiver` is the source's.
  std::optional<std::string> masked_head(const http::Request& request, const Receiver& receiver) const;

  // The same for a head that was stored: what is masked in it stays as it is.
  std::optional<std::string> masked_again(const http::Request& stored, const Receiver& receiver) const;

  // What stands in place of `value`. A query field's value is decoded first.
  std::string masked(std::string_view value) const;

 private:
  struct Rules;
  std::optional<std::string> masked_head(const http::Request& request, const Rules& rules) const;
  std::string masked_target(std::string_view target, const Rules& rules) const;

  Key key_;
};

// How a stored event tells which secret matched: the key's label and a mark of its bytes under the store's
// secret, "OPENAI_WEBHOOK_SECRET 1a2b3c4d". A label that is given to another secret later is told apart by
// it; without the store's secret the mark says nothing of the key.
std::string secret_mark(const Key& key, std::span<const std::uint8_t> store_secret);

}  // namespace creel

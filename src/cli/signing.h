// What trigger, sign and verify share: the secret, the bytes, and fresh ids.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include <creel/provider.h>

namespace creel::cli {

// The row of the table; says so on stderr when there is none, with the nearest name.
std::expected<const Provider*, int> provider_named(std::string_view name, Io& io);

// The text of --secret, of --secret-file, or of the provider's usual variable. Says which variable to set
// when there is none (78). Never printed.
std::expected<std::string, int> secret_text(const SecretOptions& options, const Provider& provider, Io& io);

// A receiver that signs with this secret.
std::expected<Receiver, int> signer_of(const SecretOptions& options, Io& io);

// The bytes of a file, or of stdin for "-" and "".
std::expected<std::string, int> read_bytes(const std::string& path, Io& io);

// `prefix` and 32 random hex digits: no two alike.
std::string new_id(std::string_view prefix);

std::chrono::sys_seconds now_of(const Io& io);

}  // namespace creel::cli

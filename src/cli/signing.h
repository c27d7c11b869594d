// What trigger, sign and verify share: the provider, the secret, the bytes, and fresh ids.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <creel/provider.h>
#include "app/config.h"
#include "cli/commands.h"

namespace creel::cli {

// The row of the table; says so on stderr when there is none, with the nearest name.
std::expected<const Provider*, int> provider_named(std::string_view name, Io& io);

// The text of --secret, of --secret-file, or of the provider's usual variables. Says which variable to set
// when there is none (78). Never printed.
std::expected<std::string, int> secret_text(const SecretOptions& options, const Provider& provider, Io& io);

// Whose webhooks are made: a source as the configuration has it, else one as `creel serve` would make it of
// the provider alone. Its provider is never null; it may lack keys.
struct SigningSource {
  SourceConfig config;
  bool is_configured = false;
  // A JSON pointer, for providers that put the signature into the body: sign() then gives it as a header with
  // this name. "" for all others.
  std::string_view body_signature;
};
std::expected<SigningSource, int> signing_source(const SecretOptions& options, Io& io);

// A receiver that signs with one secret: the one that `options` name, the source's first that is valid now,
// or that of a usual variable. Says on stderr what is missing, and for providers that sign with a private key
// that nobody else has it (64). `source` outlives it.
std::expected<Receiver, int> signer_of(const SecretOptions& options, const SigningSource& source, Io& io);

// A receiver of the same source with a secret that nobody else has; what it signs looks like what `right`
// signs.
Receiver stranger(const Receiver& right, const SigningSource& source, std::chrono::sys_seconds now);

// The bytes of a file, or of stdin for "-" and "".
std::expected<std::string, int> read_bytes(const std::string& path, Io& io);

// `prefix` and 32 random hex digits: no two alike.
std::string new_id(std::string_view prefix);

std::chrono::sys_seconds now_of(const Io& io);

}  // namespace creel::cli

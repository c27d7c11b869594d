#include "cli/signing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <istream>
#include <iterator>
#include <ostream>
#include <random>

#include "app/units.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "core/text.h"

namespace creel::cli {

std::expected<const Provider*, int> provider_named(std::string_view name, Io& io) {
  if (const Provider* provider = find_provider(name)) return provider;
  std::vector<std::string_view> known;
  for (const Provider& row : all_providers())
    known.push_back(row.name);
  const std::string_view meant = nearest(name, known);
  complain(io.err, fmt::format("unknown provider \"{}\"{}", displayed(name),
                               meant.empty() ? fmt::format("; known are {}", fmt::join(known, ", "))
                                             : fmt::format("; did you mean \"{}\"?", meant)));
  return std::unexpected(kUsage);
}

std::expected<std::string, int> secret_text(const SecretOptions& options, const Provider& provider, Io& io) {
  if (!options.secret.empty()) return options.secret;
  if (!options.secret_file.empty()) {
    auto text = io.outside.file(options.secret_file);
    if (!text) {
      complain(io.err, "cannot read " + options.secret_file);
      return std::unexpected(kNotFound);
    }
    text->erase(text->find_last_not_of("\r\n") + 1);
    return *std::move(text);
  }
  const std::string_view variable =
      provider.secret_environment.empty() ? std::string_view() : provider.secret_environment.front();
  if (!variable.empty()) {
    auto text = io.outside.variable(variable);
    if (text && !text->empty()) return *std::move(text);
  }
  complain(io.err, variable.empty()
                       ? std::string("no secret: say --secret or --secret-file")
                       : fmt::format("no secret: set {}, or say --secret or --secret-file", variable));
  return std::unexpected(kConfiguration);
}

std::expected<Receiver, int> signer_of(const SecretOptions& options, Io& io) {
  const auto provider = provider_named(options.provider, io);
  if (!provider) return std::unexpected(provider.error());
  const auto text = secret_text(options, **provider, io);
  if (!text) return std::unexpected(text.error());
  auto secret = Secret::parse(*text, (*provider)->secret_form);
  if (!secret) {
    complain(io.err, fmt::format("the secret cannot be used: {}", describe(secret.error())));
    return std::unexpected(kConfiguration);
  }
  if (!secret->can_sign()) {
    complain(io.err, "the secret cannot be used: a public key verifies and does not sign");
    return std::unexpected(kConfiguration);
  }
  std::vector<Key> keys;
  keys.push_back(Key{.secret = *std::move(secret), .label = "given", .not_before = {}, .not_after = {}});
  return Receiver(**provider, std::move(keys), ReceiverOptions{.body_bytes_max = std::size_t{1} << 30});
}

std::expected<std::string, int> read_bytes(const std::string& path, Io& io) {
  if (path.empty() || path == "-") return std::string(std::istreambuf_iterator<char>(io.in), {});
  if (auto bytes = io.outside.file(path)) return *std::move(bytes);
  complain(io.err, "cannot read " + path);
  return std::unexpected(kNotFound);
}

std::string new_id(std::string_view prefix) {
  std::random_device device;
  std::string id(prefix);
  for (int i = 0; i < 4; ++i)
    id += fmt::format("{:08x}", static_cast<std::uint32_t>(device()));
  return id;
}

std::chrono::sys_seconds now_of(const Io& io) {
  return std::chrono::floor<std::chrono::seconds>(io.clock.now());
}

}  // namespace creel::cli

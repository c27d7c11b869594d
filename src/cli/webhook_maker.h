// Webhooks as a provider would send them: of a sample or a file, changed, signed, and spoiled on demand.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/signing.h"

namespace creel::cli {

struct MadeWebhook {
  HttpRequest request;
  std::string id;  // what the provider calls it; "" when it does not
};

class WebhookMaker {
 public:
  // Reads what it needs and says on stderr what is missing; the error is an exit code. `options` and `io`
  // outlive it.
  static std::expected<WebhookMaker, int> open(const TriggerOptions& options, Io& io);

  // The next one, with an id and a time of its own.
  std::expected<MadeWebhook, int> make();

  // The address without what a query says of a secret: fit to be shown.
  const std::string& target() const { return target_; }
  // The request as it would go over the line, with *** for what is a secret.
  std::string shown(const MadeWebhook& webhook) const;
  Json shown_as_json(const MadeWebhook& webhook) const;

 private:
  struct Unsigned;

  WebhookMaker(const TriggerOptions& options, SigningSource source, Io& io);
  const Provider& provider() const { return *source_.config.provider; }
  bool find_target();
  std::expected<void, int> find_signer();
  std::expected<Unsigned, int> sampled(std::chrono::sys_seconds now);
  Unsigned from_file() const;
  void say_what_has_no_effect() const;
  std::expected<void, int> sign(Unsigned& webhook, std::chrono::sys_seconds now, HttpRequest& request) const;
  std::string masked(std::string_view name, const std::string& value) const;

  const TriggerOptions* options_;
  Io* io_;
  SigningSource source_;
  std::string target_;
  std::string signed_url_;
  std::string method_;
  std::optional<std::string> file_;  // the bytes of --body
  std::optional<Receiver> signer_;   // none where the provider signs nothing
};

}  // namespace creel::cli

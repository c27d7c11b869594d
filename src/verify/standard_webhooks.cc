// The family of Standard Webhooks and Svix: what Verifier and Signer do, as a scheme.
#include <optional>
#include <string>

#include "verify/scheme.h"

namespace creel {
namespace {

VerifyOptions options_for(const Provider& provider, const ReceiverOptions& options) {
  VerifyOptions verify;
  verify.max_age = verify.max_skew = options.tolerance.value_or(provider.tolerance);
  verify.body_bytes_max = options.body_bytes_max;
  verify.header_prefix = provider.header_prefixes.front();
  if (provider.header_prefixes.size() > 1) verify.other_header_prefix = provider.header_prefixes[1];
  return verify;
}

class StandardWebhooks final : public SchemeKeys {
 public:
  StandardWebhooks(const Provider& provider, std::vector<Key> keys, const ReceiverOptions& options)
      : provider_(provider), verifier_(std::move(keys), options_for(provider, options)) {
    for (const Key& key : verifier_.keys())
      signers_.push_back(key.secret.can_sign() ? std::optional<Signer>(key.secret) : std::nullopt);
  }

  std::expected<Proof, VerifyError> verify(const IncomingRequest& request, std::chrono::sys_seconds now,
                                           const Masking*) const override {
    const auto webhook = verifier_.verify(request.headers, request.body, now);
    if (!webhook) return std::unexpected(webhook.error());
    return Proof{.key_index = (*webhook)->key_index, .id = (*webhook)->id};
  }

  bool can_sign() const override {
    for (const auto& signer : signers_) {
      if (signer) return true;
    }
    return false;
  }

  Receiver::Signed sign(const Receiver::SignRequest& request) const override {
    std::string signatures;
    for (std::size_t i = 0; i < signers_.size(); ++i) {
      if (!signers_[i] || !keys()[i].is_valid_at(request.now)) continue;
      if (!signatures.empty()) signatures += ' ';
      signatures += signers_[i]->sign(request.provider_id, request.now, request.body);
    }
    if (signatures.empty()) return {};
    const std::string prefix(provider_.header_prefixes.front());
    return {.headers = {{prefix + "id", std::string(request.provider_id)},
                        {prefix + "timestamp", std::to_string(request.now.time_since_epoch().count())},
                        {prefix + "signature", std::move(signatures)}},
            .query = {}};
  }

  std::string hex_mac(std::size_t, std::string_view) const override { return {}; }

  std::span<const Key> keys() const override { return verifier_.keys(); }

 private:
  const Provider& provider_;
  Verifier verifier_;
  std::vector<std::optional<Signer>> signers_;  // one a key, in their order
};

}  // namespace

std::unique_ptr<SchemeKeys> make_standard_webhooks(const Provider& provider, std::vector<Key> keys,
                                                   const ReceiverOptions& options) {
  return std::make_unique<StandardWebhooks>(provider, std::move(keys), options);
}

}  // namespace creel

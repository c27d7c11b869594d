#include "verify/json.h"
#include "verify/provider.h"
#include "verify/timestamp.h"

namespace creel {
namespace {

std::string text_at(const simdjson::dom::element& root, std::string_view pointer) {
  std::string_view text;
  if (pointer.empty() || root.at_pointer(pointer).get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

std::optional<std::chrono::sys_seconds> time_at(const simdjson::dom::element& root,
                                                const Provider& provider) {
  if (provider.time_pointer.empty()) return std::nullopt;
  switch (provider.time_format) {
    case TimeFormat::unix_seconds: {
      std::int64_t seconds = 0;
      if (root.at_pointer(provider.time_pointer).get(seconds) != simdjson::SUCCESS) return std::nullopt;
      // Beyond the calendar a time is of no use, and arithmetic on it could overflow.
      constexpr std::int64_t kYear9999 = 253'402'300'799;
      if (seconds < 0 || seconds > kYear9999) return std::nullopt;
      return std::chrono::sys_seconds(std::chrono::seconds(seconds));
    }
    case TimeFormat::iso_8601:
      return parse_iso_8601(text_at(root, provider.time_pointer));
  }
  return std::nullopt;
}

ReceivedItem read_item(const simdjson::dom::element& root, const Provider& provider) {
  ReceivedItem item;
  item.type = text_at(root, provider.type_pointer);
  item.occurred = time_at(root, provider);
  for (std::string_view pointer : provider.subject_pointers) {
    item.subject = text_at(root, pointer);
    if (!item.subject.empty()) break;
  }
  return item;
}

VerifyOptions options_for(const Provider& provider, std::chrono::seconds tolerance,
                          std::size_t body_bytes_max) {
  VerifyOptions options;
  options.max_age = tolerance;
  options.max_skew = tolerance;
  options.body_bytes_max = body_bytes_max;
  options.header_prefix = provider.header_prefix;
  return options;
}

}  // namespace

struct Receiver::Impl {
  Impl(const Provider& provider_, std::vector<Key> keys, const VerifyOptions& options)
      : provider(provider_), verifier(std::move(keys), options) {
    for (const Key& key : verifier.keys()) {
      signers.push_back(key.secret.can_sign() ? std::optional<Signer>(key.secret) : std::nullopt);
    }
  }

  const Provider& provider;
  Verifier verifier;
  std::vector<std::optional<Signer>> signers;  // one a key, in their order
};

Receiver::Receiver(const Provider& provider, std::vector<Key> keys, std::chrono::seconds tolerance,
                   std::size_t body_bytes_max)
    : impl_(std::make_unique<Impl>(provider, std::move(keys),
                                   options_for(provider, tolerance, body_bytes_max))) {}
Receiver::Receiver(Receiver&&) noexcept = default;
Receiver& Receiver::operator=(Receiver&&) noexcept = default;
Receiver::~Receiver() = default;

std::expected<Genuine<Received>, ReceiveError> Receiver::receive(Headers headers, std::string_view raw_body,
                                                                 std::chrono::sys_seconds now) const {
  auto webhook = impl_->verifier.verify(headers, raw_body, now);
  if (!webhook) {
    return std::unexpected(ReceiveError{.cause = ReceiveCause::signature,
                                        .verify_error = webhook.error(),
                                        .detail = std::string(describe(webhook.error()))});
  }
  const auto root = parse_json(raw_body);
  if (!root && impl_->provider.body_is_json) {
    return std::unexpected(ReceiveError{.cause = ReceiveCause::invalid_json,
                                        .verify_error = std::nullopt,
                                        .detail = std::string(describe(root.error()))});
  }
  ReceivedItem item = root ? read_item(*root, impl_->provider) : ReceivedItem{};
  return std::move(*webhook).map([&](Webhook&& genuine) {
    item.body = genuine.body;
    item.dedupe_key = genuine.id;
    item.provider_id = genuine.id;
    Received received{.items = {}, .key_index = genuine.key_index};
    received.items.push_back(std::move(item));
    return received;
  });
}

const Provider& Receiver::provider() const {
  return impl_->provider;
}

std::string_view Receiver::key_label(std::size_t index) const {
  return index < impl_->verifier.keys().size() ? std::string_view(impl_->verifier.keys()[index].label) : "";
}

std::vector<Receiver::SignedHeader> Receiver::sign(std::string_view provider_id, std::string_view raw_body,
                                                   std::chrono::sys_seconds now) const {
  std::string signatures;
  for (std::size_t i = 0; i < impl_->signers.size(); ++i) {
    const Key& key = impl_->verifier.keys()[i];
    if (!impl_->signers[i] || !key.is_valid_at(now)) continue;
    if (!signatures.empty()) signatures += ' ';
    signatures += impl_->signers[i]->sign(provider_id, now, raw_body);
  }
  if (signatures.empty()) return {};
  const std::string prefix(impl_->provider.header_prefix);
  return {{prefix + "id", std::string(provider_id)},
          {prefix + "timestamp", std::to_string(now.time_since_epoch().count())},
          {prefix + "signature", std::move(signatures)}};
}

}  // namespace creel

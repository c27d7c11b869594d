#include <algorithm>
#include <array>
#include <utility>

#include "verify/handshake.h"
#include "verify/headers.h"
#include "verify/reading.h"
#include "verify/scheme.h"

namespace creel {
namespace {

std::unique_ptr<SchemeKeys> make_scheme(const Provider& provider, std::vector<Key> keys,
                                        const ReceiverOptions& options) {
  switch (provider.scheme) {
    case Scheme::standard_webhooks:
      return make_standard_webhooks(provider, std::move(keys), options);
    case Scheme::signature:
      return make_signature(provider, std::move(keys), options);
    case Scheme::credential:
      return make_credential(provider, std::move(keys), options);
    case Scheme::jwt:
      return make_jwt(provider, std::move(keys), options);
    case Scheme::none:
      return make_no_scheme(provider, std::move(keys), options);
  }
  std::unreachable();
}

bool comes_open(Handshake handshake) {
  return handshake == Handshake::unsigned_ping || handshake == Handshake::hub_challenge ||
         handshake == Handshake::validation_token;
}
bool comes_signed(Handshake handshake) {
  return handshake != Handshake::none && !comes_open(handshake);
}

bool is_missing(VerifyError error) {
  return error == VerifyError::missing_credential || error == VerifyError::missing_signature;
}

}  // namespace

struct Receiver::Impl {
  Impl(const Provider& row, std::vector<Key> keys, ReceiverOptions given)
      : provider(row), options(std::move(given)), scheme(make_scheme(row, std::move(keys), options)) {
    for (std::string_view method : provider.methods)
      methods.emplace_back(method);
    if (options.handshake == Handshake::hub_challenge) methods.emplace_back("GET");
    for (const std::string& method : methods)
      allow += (allow.empty() ? "" : ", ") + method;
    for (Handshake each : {provider.handshake, options.handshake})
      (comes_open(each) ? open_handshake : signed_handshake) |= each != Handshake::none;
  }

  std::expected<Genuine<Received>, ReceiveError> receive(const IncomingRequest& request,
                                                         std::chrono::sys_seconds now,
                                                         const Masking* masked) const {
    const auto proof = scheme->verify(request, now, masked);
    if (!proof) {
      return std::unexpected(ReceiveError{.cause = ReceiveCause::signature,
                                          .verify_error = proof.error(),
                                          .detail = std::string(describe(proof.error()))});
    }
    if (signed_handshake) {
      for (Handshake each : {provider.handshake, options.handshake}) {
        if (!comes_signed(each)) continue;
        auto reply = answer_signed_handshake(each, request, *scheme, *proof);
        if (!reply) continue;
        return Genuine<Received>(
            Received{.items = {}, .key_index = proof->key_index, .reply = *std::move(reply)});
      }
    }
    auto items = read_events({.provider = provider,
                              .request = request,
                              .proof = *proof,
                              .dedupe_by_body = options.dedupe_by_body});
    if (!items) return std::unexpected(std::move(items.error()));
    return Genuine<Received>(
        Received{.items = *std::move(items), .key_index = proof->key_index, .reply = std::nullopt});
  }

  const Provider& provider;
  ReceiverOptions options;
  std::unique_ptr<SchemeKeys> scheme;
  std::vector<std::string> methods;
  std::string allow;
  bool open_handshake = false;
  bool signed_handshake = false;
};

Receiver::Receiver(const Provider& provider, std::vector<Key> keys, ReceiverOptions options)
    : impl_(std::make_unique<Impl>(provider, std::move(keys), std::move(options))) {}
Receiver::Receiver(Receiver&&) noexcept = default;
Receiver& Receiver::operator=(Receiver&&) noexcept = default;
Receiver::~Receiver() = default;

std::expected<Genuine<Received>, ReceiveError> Receiver::receive(const IncomingRequest& request,
                                                                 std::chrono::sys_seconds now) const {
  return impl_->receive(request, now, nullptr);
}

std::expected<Genuine<Received>, ReceiveError> Receiver::receive_stored(const IncomingRequest& request,
                                                                        std::chrono::sys_seconds received,
                                                                        const Masking& masked) const {
  return impl_->receive(request, received, &masked);
}

std::optional<Reply> Receiver::greet(const IncomingRequest& request) const {
  if (!impl_->open_handshake) return std::nullopt;
  for (Handshake each : {impl_->provider.handshake, impl_->options.handshake}) {
    if (!comes_open(each)) continue;
    auto reply = answer_open_handshake(each, impl_->provider, impl_->options.verify_token, request);
    if (reply) return reply;
  }
  return std::nullopt;
}

bool Receiver::accepts(std::string_view method) const {
  return std::ranges::find(impl_->methods, method) != impl_->methods.end();
}

const std::string& Receiver::allow() const {
  return impl_->allow;
}

Reply Receiver::refusal(const ReceiveError& error, Headers headers) const {
  const Provider& provider = impl_->provider;
  if (error.cause == ReceiveCause::invalid_json) return {.status = 400, .body = "Invalid JSON payload"};
  const VerifyError cause = error.verify_error.value_or(VerifyError::signature_mismatch);
  // With no key that is good now the fault is ours: the provider shall come again.
  if (is_ours(cause)) return {.status = 503, .body = "Service unavailable"};
  Reply reply{.status = provider.reject_status, .body = std::string(provider.reject_text)};
  if (provider.missing_status != 0 && is_missing(cause)) reply.status = provider.missing_status;
  if (provider.strict_status != 0 && !provider.types.empty() &&
      provider.types.front().in == Field::In::header) {
    const auto type = find_header(headers, provider.types.front().name);
    if (type && std::ranges::find(provider.strict_types, *type) != provider.strict_types.end())
      reply.status = provider.strict_status;
  }
  return reply;
}

const Provider& Receiver::provider() const {
  return impl_->provider;
}

std::span<const Key> Receiver::keys() const {
  return impl_->scheme->keys();
}

std::string_view Receiver::key_label(std::size_t index) const {
  return index < keys().size() ? std::string_view(keys()[index].label) : "";
}

bool Receiver::is_credential_header(std::string_view name) const {
  return std::ranges::any_of(impl_->provider.credentials, [name](const CredentialPlace& place) {
    return place.kind == CredentialPlace::Kind::header && equals_ignoring_case(place.name, name);
  });
}

bool Receiver::is_credential_query(std::string_view name) const {
  if (impl_->options.handshake == Handshake::hub_challenge && name == "hub.verify_token") return true;
  return std::ranges::any_of(impl_->provider.credentials, [name](const CredentialPlace& place) {
    return place.kind == CredentialPlace::Kind::query && place.name == name;
  });
}

bool Receiver::reads_header(std::string_view name) const {
  const Provider& row = impl_->provider;
  const auto is_it = [name](std::string_view other) { return equals_ignoring_case(other, name); };
  const auto is_among = [&is_it](std::span<const Field> fields) {
    return std::ranges::any_of(
        fields, [&is_it](const Field& field) { return field.in == Field::In::header && is_it(field.name); });
  };
  return is_among(row.signature.signatures) || is_among(row.signature.timestamp) || is_it(row.token_header) ||
         std::ranges::any_of(row.signature_headers, is_it) || std::ranges::any_of(row.dedupe, is_among) ||
         is_among(row.types) || is_among(row.subjects) || is_among(row.times);
}

bool Receiver::signs_query() const {
  return impl_->provider.needs_url;
}

bool Receiver::can_sign() const {
  return impl_->scheme->can_sign();
}

bool Receiver::sends_secret() const {
  return impl_->provider.scheme == Scheme::credential;
}

Receiver::Signed Receiver::sign(const SignRequest& request) const {
  return impl_->scheme->sign(request);
}

}  // namespace creel

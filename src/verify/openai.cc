#include <creel/openai.h>

#include "verify/event_types.h"

namespace creel::openai {
namespace {

std::string_view text_of(UnwrapCause cause) {
  switch (cause) {
    case UnwrapCause::bad_secret:
      return "the secret cannot be used";
    case UnwrapCause::signature:
      return "the signature was not accepted";
    case UnwrapCause::invalid_json:
      return "the body is not JSON in UTF-8";
    case UnwrapCause::duplicate_key:
      return "an object in the body has the same key twice";
    case UnwrapCause::too_deep:
      return "the body is nested too deeply";
    case UnwrapCause::not_an_object:
      return "the body is not a JSON object";
    case UnwrapCause::missing_field:
      return "the event lacks a field";
    case UnwrapCause::wrong_type:
      return "a field of the event is of the wrong type";
  }
  return "unknown error";
}

// The next secret for the list, or why it cannot be used.
std::optional<SecretError> add_key(std::vector<Key>& keys, std::string_view text, SecretForm form) {
  auto secret = Secret::parse(text, form);
  if (!secret) return secret.error();
  keys.push_back({.secret = *std::move(secret),
                  .label = "secret " + std::to_string(keys.size() + 1),
                  .not_before = std::nullopt,
                  .not_after = std::nullopt});
  return std::nullopt;
}

}  // namespace

std::string describe(const UnwrapError& error) {
  if (error.verify_error) return std::string(creel::describe(*error.verify_error));
  if (error.secret_error) return std::string(creel::describe(*error.secret_error));
  std::string text(text_of(error.cause));
  if (!error.field.empty()) (text += ": ") += error.field;
  return text;
}

bool is_ours(const UnwrapError& error) {
  return error.cause == UnwrapCause::bad_secret ||
         (error.verify_error && creel::is_ours(*error.verify_error));
}

std::expected<Verifier, SecretError> make_verifier(std::span<const std::string> secrets,
                                                   VerifyOptions options, SecretForm form) {
  std::vector<Key> keys;
  for (const std::string& text : secrets) {
    if (text.empty()) continue;
    if (auto error = add_key(keys, text, form)) return std::unexpected(*error);
  }
  if (keys.empty()) return std::unexpected(SecretError::empty);
  return Verifier(std::move(keys), options);
}

std::expected<Verifier, SecretError> make_verifier(std::initializer_list<const char*> secrets,
                                                   VerifyOptions options) {
  std::vector<Key> keys;
  for (const char* text : secrets) {
    if (text == nullptr || *text == '\0') continue;
    if (auto error = add_key(keys, text, SecretForm::strict_hmac)) return std::unexpected(*error);
  }
  if (keys.empty()) return std::unexpected(SecretError::empty);
  return Verifier(std::move(keys), options);
}

std::expected<Event, UnwrapError> unwrap(Headers headers, std::string_view raw_body, const Verifier& verifier,
                                         std::chrono::sys_seconds now) {
  const auto webhook = verifier.verify(headers, raw_body, now);
  if (!webhook) {
    return std::unexpected(UnwrapError{.cause = UnwrapCause::signature,
                                       .verify_error = webhook.error(),
                                       .secret_error = std::nullopt,
                                       .field = {}});
  }
  auto event = parse((*webhook)->body);
  if (event) {
    event->webhook_id = (*webhook)->id;
    event->key_index = (*webhook)->key_index;
  }
  return event;
}

std::expected<Event, UnwrapError> unwrap(Headers headers, std::string_view raw_body, std::string_view secret,
                                         std::chrono::sys_seconds now) {
  std::vector<Key> keys;
  if (auto error = add_key(keys, secret, SecretForm::strict_hmac)) {
    return std::unexpected(UnwrapError{
        .cause = UnwrapCause::bad_secret, .verify_error = std::nullopt, .secret_error = *error, .field = {}});
  }
  return unwrap(headers, raw_body, Verifier(std::move(keys)), now);
}

std::span<const std::string_view> event_types() {
  return kOpenaiTypes;
}

std::optional<std::string_view> nearest_event_type(std::string_view type) {
  return nearest_name(kOpenaiTypes, type);
}

}  // namespace creel::openai

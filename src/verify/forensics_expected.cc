#include "verify/forensics_probe.h"
#include "verify/headers.h"

namespace creel {

using namespace forensics;

std::vector<ExpectedSignature> expected_signatures(const ForensicInput& input) {
  const Provider& provider = input.provider;
  const std::string header = signature_header(provider);
  const auto time = signed_time(provider, input.request);
  const bool wants_time =
      provider.scheme == Scheme::standard_webhooks ||
      (provider.scheme == Scheme::signature &&
       (!provider.signature.timestamp.empty() || !provider.signature.timestamp_pair.empty()));
  std::vector<ExpectedSignature> expected;
  if (header.empty() || (wants_time && !time)) return expected;
  const std::string id_name = id_header(provider);
  const auto id = find_header(input.request.headers, id_name);
  if (provider.scheme == Scheme::standard_webhooks && !id) return expected;
  std::string url = input.options.url;
  if (!input.request.query.empty()) url.append("?").append(input.request.query);
  for (const SecretText& text : input.secrets) {
    auto secret = Secret::parse(text.text, text.form);
    if (!secret || !secret->can_sign()) continue;
    std::vector<Key> keys;
    keys.push_back({.secret = *std::move(secret), .label = {}, .not_before = {}, .not_after = {}});
    const Receiver receiver(provider, std::move(keys), input.options);
    if (!receiver.can_sign() || receiver.sends_secret()) continue;
    const auto made =
        receiver.sign({.provider_id = id.value_or(""),
                       .body = input.request.body,
                       .content_type = find_header(input.request.headers, "content-type").value_or(""),
                       .method = input.request.method,
                       .url = url,
                       .now = time.value_or(input.now)});
    for (const auto& [name, value] : made.headers) {
      if (equals_ignoring_case(name, header)) expected.push_back({text.label, name, value});
    }
  }
  return expected;
}

}  // namespace creel

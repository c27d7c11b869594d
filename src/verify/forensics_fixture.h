// A request that is explained: genuine under a rule of its own, and ready to be spoilt.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "verify/forensics.h"
#include "verify/webhook_fixture.h"

namespace creel::testing {

struct Case {
  const Provider* provider = find_provider("openai");
  std::vector<std::pair<std::string, std::string>> headers;
  std::string query, body;
  std::vector<SecretText> secrets;
  std::vector<SecretText> suspects;
  std::chrono::sys_seconds now = at(1'750'000'000);
  ReceiverOptions options;
  Masking masked;  // none: as it came

  // OpenAI's known-answer vector.
  static Case openai() {
    const TestWebhook webhook;
    Case made;
    for (const Header& header : webhook.headers())
      made.headers.emplace_back(header.name, header.value);
    made.body = webhook.body;
    made.secrets = {{.label = "current", .text = std::string(kSecret), .form = SecretForm::strict_hmac}};
    made.now = webhook.now;
    return made;
  }

  // Signed as `provider` does, with a secret of its form.
  static Case of(const Provider& provider, std::string_view secret, std::string body, std::string url = "") {
    Case made;
    made.provider = &provider;
    made.body = std::move(body);
    made.options.url = std::move(url);
    made.secrets = {{.label = "current", .text = std::string(secret), .form = provider.secret_form}};
    made.sign(made.body);
    return made;
  }

  // The signature of another body, on the headers of this request.
  void sign(std::string_view other_body) {
    std::vector<Key> keys = make_keys(make_key(secrets.front().text, secrets.front().form));
    const Receiver receiver(*provider, std::move(keys), options);
    const auto made =
        receiver.sign({.provider_id = "msg_1", .body = other_body, .url = options.url, .now = now});
    for (const auto& [name, value] : made.headers)
      set(name, value);
    if (!made.query.empty()) query = made.query;
  }

  std::string& operator[](std::string_view name) {
    for (auto& [each, value] : headers) {
      if (each == name) return value;
    }
    return headers.emplace_back(name, "").second;
  }
  void set(std::string_view name, std::string value) { (*this)[name] = std::move(value); }
  void drop(std::string_view name) {
    std::erase_if(headers, [name](const auto& header) { return header.first == name; });
  }

  std::vector<Finding> findings() const {
    std::vector<Header> views;
    for (const auto& [name, value] : headers)
      views.push_back({name, value});
    const ForensicInput input{.provider = *provider,
                              .request = {.query = query, .headers = views, .body = body},
                              .secrets = secrets,
                              .suspects = suspects,
                              .now = now,
                              .options = options,
                              .masked = masked ? &masked : nullptr};
    return explain_request(input);
  }
  Finding first() const { return findings().front(); }
  std::string_view kind() const { return to_text(first().kind); }
};

}  // namespace creel::testing

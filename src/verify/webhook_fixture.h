// A genuine OpenAI webhook for tests, ready to be spoilt. The figures are the known-answer vector that
// OpenAI's own SDKs are tested with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <creel/webhooks.h>

namespace creel::testing {

inline constexpr std::string_view kSecret = "whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c=";
inline constexpr std::string_view kOtherSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
inline constexpr std::string_view kMac = "gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY=";
inline constexpr std::string_view kValid = "v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY=";
inline constexpr std::string_view kWhsk =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
inline constexpr std::string_view kWhpk = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

inline std::chrono::sys_seconds at(std::int64_t seconds) {
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

inline Key make_key(std::string_view text, SecretForm form = SecretForm::strict,
                    std::string label = "current") {
  return {.secret = Secret::parse(text, form).value(),
          .label = std::move(label),
          .not_before = std::nullopt,
          .not_after = std::nullopt};
}

template <class... Keys>
std::vector<Key> make_keys(Keys... keys) {
  std::vector<Key> list;
  (list.push_back(std::move(keys)), ...);
  return list;
}

struct TestWebhook {
  std::string id = "wh_685c059ae39c8190af8c71ed1022a24d";
  std::string timestamp = "1750861210";
  std::string signature{kValid};
  std::string body =
      R"({"id": "evt_685c059ae3a481909bdc86819b066fb6", "object": "event", "created_at": 1750861210, )"
      R"("type": "response.completed", "data": {"id": "resp_123"}})";
  std::chrono::sys_seconds now = at(1750861210);
  VerifyOptions options;

  std::vector<Header> headers() const {
    return {{"host", "example.com"},
            {"webhook-id", id},
            {"webhook-timestamp", timestamp},
            {"webhook-signature", signature}};
  }
  auto verify(const Verifier& verifier) const { return verifier.verify(headers(), body, now); }
  auto verify(std::vector<Key> keys) const { return verify(Verifier(std::move(keys), options)); }
  auto verify(std::string_view secret = kSecret) const { return verify(make_keys(make_key(secret))); }
};

}  // namespace creel::testing

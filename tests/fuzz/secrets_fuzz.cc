// The text of a secret, in every form. What is accepted has a key: it signs, verifies its own signature, and
// is not the empty key, under which anyone can sign.
#include <cstdint>
#include <optional>

#include "tests/fuzz/check.h"
#include "verify/webhook_fixture.h"

using namespace creel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (SecretForm form : {SecretForm::strict, SecretForm::strict_hmac, SecretForm::openai_sdk,
                          SecretForm::standard_webhooks, SecretForm::ed25519_hex, SecretForm::ecdsa_p256}) {
    auto secret = Secret::parse(text, form);
    if (!secret) {
      CHECK_ALWAYS(!describe(secret.error()).empty());
      continue;
    }
    CHECK_ALWAYS(secret->fingerprint().size() == 8);
    testing::TestWebhook webhook;
    webhook.signature = "v1,L5xsf7KOLo4ScJQTjkuXp4PEyfO+pdockTIsMWGDBWU=";  // by the empty key
    CHECK_ALWAYS(!webhook.verify(testing::make_keys(testing::make_key(text, form))));
    if (!secret->can_sign()) continue;
    webhook.signature = Signer(*secret).sign(webhook.id, webhook.now, webhook.body);
    CHECK_ALWAYS(webhook.verify(testing::make_keys(testing::make_key(text, form))).has_value());
  }
  return 0;
}

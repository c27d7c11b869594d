// The code of docs/library.md, in one program that the tests build and run. The pieces in the document are
// cut from here; a test compares them.
#include <cstdlib>
#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include <creel/openai.h>
#include <creel/provider.h>
#include <creel/webhooks.h>

#undef NDEBUG  // The assertions are the test.
#include <cassert>

namespace {

using creel::openai::BatchEvent;
using creel::openai::EvalRunEvent;
using creel::openai::UnknownEvent;

std::string fetched;

void fetch(const std::string& path) {
  fetched = path;
}

void act_on(const creel::openai::Event& event) {
  if (const auto* batch = std::get_if<BatchEvent>(&event.data)) {
    if (batch->state == BatchEvent::State::completed) fetch("/v1/batches/" + batch->id);
  } else if (const auto* run = std::get_if<EvalRunEvent>(&event.data)) {
    fetch(creel::openai::follow_up(*run, "eval_you_remembered").path);
  } else if (const auto* unknown = std::get_if<UnknownEvent>(&event.data)) {
    std::cerr << event.type << ": " << unknown->detail << '\n';  // event.raw_body has everything.
  }
}

int status_for(const creel::Verifier& verifier, creel::Headers headers, std::string_view raw_body,
               std::chrono::sys_seconds now) {
  const auto event = creel::openai::unwrap(headers, raw_body, verifier, now);
  if (!event) {
    std::cerr << creel::openai::describe(event.error()) << '\n';
    return creel::openai::is_ours(event.error()) ? 500 : 400;
  }
  act_on(*event);
  return 200;
}

// A key that verifies until the day when the old secret stops.
creel::Verifier rotating(std::string_view current, std::string_view old, std::chrono::sys_seconds last_day) {
  std::vector<creel::Key> keys;
  keys.push_back({.secret = creel::Secret::parse(current).value(), .label = "current"});
  keys.push_back({.secret = creel::Secret::parse(old).value(), .label = "old", .not_after = last_day});
  return creel::Verifier(std::move(keys));
}

// Only what was verified can be kept: the compiler sees to it.
void keep(const creel::Genuine<creel::Webhook>& webhook) {
  std::cout << "kept " << webhook->id << '\n';
}

creel::Verifier as_openais_sdks(const std::vector<std::string>& secrets) {
  auto verifier =
      creel::openai::make_verifier(secrets, creel::openai_sdk_compatibility(), creel::SecretForm::openai_sdk);
  return std::move(verifier).value();
}

void test_your_handler(const creel::Verifier& verifier, const char* secret) {
  const auto now = std::chrono::sys_seconds(std::chrono::seconds(1'790'000'000));
  for (std::string_view type : creel::openai::event_types()) {
    const std::string body = creel::openai::sample(type, now).value();
    const std::string signature =
        creel::Signer(creel::Secret::parse(secret).value()).sign("wh_test", now, body);
    const creel::Header headers[] = {
        {"webhook-id", "wh_test"}, {"webhook-timestamp", "1790000000"}, {"webhook-signature", signature}};
    assert(status_for(verifier, headers, body, now) == 200);
    assert(status_for(verifier, headers, body + " ", now) == 400);
  }
}

creel::Receiver receiver_of(std::string_view provider_name, std::string_view secret) {
  const creel::Provider& provider = *creel::find_provider(provider_name);
  std::vector<creel::Key> keys;
  keys.push_back({.secret = creel::Secret::parse(secret, provider.secret_form).value(), .label = "current"});
  return creel::Receiver(provider, std::move(keys));
}

creel::Reply answer(const creel::Receiver& receiver, const creel::IncomingRequest& request,
                    std::chrono::sys_seconds now) {
  if (auto handshake = receiver.greet(request)) return *std::move(handshake);
  const auto received = receiver.receive(request, now);
  if (!received) {
    std::cerr << received.error().detail << '\n';
    return receiver.refusal(received.error(), request.headers);
  }
  if ((*received)->reply) return *(*received)->reply;  // A challenge, which came signed.
  for (const creel::ReceivedItem& event : (*received)->items)
    std::cout << event.type << ' ' << event.subject << ' ' << event.dedupe_key << '\n';
  return {.status = 200, .body = "ok", .content_type = "text/plain"};
}

void test_any_provider() {
  const auto now = std::chrono::sys_seconds(std::chrono::seconds(1'790'000'000));
  const creel::Receiver stripe = receiver_of("stripe", "whsec_the_whole_text_is_the_key");
  const auto sample = creel::sample(stripe.provider(), "invoice.paid", "1", now).value();
  const auto made = stripe.sign(
      {.provider_id = sample.provider_id, .body = sample.body, .content_type = {}, .url = {}, .now = now});
  std::vector<creel::Header> headers{{"content-type", "application/json"}};
  for (const auto& header : made.headers)
    headers.push_back({header.name, header.value});
  assert(answer(stripe, {.query = {}, .headers = headers, .body = sample.body}, now).status == 200);
  assert(answer(stripe, {.query = {}, .headers = headers, .body = "{}"}, now).status == 400);
}

}  // namespace

int main() {
  setenv("OPENAI_WEBHOOK_SECRET", "whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c=", 0);

  const auto verifier = creel::openai::make_verifier({std::getenv("OPENAI_WEBHOOK_SECRET")});
  if (!verifier) {
    std::cerr << "OPENAI_WEBHOOK_SECRET: " << creel::describe(verifier.error()) << '\n';
    return 78;
  }

  const char* secret = std::getenv("OPENAI_WEBHOOK_SECRET");
  test_your_handler(*verifier, secret);
  test_any_provider();
  assert(fetched == "/v1/evals/eval_you_remembered/runs/evalrun_ca11ab1e000000000000000000000001");

  const auto now = std::chrono::sys_seconds(std::chrono::seconds(1'790'000'000));
  const std::string old = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
  const std::string signature = creel::Signer(creel::Secret::parse(old).value()).sign("wh_old", now, "{}");
  const creel::Header headers[] = {
      {"webhook-id", "wh_old"}, {"webhook-timestamp", "1790000000"}, {"webhook-signature", signature}};
  const auto webhook = rotating(secret, old, now).verify(headers, "{}", now);
  assert(webhook && (*webhook)->key_index == 1);
  keep(*webhook);
  assert(as_openais_sdks({"synthetic-webhook-secret"}).keys().size() == 1);
  std::cout << creel::Secret::parse(secret)->fingerprint() << '\n';
  return 0;
}

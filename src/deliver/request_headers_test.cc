#include "deliver/request_headers.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include <creel/provider.h>
#include <creel/webhooks.h>

namespace creel {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{1'700'000'000'000ms};
constexpr std::string_view kSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
constexpr std::string_view kOtherSecret = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

struct Sent {
  std::string url;
  std::vector<std::string> lines;
  std::string error;

  // The value of the one header with this name; "" when there is none.
  std::string operator[](std::string_view name) const {
    std::string value;
    for (const std::string& line : lines) {
      if (line.starts_with(std::string(name) + ": ")) value += line.substr(name.size() + 2);
    }
    return value;
  }
};

struct Delivery {
  Destination destination;
  std::shared_ptr<StoredEvent> event = std::make_shared<StoredEvent>();
  std::unique_ptr<Receiver> receiver;

  Delivery() {
    destination.name = "app";
    event->id = EventId::of(7, 0);
    event->source = "openai";
    event->provider_id = "wh_123";
    event->body = R"({"type":"batch.completed"})";
    event->head =
        "POST /webhooks/openai?a=1 HTTP/1.1\r\nHost: creel.example\r\nContent-Type: application/json\r\n"
        "webhook-id: wh_123\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,old\r\nX-Kept: yes\r\n";
    std::vector<Key> keys;
    for (const std::string_view text : {kSecret, kOtherSecret}) {
      keys.push_back(Key{.secret = Secret::parse(text).value(), .label = "key"});
    }
    receiver = std::make_unique<Receiver>(*find_provider("openai"), std::move(keys));
  }

  Sent send() const {
    OutgoingRequest request;
    const AttemptOrder order{.event = event->id, .number = 3, .content = event};
    const auto written = write_request(destination, order, receiver.get(), kNow, request);
    const HeaderLines& lines = request.headers;
    Sent sent;
    sent.url = request.url;
    if (!written) sent.error = written.error();
    for (const char* at = lines.text.data(); sent.lines.size() < lines.count;
         at += sent.lines.back().size() + 1) {
      sent.lines.emplace_back(at);
    }
    return sent;
  }
};

bool verifies(const Sent& sent, std::string_view body, std::string_view secret) {
  std::vector<Key> keys;
  keys.push_back(Key{.secret = Secret::parse(secret).value(), .label = "key"});
  const std::string id = sent["webhook-id"], time = sent["webhook-timestamp"],
                    signature = sent["webhook-signature"];
  const Header headers[] = {
      {"webhook-id", id}, {"webhook-timestamp", time}, {"webhook-signature", signature}};
  return Verifier(std::move(keys))
      .verify(headers, body, std::chrono::floor<std::chrono::seconds>(kNow))
      .has_value();
}

TEST(RequestHeaders, SaysWhatIsDelivered) {
  const Sent sent = Delivery().send();
  EXPECT_EQ(sent["creel-event-id"], to_text(EventId::of(7, 0)));
  EXPECT_EQ(sent["creel-delivery-id"], to_text(EventId::of(7, 0)) + ".app.1");
  EXPECT_EQ(sent["creel-attempt"], "3");
  EXPECT_EQ(sent["creel-source"], "openai");
}

TEST(RequestHeaders, SendsOnWhatTheProviderSent) {
  const Sent sent = Delivery().send();
  EXPECT_EQ(sent["X-Kept"], "yes");
  EXPECT_EQ(sent["Content-Type"], "application/json");
}

TEST(RequestHeaders, DropsWhatIsNotToBeSentOn) {
  for (const std::string_view line : {"Host: evil",
                                      "Content-Length: 1",
                                      "Expect: 100-continue",
                                      "Authorization: Bearer x",
                                      "Cookie: a=b",
                                      "Proxy-Authorization: x",
                                      "Proxy-Connection: close",
                                      "X-Gitlab-Token: t",
                                      "x-telegram-bot-api-secret-token: t",
                                      "X-API-Key: k",
                                      "Connection: close",
                                      "Keep-Alive: 5",
                                      "TE: trailers",
                                      "Trailer: x",
                                      "Transfer-Encoding: chunked",
                                      "Upgrade: h2c",
                                      "creel-event-id: forged",
                                      "Creel-Anything: x",
                                      "Bad Name: x",
                                      "no colon here",
                                      ": empty",
                                      "X-Control: a\x01z",
                                      " folded"}) {
    Delivery delivery;
    const std::size_t before = delivery.send().lines.size();
    delivery.event->head.append(line).append("\r\n");
    EXPECT_EQ(delivery.send().lines.size(), before) << line;
  }
}

TEST(RequestHeaders, DropsWhatConnectionLists) {
  Delivery delivery;
  delivery.event->head += "Connection: close, X-Private\r\nX-Private: 1\r\n";
  EXPECT_EQ(delivery.send()["X-Private"], "");
}

TEST(RequestHeaders, NoValueCanBeginAnotherLine) {
  Delivery delivery;
  delivery.event->head += "X-Sneaky: a\rInjected: b\r\n";
  delivery.event->source = "bad\r\nname";
  for (const std::string& line : delivery.send().lines)
    EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos) << line;
}

TEST(RequestHeaders, SignsAgainWithEverySecretOfTheSource) {
  const Delivery delivery;
  const Sent sent = delivery.send();
  EXPECT_EQ(sent["webhook-id"], "wh_123");
  EXPECT_EQ(sent["webhook-timestamp"], "1700000000");
  EXPECT_TRUE(verifies(sent, delivery.event->body, kSecret));
  EXPECT_TRUE(verifies(sent, delivery.event->body, kOtherSecret));
}

TEST(RequestHeaders, OriginalLeavesTheSignatureAsItCame) {
  Delivery delivery;
  delivery.destination.sign = SignMode::original;
  EXPECT_EQ(delivery.send()["webhook-signature"], "v1,old");
  EXPECT_EQ(delivery.send()["webhook-timestamp"], "1");
}

TEST(RequestHeaders, StandardSignsWithTheDestinationsSecretAndOurId) {
  Delivery delivery;
  delivery.destination.sign = SignMode::standard;
  delivery.destination.secret = std::make_shared<Secret>(Secret::parse(kOtherSecret).value());
  const Sent sent = delivery.send();
  EXPECT_EQ(sent["webhook-id"], to_text(EventId::of(7, 0)));
  EXPECT_TRUE(verifies(sent, delivery.event->body, kOtherSecret));
  EXPECT_FALSE(verifies(sent, delivery.event->body, kSecret));
}

TEST(RequestHeaders, NoneSendsNoSignature) {
  Delivery delivery;
  delivery.destination.sign = SignMode::none;
  EXPECT_EQ(delivery.send()["webhook-signature"], "");
  EXPECT_EQ(delivery.send()["webhook-id"], "");
}

TEST(RequestHeaders, AStrangerNeverGetsTheProvidersSignature) {
  for (const SignMode mode : {SignMode::source, SignMode::original, SignMode::none}) {
    for (const bool source_is_known : {true, false}) {
      Delivery delivery;
      delivery.destination.sign = mode;
      delivery.destination.untrusted = true;
      if (!source_is_known) delivery.receiver.reset();
      EXPECT_EQ(delivery.send()["webhook-signature"], "");
    }
  }
}

// A provider may sign in several ways, and a request passes through others' hands.
TEST(RequestHeaders, AStrangerGetsNoSignatureOfAnyOtherProviderEither) {
  Delivery delivery;
  delivery.event->head +=
      "svix-signature: v1,x\r\nX-Hub-Signature-256: sha256=00\r\nStripe-Signature: t=1,v1=00\r\n";
  delivery.destination.sign = SignMode::none;
  EXPECT_EQ(delivery.send()["Stripe-Signature"], "t=1,v1=00");
  delivery.destination.untrusted = true;
  for (int i = 0; i < 2; ++i) {
    const Sent sent = delivery.send();
    for (const char* name :
         {"svix-signature", "webhook-signature", "X-Hub-Signature-256", "Stripe-Signature"})
      EXPECT_EQ(sent[name], "") << name;
    EXPECT_EQ(sent["X-Kept"], "yes");
    delivery.receiver = std::make_unique<Receiver>(*find_provider("github"), std::vector<Key>());
  }
}

// "Token" in the name of an id makes it no credential.
TEST(RequestHeaders, SendsOnAHeaderThatTheSourceReads) {
  Delivery delivery;
  delivery.destination.sign = SignMode::none;
  delivery.event->head += "I-Twilio-Idempotency-Token: idem_1\r\nX-Other-Token: t\r\n";
  EXPECT_EQ(delivery.send()["I-Twilio-Idempotency-Token"], "");
  delivery.receiver = std::make_unique<Receiver>(*find_provider("twilio"), std::vector<Key>());
  const Sent sent = delivery.send();
  EXPECT_EQ(sent["I-Twilio-Idempotency-Token"], "idem_1");
  EXPECT_EQ(sent["X-Other-Token"], "");
}

TEST(RequestHeaders, SaysWhyItCannotSign) {
  Delivery item;
  item.event->is_whole = false;
  EXPECT_NE(item.send().error, "");
  Delivery orphan;
  orphan.receiver.reset();
  EXPECT_NE(orphan.send().error, "");
  Delivery without_secret;
  without_secret.destination.sign = SignMode::standard;
  EXPECT_NE(without_secret.send().error, "");
}

// A receiver of a made-up provider with a shared secret, as a source of it would have.
struct TokenSource {
  explicit TokenSource(CredentialPlace place) : place_{place} {
    row_.name = "made-up";
    row_.scheme = Scheme::credential;
    row_.credentials = place_;
    row_.methods = kMethods;
  }
  std::unique_ptr<Receiver> receiver() const {
    std::vector<Key> keys;
    keys.push_back(Key{.secret = Secret::parse("t0ken", SecretForm::text).value(), .label = "key"});
    return std::make_unique<Receiver>(row_, std::move(keys));
  }

 private:
  static constexpr std::string_view kMethods[] = {"POST"};
  CredentialPlace place_[1];
  Provider row_;
};

TEST(RequestHeaders, DropsTheHeaderThatTheSourceCallsItsCredential) {
  const TokenSource source({CredentialPlace::Kind::header, "X-Custom"});
  Delivery delivery;
  delivery.event->head += "X-Custom: t0ken\r\n";
  EXPECT_EQ(delivery.send()["X-Custom"], "t0ken");
  delivery.receiver = source.receiver();
  for (const SignMode mode : {SignMode::source, SignMode::original, SignMode::none}) {
    delivery.destination.sign = mode;
    EXPECT_EQ(delivery.send()["X-Custom"], "");
  }
}

TEST(RequestHeaders, DropsWhatIsMaskedEvenWhenItsSourceIsNoMore) {
  Delivery delivery;
  delivery.destination.sign = SignMode::none;
  delivery.receiver.reset();
  delivery.event->head =
      "POST /w?a=1&mine=creel-hmac:00 HTTP/1.1\r\nX-Custom: creel-hmac:00\r\nX-Kept: yes\r\n";
  const Sent sent = delivery.send();
  EXPECT_EQ(sent["X-Custom"], "");
  EXPECT_EQ(sent["X-Kept"], "yes");
  EXPECT_EQ(sent.url, "?a=1");
}

TEST(RequestHeaders, TheSecretItselfTravelsOnlyWhenTheDestinationSaysSo) {
  const TokenSource source({CredentialPlace::Kind::header, "X-Custom"});
  Delivery delivery;
  delivery.receiver = source.receiver();
  EXPECT_EQ(delivery.send()["X-Custom"], "");
  EXPECT_EQ(delivery.send().error, "");
  delivery.destination.sign_explicit = true;
  EXPECT_EQ(delivery.send()["X-Custom"], "t0ken");
}

TEST(RequestHeaders, ATokenOfTheQueryIsSentInTheQuery) {
  const TokenSource source({CredentialPlace::Kind::query, "token"});
  Delivery delivery;
  delivery.receiver = source.receiver();
  delivery.destination.url = "http://app/hook";
  delivery.destination.sign_explicit = true;
  delivery.event->head = "POST /w?token=creel-hmac:00&a=1 HTTP/1.1\r\n";
  EXPECT_EQ(delivery.send().url, "http://app/hook?a=1&token=t0ken");
}

TEST(RequestHeaders, PassesOnTheSignatureThatNoKeyOfOursCanMake) {
  Delivery delivery;
  std::vector<Key> keys;
  keys.push_back(Key{.secret = Secret::parse("whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").value(),
                     .label = "public"});
  delivery.receiver = std::make_unique<Receiver>(*find_provider("standard-webhooks"), std::move(keys));
  EXPECT_EQ(delivery.send()["webhook-signature"], "v1,old");
  EXPECT_EQ(delivery.send()["webhook-timestamp"], "1");
}

TEST(RequestHeaders, ASourceWhoseSecretsAreAllOverSaysSo) {
  Delivery delivery;
  std::vector<Key> keys;
  keys.push_back(Key{.secret = Secret::parse(kSecret).value(),
                     .label = "old",
                     .not_before = {},
                     .not_after = std::chrono::sys_seconds(1s)});
  delivery.receiver = std::make_unique<Receiver>(*find_provider("openai"), std::move(keys));
  EXPECT_NE(delivery.send().error, "");
}

TEST(RequestHeaders, LeavesNoOlderSignatureBesideAFreshOne) {
  Delivery delivery;
  std::vector<Key> keys;
  keys.push_back(Key{.secret = Secret::parse(kSecret).value(), .label = "key"});
  delivery.receiver = std::make_unique<Receiver>(*find_provider("standard-webhooks"), std::move(keys));
  const auto names = delivery.receiver->provider().signature_headers;
  ASSERT_FALSE(names.empty());
  for (const std::string_view name : names)
    delivery.event->head.append(name).append(": stale\r\n");
  for (const std::string& line : delivery.send().lines)
    EXPECT_EQ(line.find("stale"), std::string::npos) << line;
}

// A secret as this form wants it, or "" for one that cannot sign.
std::string_view secret_for(SecretForm form) {
  switch (form) {
    case SecretForm::text:
      return "a secret of some length";
    case SecretForm::basic:
      return "user:password";
    case SecretForm::ed25519_hex:
    case SecretForm::ecdsa_p256:
      return "";
    default:
      return kSecret;
  }
}

// What goes out under `source` is what the provider would have sent at this time: its receiver takes it.
TEST(RequestHeaders, EveryProviderThatCanSignTakesWhatIsSent) {
  const auto now = std::chrono::floor<std::chrono::seconds>(kNow);
  int proven = 0;
  for (const Provider& row : all_providers()) {
    const auto types = sample_types(row);
    if (row.scheme == Scheme::none || secret_for(row.secret_form).empty() || types.empty()) continue;
    const auto sent = sample(row, types.front(), "0123456789abcdef0123456789abcdef", now);
    ASSERT_TRUE(sent) << row.name;

    Delivery delivery;
    delivery.destination.url = "https://app.example/hook";
    delivery.destination.sign_explicit = true;
    delivery.event->provider_id = sent->provider_id;
    delivery.event->body = sent->body;
    delivery.event->head =
        "POST /w?token=creel-hmac:00&a=1 HTTP/1.1\r\nHost: creel.example\r\nContent-Type: " +
        sent->content_type + "\r\n";
    for (const auto& [name, value] : sent->headers)
      delivery.event->head.append(name).append(": ").append(value).append("\r\n");
    std::vector<Key> keys;
    keys.push_back(
        {.secret = Secret::parse(secret_for(row.secret_form), row.secret_form).value(), .label = "key"});
    ReceiverOptions options;
    options.url = delivery.destination.url;
    delivery.receiver = std::make_unique<Receiver>(row, std::move(keys), options);
    if (!delivery.receiver->can_sign()) continue;

    const Sent request = delivery.send();
    ASSERT_EQ(request.error, "") << row.name;
    std::vector<Header> headers;
    for (const std::string_view line : request.lines) {
      const auto colon = line.find(": ");
      if (colon != line.npos) headers.push_back({line.substr(0, colon), line.substr(colon + 2)});
    }
    const std::string_view url = request.url;
    const auto received = delivery.receiver->receive(
        {.method = "POST", .query = url.substr(url.find('?') + 1), .headers = headers, .body = sent->body},
        now);
    EXPECT_TRUE(received) << row.name << ": " << received.error().detail << " at " << url;
    ++proven;
  }
  EXPECT_GT(proven, 15);
}

std::string url_of(std::string_view destination, std::string_view head) {
  return request_url(destination, head, nullptr);
}

TEST(RequestUrl, AppendsTheProvidersQuery) {
  EXPECT_EQ(url_of("http://h/p", "POST /w HTTP/1.1\r\n"), "http://h/p");
  EXPECT_EQ(url_of("http://h/p", "POST /w?a=1&b HTTP/1.1\r\n"), "http://h/p?a=1&b");
  EXPECT_EQ(url_of("http://h/p?x=1", "POST /w?a=1 HTTP/1.1\r\n"), "http://h/p?x=1&a=1");
  EXPECT_EQ(url_of("http://h/p#there", "POST /w?a=1#here HTTP/1.1\r\n"), "http://h/p?a=1");
}

TEST(RequestUrl, LetsNoByteOfTheQueryEndTheLine) {
  EXPECT_EQ(url_of("http://h/p", "POST /w?a=\r\x01 b HTTP/1.1\r\n"), "http://h/p?a=%0D%01%20b");
}

TEST(RequestUrl, LeavesOutWhatIsACredential) {
  EXPECT_EQ(url_of("http://h/p", "POST /w?token=x&a=1&%74oken=y&Password=z&b HTTP/1.1\r\n"),
            "http://h/p?a=1&b");
  EXPECT_EQ(url_of("http://h/p", "POST /w?hub.verify_token=x HTTP/1.1\r\n"), "http://h/p");
}

}  // namespace
}  // namespace creel

// trigger for every provider: what it sends is what a receiver accepts, unless something is made to go wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <creel/provider.h>
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/test_world.h"

namespace creel::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::chrono::sys_seconds kNow{std::chrono::seconds(1'750'000'000)};

std::string secret_of(const Provider& provider) {
  switch (provider.secret_form) {
    case SecretForm::strict:
    case SecretForm::strict_hmac:
    case SecretForm::openai_sdk:
    case SecretForm::standard_webhooks:
      return kTestSecret;
    case SecretForm::basic:
      return "user:pass:word";
    case SecretForm::text:
    case SecretForm::ed25519_hex:
    case SecretForm::ecdsa_p256:
      return "a-shared-secret";
  }
  return "";
}

// What a server got, taken apart.
struct Arrived {
  explicit Arrived(std::string request) : raw(std::move(request)) {
    const std::string_view text = raw;
    const std::size_t end = text.find("\r\n\r\n");
    body = text.substr(std::min(end + 4, text.size()));
    method = text.substr(0, text.find(' '));
    target = text.substr(method.size() + 1, text.find(" HTTP/1.1") - method.size() - 1);
    for (std::size_t at = text.find("\r\n") + 2; at < end;) {
      const std::size_t colon = text.find(": ", at), stop = text.find("\r\n", at);
      headers.push_back({text.substr(at, colon - at), text.substr(colon + 2, stop - colon - 2)});
      at = stop + 2;
    }
  }
  IncomingRequest request() const {
    const std::size_t query = std::min(target.find('?'), target.size());
    return {.method = method,
            .query = target.substr(std::min(query + 1, target.size())),
            .headers = headers,
            .body = body};
  }
  std::string header(std::string_view name) const {
    return std::string(find_header(headers, name).value_or(""));
  }

  std::string raw;
  std::string_view method, target, body;
  std::vector<Header> headers;
};

std::expected<Received, ReceiveError> receive(const Provider& provider, const Arrived& arrived,
                                              std::string url) {
  std::vector<Key> keys;
  keys.push_back({.secret = *Secret::parse(secret_of(provider), provider.secret_form), .label = "s"});
  const Receiver receiver(provider, std::move(keys), ReceiverOptions{.url = std::move(url)});
  auto received = receiver.receive(arrived.request(), kNow);
  if (!received) return std::unexpected(received.error());
  return **received;
}

bool has_private_key(const Provider& provider) {
  return provider.scheme == Scheme::signature &&
         (provider.signature.algorithm == SignatureAlgorithm::ed25519 ||
          provider.signature.algorithm == SignatureAlgorithm::ecdsa_p256_sha256);
}

std::vector<std::string> line(const Provider& provider, const std::string& to,
                              std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"trigger", std::string(provider.name),
                                     std::string(sample_types(provider).front()), "--to", to};
  if (provider.scheme != Scheme::none) arguments.insert(arguments.end(), {"--secret", secret_of(provider)});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

class EveryProvider : public testing::TestWithParam<const Provider*> {};

TEST_P(EveryProvider, AcceptsWhatIsSent) {
  const Provider& provider = *GetParam();
  ASSERT_THAT(sample_types(provider), Not(IsEmpty()));
  World world;
  LoopbackServer server({{200, "ok"}});
  const std::string to = server.url() + "/in";
  if (has_private_key(provider)) {
    EXPECT_EQ(world.run(line(provider, to)), kUsage);
    EXPECT_THAT(world.err, HasSubstr("signs with a private key that only it has"));
    return;
  }
  ASSERT_EQ(world.run(line(provider, to)), kFine) << world.err;
  const Arrived arrived(server.requests().at(0));
  const auto received = receive(provider, arrived, to);
  ASSERT_TRUE(received) << received.error().detail << "\n" << arrived.raw;
  ASSERT_THAT(received->items, Not(IsEmpty()));
  EXPECT_EQ(received->items.front().type, sample_types(provider).front());
}

TEST_P(EveryProvider, RefusesABadSignatureAsAWrongOne) {
  const Provider& provider = *GetParam();
  if (has_private_key(provider) || provider.scheme == Scheme::none) return;
  World world;
  LoopbackServer server({{400, "no"}});
  const std::string to = server.url() + "/in";
  ASSERT_EQ(world.run(line(provider, to, {"--bad-signature"})), kNegative) << world.err;
  const auto received = receive(provider, Arrived(server.requests().at(0)), to);
  ASSERT_FALSE(received);
  // Not as a missing or a malformed one.
  EXPECT_EQ(received.error().verify_error, provider.scheme == Scheme::credential
                                               ? VerifyError::wrong_credential
                                               : VerifyError::signature_mismatch);
}

std::vector<const Provider*> every_provider() {
  std::vector<const Provider*> rows;
  for (const Provider& row : all_providers())
    rows.push_back(&row);
  return rows;
}
std::string test_name(const testing::TestParamInfo<const Provider*>& row) {
  std::string name(row.param->name);
  std::ranges::replace(name, '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Table, EveryProvider, testing::ValuesIn(every_provider()), test_name);

// Sends the provider's first sample with these options and gives why it is refused.
VerifyError refusal(std::string_view name, std::vector<std::string> options) {
  const Provider& provider = *find_provider(name);
  World world;
  LoopbackServer server({{400, "no"}});
  EXPECT_EQ(world.run(line(provider, server.url(), std::move(options))), kNegative) << world.err;
  const auto received = receive(provider, Arrived(server.requests().at(0)), server.url());
  EXPECT_FALSE(received);
  return received ? VerifyError::no_keys : received.error().verify_error.value_or(VerifyError::no_keys);
}

TEST(TriggerChaos, SkewMovesTheTimeThatIsSigned) {
  EXPECT_EQ(refusal("stripe", {"--skew", "-301"}), VerifyError::timestamp_too_old);
  EXPECT_EQ(refusal("stripe", {"--skew", "301"}), VerifyError::timestamp_too_new);
  // Where the time stands in the body, that one.
  EXPECT_EQ(refusal("linear", {"--skew", "-301"}), VerifyError::timestamp_too_old);
  World world;
  LoopbackServer server({{200, ""}});
  world.run(line(*find_provider("github"), server.url(), {"--skew", "-600"}));
  EXPECT_THAT(world.err, HasSubstr("github signs no time"));
}

TEST(TriggerChaos, WhatIsChangedAfterItWasSignedIsRefused) {
  for (const char* name : {"stripe", "openai", "github", "slack"}) {
    EXPECT_EQ(refusal(name, {"--truncate"}), VerifyError::signature_mismatch) << name;
    EXPECT_EQ(refusal(name, {"--shuffle"}), VerifyError::signature_mismatch) << name;
  }
}

TEST(TriggerChaos, DupSendsTheSameBytesAgain) {
  World world;
  LoopbackServer server({{200, "a"}, {200, "b"}, {200, "c"}, {200, "d"}});
  ASSERT_EQ(world.run(line(*find_provider("stripe"), server.url(), {"--dup", "1", "--repeat", "2"})), kFine);
  EXPECT_EQ(world.out, "200 a\n200 b\n200 c\n200 d\n");
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 4u);
  EXPECT_EQ(requests[0], requests[1]);
  EXPECT_NE(requests[1], requests[2]);
  EXPECT_EQ(requests[2], requests[3]);
}

TEST(TriggerChaos, RateSumsUpWhatWasAnswered) {
  World world;
  LoopbackServer server({{200, ""}, {200, ""}, {503, ""}});
  std::vector<std::string> more{"--rate", "1000/s", "--repeat", "3"};
  EXPECT_EQ(world.run(line(*find_provider("stripe"), server.url(), more)), kNegative);
  EXPECT_THAT(world.out, StartsWith("sent 3 in "));
  EXPECT_THAT(world.out, HasSubstr("\n  200        2\n  503        1\nlatency p50 "));
  EXPECT_THAT(world.err, IsEmpty());

  LoopbackServer other({{200, ""}, {200, ""}});
  more = {"--rate", "1000/s", "--dup", "1", "--format", "json"};
  EXPECT_EQ(world.run(line(*find_provider("stripe"), other.url(), more)), kFine);
  const auto summary = Json::parse(world.out);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->integer("sent"), 2);
  EXPECT_EQ(summary->find("statuses")->integer("200"), 2);
  EXPECT_EQ(summary->integer("unanswered"), 0);

  EXPECT_EQ(world.run(line(*find_provider("stripe"), unreachable_url(), {"--rate", "1000/s"})), kUnreachable);
  EXPECT_EQ(world.run(line(*find_provider("stripe"), unreachable_url(), {"--rate", "fast"})), kUsage);
}

TEST(TriggerSecret, OldIsTheOneThatWasReplaced) {
  World world;
  world.variables = {{"STRIPE_WEBHOOK_SECRET", "whsec_new"},
                     {"STRIPE_WEBHOOK_SECRET_OLD", "a-shared-secret"}};
  for (const std::vector<std::string>& how : {std::vector<std::string>{"--secret", "old"},
                                              {"--secret-name", "old"},
                                              {"--secret", "STRIPE_WEBHOOK_SECRET_OLD"}}) {
    LoopbackServer server({{200, ""}});
    std::vector<std::string> arguments{"trigger", "stripe", "invoice.paid", "--to", server.url()};
    arguments.insert(arguments.end(), how.begin(), how.end());
    ASSERT_EQ(world.run(arguments), kFine) << world.err;
    EXPECT_TRUE(receive(*find_provider("stripe"), Arrived(server.requests().at(0)), ""));
  }
  world.variables.erase("STRIPE_WEBHOOK_SECRET_OLD");
  EXPECT_EQ(world.run({"trigger", "stripe", "invoice.paid", "--secret", "old"}), kConfiguration);
  EXPECT_EQ(world.err,
            "creel: no secret is called \"old\": there are STRIPE_WEBHOOK_SECRET. For the one that was "
            "replaced, set STRIPE_WEBHOOK_SECRET_OLD, or label one so in creel.toml\n");
}

TEST(TriggerSecret, LabelsOfTheConfigurationNameSecretsThatExpiredToo) {
  World world;
  world.files["creel.toml"] =
      "[sources.pay]\nprovider = 'stripe'\nsecrets = ["
      "{ value = 'a-shared-secret', label = 'last year', expires = 2024-01-01T00:00:00Z }, 'whsec_now']\n";
  LoopbackServer server({{200, ""}, {200, ""}});
  std::vector<std::string> arguments{"trigger", "stripe", "invoice.paid", "--to", server.url()};
  ASSERT_EQ(world.run(arguments), kFine) << world.err;
  arguments.insert(arguments.end(), {"--secret-name", "last year"});
  ASSERT_EQ(world.run(arguments), kFine) << world.err;
  const auto requests = server.requests();
  EXPECT_FALSE(receive(*find_provider("stripe"), Arrived(requests.at(0)), ""));
  EXPECT_TRUE(receive(*find_provider("stripe"), Arrived(requests.at(1)), ""));
}

TEST(TriggerSecret, TwoVariablesMakeACredential) {
  World world;
  EXPECT_EQ(world.run({"trigger", "chargebee", "payment_succeeded"}), kConfiguration);
  EXPECT_THAT(world.err, HasSubstr(" and "));
}

// A configuration whose gateway would listen where `server` does.
std::string listening_at(const LoopbackServer& server) {
  return "[server]\nlisten = '" + server.url().substr(7) + "'\n";
}

TEST(TriggerTarget, IsTheConfiguredSource) {
  World world;
  LoopbackServer server({{200, ""}, {200, ""}, {200, ""}});
  world.files["creel.toml"] = listening_at(server) +
                              "[sources.pay]\nprovider = 'stripe'\npath = '/pay'\nsecrets = ['a']\n"
                              "[sources.shop]\nprovider = 'stripe'\nsecrets = ['b']\n";
  EXPECT_EQ(world.run({"trigger", "stripe", "invoice.paid"}), kFine) << world.err;
  EXPECT_EQ(world.run({"trigger", "stripe", "invoice.paid", "--source", "shop"}), kFine) << world.err;
  EXPECT_EQ(world.run({"trigger", "shop", "invoice.paid"}), kFine) << world.err;
  const auto requests = server.requests();
  EXPECT_EQ(Arrived(requests.at(0)).target, "/pay");
  EXPECT_EQ(Arrived(requests.at(1)).target, "/webhooks/shop");
  EXPECT_EQ(Arrived(requests.at(2)).target, "/webhooks/shop");

  EXPECT_EQ(world.run({"trigger", "stripe", "invoice.paid", "--source", "nowhere"}), kNotFound);
  EXPECT_EQ(world.err, "creel: creel.toml has no source \"nowhere\"; it has pay, shop\n");
  EXPECT_EQ(world.run({"trigger", "github", "push", "--source", "pay"}), kUsage);
  EXPECT_EQ(world.err, "creel: source \"pay\" is one of stripe, not of github\n");
  EXPECT_EQ(world.run({"trigger", "stripe", "invoice.paid", "--config", "none.toml"}), kNotFound);
}

TEST(TriggerTarget, SignsTheAddressThatTheProviderCalls) {
  const std::string address = "https://hooks.example.com/sms";
  World world;
  LoopbackServer server({{200, ""}, {200, ""}});
  world.files["creel.toml"] = listening_at(server) +
                              "[sources.sms]\nprovider = 'twilio'\nsecrets = ['a-shared-secret']\nurl = '" +
                              address + "'\n";
  const std::string type(sample_types(*find_provider("twilio")).front());
  EXPECT_EQ(world.run({"trigger", "twilio", type}), kFine) << world.err;
  EXPECT_EQ(world.run({"trigger", "twilio", type, "--to", server.url() + "/x", "--url", address}), kFine);
  for (const std::string& request : server.requests())
    EXPECT_TRUE(receive(*find_provider("twilio"), Arrived(request), address)) << request;
}

TEST(TriggerTarget, KeepsACredentialOfTheQueryToItself) {
  World world;
  LoopbackServer server({{200, ""}});
  world.files["creel.toml"] =
      listening_at(server) +
      "[sources.legacy]\nprovider = 'token'\nquery = 'key'\nsecrets = ['tell-nobody']\n";
  EXPECT_EQ(world.run({"trigger", "token", "sample.created", "--format", "json"}), kFine) << world.err;
  EXPECT_EQ(Arrived(server.requests().at(0)).target, "/webhooks/legacy?key=tell-nobody");
  EXPECT_THAT(world.out + world.err, Not(HasSubstr("tell-nobody")));
  EXPECT_EQ(world.run({"trigger", "token", "sample.created", "--print"}), kFine);
  EXPECT_THAT(world.out, HasSubstr("POST /webhooks/legacy?*** HTTP/1.1\r\n"));
  EXPECT_THAT(world.out + world.err, Not(HasSubstr("tell-nobody")));
}

TEST(TriggerPrint, ShowsTheRequestWithoutItsSecret) {
  World world;
  const auto to = unreachable_url() + "/in";
  EXPECT_EQ(world.run(line(*find_provider("stripe"), to, {"--print"})), kFine) << world.err;
  EXPECT_TRUE(receive(*find_provider("stripe"), Arrived(world.out), ""));
  EXPECT_EQ(world.run(line(*find_provider("basic"), to, {"--print"})), kFine) << world.err;
  EXPECT_EQ(Arrived(world.out).header("Authorization"), "***");
  EXPECT_EQ(world.run(line(*find_provider("token"), to, {"--print", "--format", "json"})), kFine);
  EXPECT_THAT(world.out, Not(HasSubstr("a-shared-secret")));
  EXPECT_EQ(Json::parse(world.out)->text("method"), "POST");
}

TEST(TriggerBody, SendsAFileOfAnyTypeAndTheTypeInItsHeader) {
  World world;
  world.files["b.json"] = "{\"a\": 1}\n";
  LoopbackServer server({{200, ""}});
  EXPECT_EQ(world.run({"trigger", "github", "not_yet_known", "--body", "b.json", "--to", server.url(),
                       "--secret", "a-shared-secret"}),
            kFine)
      << world.err;
  const Arrived arrived(server.requests().at(0));
  EXPECT_EQ(arrived.body, "{\"a\": 1}\n");
  EXPECT_EQ(arrived.header("X-GitHub-Event"), "not_yet_known");
  EXPECT_THAT(arrived.header("X-GitHub-Delivery"), Not(IsEmpty()));
  EXPECT_TRUE(receive(*find_provider("github"), arrived, ""));
  EXPECT_EQ(world.run({"trigger", "github", "push", "--body", "none.json"}), kNotFound);
}

TEST(TriggerBody, SaysWhichSampleIsNearest) {
  World world;
  EXPECT_EQ(world.run({"trigger", "stripe", "invoice.payed"}), kUsage);
  EXPECT_EQ(world.err, "creel: no sample of \"invoice.payed\"; did you mean \"invoice.paid\"?\n");
  EXPECT_EQ(world.run({"trigger", "stripe", "charge.refunded"}), kUsage);
  EXPECT_EQ(world.err,
            "creel: no sample of \"charge.refunded\"; it is a known type: send one with --body FILE\n");
}

TEST(TriggerBody, SetReachesIntoFormsToo) {
  World world;
  world.files["form"] = "a=1&payload=%7B%22x%22%3A%7B%22y%22%3A1%7D%7D";
  LoopbackServer server({{200, ""}});
  EXPECT_EQ(world.run({"trigger", "slack", "--body", "form", "--to", server.url(), "--secret", "s", "--set",
                       "a=b c", "--set", "payload.x.y=2", "--set", "new=n"}),
            kFine)
      << world.err;
  EXPECT_EQ(Arrived(server.requests().at(0)).body, "a=b%20c&payload=%7B%22x%22%3A%7B%22y%22%3A2%7D%7D&new=n");
}

TEST(TriggerBody, SaysWhatItCannotSign) {
  World world;
  world.files["b.json"] = "[]";
  EXPECT_EQ(world.run({"trigger", "mailgun", "--body", "b.json", "--secret", "s"}), kBadData);
  EXPECT_EQ(world.err, "creel: the body lacks what mailgun signs\n");
}

}  // namespace
}  // namespace creel::cli

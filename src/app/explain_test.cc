#include "app/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_fixture.h"

namespace creel {
namespace {

constexpr std::string_view kSources = R"([sources.one]
provider = 'openai'
secrets = ['${OPENAI_WEBHOOK_SECRET}']
[sources.two]
provider = 'openai'
secrets = ['whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=']
[sources.three]
provider = 'token'
header = 'X-Token'
secrets = ['s3cret']
)";

class Explained : public testing::Test {
 protected:
  Explained() {
    auto loaded = Machine{}.load(std::string(kSources));
    live_ = make_live(std::move(loaded.config.value()), {}).value();
  }

  // A request to source "one", signed as source `signer`.
  RejectedRequest signed_by(std::string_view signer) const {
    const Receiver& receiver = *live_->sources.find(signer)->second.receiver;
    RejectedRequest rejected;
    rejected.row.source = "one";
    rejected.row.received = Time(std::chrono::seconds(1'750'000'000));
    rejected.body = R"({"type":"batch.completed"})";
    rejected.row.body_bytes = static_cast<std::uint32_t>(rejected.body.size());
    rejected.head = "POST /webhooks/one HTTP/1.1\r\nHost: hooks\r\n";
    const auto made = receiver.sign({.provider_id = "wh_1",
                                     .body = rejected.body,
                                     .content_type = "",
                                     .url = "",
                                     .now = std::chrono::sys_seconds(std::chrono::seconds(1'750'000'000))});
    for (const auto& header : made.headers)
      rejected.head += header.name + ": " + header.value + "\r\n";
    return rejected;
  }

  std::shared_ptr<const Live> live_;
  CredentialMask mask_{CredentialMask::Key{}};
};

TEST_F(Explained, IsARequestThatIsGenuineToday) {
  EXPECT_EQ(explain_rejected(signed_by("one"), *live_, mask_).front().kind, FindingKind::valid);
}

TEST_F(Explained, IsARequestThatAnotherSourcesSecretSigned) {
  const Finding finding = explain_rejected(signed_by("two"), *live_, mask_).front();
  EXPECT_EQ(finding.kind, FindingKind::other_secret);
  EXPECT_EQ(finding.label, "secret 1 of two");
}

TEST_F(Explained, IsAMaskedCredential) {
  RejectedRequest rejected = signed_by("one");
  rejected.row.source = "three";
  rejected.head =
      "POST /webhooks/three HTTP/1.1\r\nHost: hooks\r\nX-Token: " + mask_.masked("s3cret") + "\r\n";
  EXPECT_EQ(explain_rejected(rejected, *live_, mask_).front().kind, FindingKind::valid);
}

TEST_F(Explained, IsWhyItCannotBeExplained) {
  RejectedRequest rejected = signed_by("one");
  rejected.row.body_bytes += 1;
  EXPECT_EQ(explain_rejected(rejected, *live_, mask_).front().text,
            "the quarantine kept 26 of the 27 bytes of its body, and a signature covers all");
  rejected = signed_by("one");
  rejected.head = "POST";
  EXPECT_EQ(explain_rejected(rejected, *live_, mask_).front().text,
            "what was kept of its head is no whole request head");
  rejected.row.source = "gone";
  EXPECT_EQ(explain_rejected(rejected, *live_, mask_).front().text, "no source \"gone\" is configured");
}

TEST(Live, HoldsTheRowsThatItsReceiversLookAt) {
  std::shared_ptr<const Receiver> receiver;
  {
    LivePlace place;
    auto loaded = Machine{}.load(std::string(kSources));
    place.set(make_live(std::move(loaded.config.value()), {}).value());
    receiver = place.receiver("three");
    EXPECT_EQ(place.receiver("four"), nullptr);
    place.set(std::make_shared<const Live>());
    EXPECT_EQ(place.receiver("three"), nullptr);
  }
  ASSERT_TRUE(receiver);
  EXPECT_EQ(receiver->provider().credentials[0].name, "X-Token");
}

}  // namespace
}  // namespace creel

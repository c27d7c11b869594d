#include "ingest/ingest.h"

#include <thread>

#include "ingest/ingest_fixture.h"

namespace creel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(IngestTest, AnswersAGenuineWebhookOnlyAfterTheSync) {
  send();
  EXPECT_TRUE(answers_.empty());
  store_.sync(kKept);
  EXPECT_TRUE(answers_.empty()) << "the journal thread does not answer, the loop does";
  loop_.run();
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].status, 200);
  EXPECT_EQ(answers_[0].body, R"({"received":true})");
  EXPECT_EQ(answers_[0].content_type, "application/json");
}

TEST_F(IngestTest, GivesTheStoreTheBytesAsReceivedAndWhatWasReadOutOfThem) {
  send();
  ASSERT_EQ(store_.waiting.size(), 1u);
  const NewEvent& event = *store_.waiting[0]->event;
  EXPECT_EQ(event.source, "openai");
  EXPECT_EQ(event.received, clock_.now());
  EXPECT_EQ(event.dedupe_window, 3600s);
  EXPECT_EQ(event.peer, "192.0.2.1");
  EXPECT_EQ(event.secret_label, secret_mark({.secret = secret(), .label = "current"}, kStoreSecret));
  EXPECT_EQ(event.head.data(), head_.data()) << "not copied";
  EXPECT_EQ(event.body.data(), body_.data()) << "not copied";
  EXPECT_THAT(event.destinations, ElementsAre("app", "copy"));
  ASSERT_EQ(event.items.size(), 1u);
  EXPECT_EQ(event.items[0].dedupe_key, "wh_1");
  EXPECT_EQ(event.items[0].provider_id, "wh_1");
  EXPECT_EQ(event.items[0].type, "batch.completed");
  EXPECT_EQ(event.items[0].subject, "batch_1");
  EXPECT_EQ(event.items[0].occurred, Time(1'750'000'000s));
  EXPECT_EQ(event.items[0].body_offset, 0u);
  EXPECT_EQ(event.items[0].body_bytes, kBody.size());
  sync(kKept);
}

TEST_F(IngestTest, SaysThatADuplicateIsOne) {
  send();
  sync(Kept{.first = {}, .duplicate = true});
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].status, 200);
  EXPECT_EQ(answers_[0].body, R"({"received":true,"duplicate":true})");
  EXPECT_THAT(metrics_.text(), HasSubstr("creel_requests_total{outcome=\"duplicate\",source=\"openai\"} 1"));
}

TEST_F(IngestTest, NeverAnswers2xxWhenTheStoreDidNotKeepTheEvent) {
  for (StoreError error : {StoreError::full, StoreError::failed, StoreError::stopping, StoreError::too_large,
                           StoreError::busy, StoreError::broken, StoreError::not_found}) {
    answers_.clear();
    send();
    sync(std::unexpected(error));
    ASSERT_EQ(answers_.size(), 1u);
    EXPECT_EQ(answers_[0].status, 503);
    EXPECT_NE(header(answers_[0], "Retry-After"), "");
  }
  EXPECT_THAT(metrics_.text(),
              HasSubstr("creel_requests_total{outcome=\"unavailable\",source=\"openai\"} 7"));
}

TEST_F(IngestTest, PutsAForgedWebhookIntoQuarantineAndDoesNotTellTheSenderWhy) {
  body_ += " ";
  const http::Response response = answer();
  EXPECT_EQ(response.status, find_provider("openai")->reject_status);
  EXPECT_EQ(response.body, "Invalid signature");
  EXPECT_TRUE(store_.waiting.empty());
  ASSERT_EQ(store_.rejected.size(), 1u);
  EXPECT_EQ(store_.rejected[0].source, "openai");
  EXPECT_EQ(store_.rejected[0].cause, "signature_mismatch");
  EXPECT_EQ(store_.rejected[0].status, response.status);
  EXPECT_EQ(store_.rejected[0].head, head_);
  EXPECT_EQ(store_.rejected[0].body, body_);
}

TEST_F(IngestTest, AnswersEverySignatureFaultAlikeAndKeepsItsCause) {
  const auto now = clock_.now().time_since_epoch() / 1s;
  const struct {
    std::size_t header;
    std::string value;
    std::string cause;
  } rows[] = {
      {1, "", "missing_id"},
      {2, "", "missing_timestamp"},
      {3, "", "missing_signature"},
      {2, "soon", "invalid_timestamp"},
      {2, std::to_string(now - 301), "timestamp_too_old"},
      {2, std::to_string(now + 301), "timestamp_too_new"},
      {1, "wh_2", "signature_mismatch"},
  };
  for (const auto& row : rows) {
    sign(kBody);
    if (row.value.empty()) {
      headers_.erase(headers_.begin() + static_cast<std::ptrdiff_t>(row.header));
    } else {
      headers_[row.header].second = row.value;
    }
    answers_.clear();
    const http::Response response = answer();
    EXPECT_EQ(response.status, find_provider("openai")->reject_status) << row.cause;
    EXPECT_EQ(response.body, "Invalid signature") << row.cause;
    EXPECT_EQ(store_.rejected.back().cause, row.cause);
  }
}

TEST_F(IngestTest, RefusesAnAuthenticBodyThatIsNoJson) {
  for (std::string_view body : {"{\"id\":", ""}) {
    sign(body);
    answers_.clear();
    const http::Response response = answer();
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.body, "Invalid JSON payload");
    ASSERT_FALSE(store_.rejected.empty());
    EXPECT_EQ(store_.rejected.back().cause, "invalid_json");
    EXPECT_EQ(store_.rejected.back().body, body);
  }
}

TEST_F(IngestTest, StoresNoCredentialOfAnAcceptedRequest) {
  headers_.emplace_back("Authorization", "Bearer hunter2");
  query_ = "?token=hunter2";
  send();
  ASSERT_EQ(store_.waiting.size(), 1u);
  const std::string head(store_.waiting[0]->event->head);
  EXPECT_THAT(head, Not(HasSubstr("hunter2")));
  EXPECT_THAT(head, HasSubstr("POST /webhooks/openai?token=creel-hmac:"));
  EXPECT_THAT(head, HasSubstr("Authorization: creel-hmac:"));
  EXPECT_THAT(head, HasSubstr("webhook-id: wh_1\r\n"));
  sync(kKept);
}

TEST_F(IngestTest, StoresNoCredentialOfARejectedRequest) {
  headers_.emplace_back("Cookie", "session=hunter2");
  body_ += " ";
  answer();
  ASSERT_EQ(store_.rejected.size(), 1u);
  EXPECT_THAT(store_.rejected[0].head, Not(HasSubstr("hunter2")));
  EXPECT_THAT(store_.rejected[0].head, HasSubstr("Cookie: creel-hmac:"));
}

TEST_F(IngestTest, AdmitsAWebhookUpToItsSourcesLimitWhateverItsContentType) {
  EXPECT_EQ(admit()->body_bytes_max, 1000u);
  headers_.emplace_back("Content-Type", "text/plain");
  EXPECT_TRUE(admit());
  path_ = "/a";
  EXPECT_EQ(admit()->body_bytes_max, 50u);
}

TEST_F(IngestTest, AnswersUnknownPathsAndMethodsBeforeTheBody) {
  for (std::string_view path : {"/", "/webhooks", "/webhooks/openai/", "/webhooks/OpenAI", "/b"}) {
    path_ = path;
    const auto decision = admit();
    ASSERT_FALSE(decision) << path;
    EXPECT_EQ(decision.error().status, 404) << path;
  }
  EXPECT_THAT(metrics_.text(), HasSubstr("creel_requests_total{outcome=\"not_found\",source=\"\"} 5"));
  EXPECT_TRUE(store_.rejected.empty()) << "counted, not kept";

  path_ = "/webhooks/openai";
  for (std::string_view method : {"GET", "PUT", "DELETE", "post"}) {
    method_ = method;
    const auto decision = admit();
    ASSERT_FALSE(decision) << method;
    EXPECT_EQ(decision.error().status, 405) << method;
    EXPECT_EQ(header(decision.error(), "Allow"), "POST") << method;
  }
}

TEST_F(IngestTest, TellsThatItIsHealthy) {
  headers_.resize(1);
  body_.clear();
  for (std::string_view path : {"/health", "/-/healthy", "/-/ready"}) {
    for (std::string_view method : {"GET", "HEAD"}) {
      path_ = path, method_ = method;
      EXPECT_TRUE(admit());
      answers_.clear();
      const http::Response response = answer();
      EXPECT_EQ(response.status, 200) << path;
      EXPECT_EQ(response.body, R"({"status":"ok"})") << path;
    }
    method_ = "POST";
    const auto decision = admit();
    ASSERT_FALSE(decision);
    EXPECT_EQ(decision.error().status, 405);
    EXPECT_EQ(header(decision.error(), "Allow"), "GET, HEAD");
  }
}

TEST_F(IngestTest, IsNotReadyWhileTheStoreCannotCommitAndSaysNoMore) {
  method_ = "GET", path_ = "/-/ready";
  store_.current.can_commit = false;
  store_.current.reason = "/var/lib/creel: No space left on device";
  const http::Response response = answer();
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, R"({"status":"unavailable","reason":"store"})");
}

TEST_F(IngestTest, IsNotReadyWhileDrainingButFinishesWhatComes) {
  assume(on_loop);
  ingest_->drain();
  send();
  sync(kKept);
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].status, 200);
  EXPECT_TRUE(answers_[0].close);

  answers_.clear();
  method_ = "GET", path_ = "/-/ready";
  EXPECT_EQ(answer().body, R"({"status":"unavailable","reason":"draining"})");
}

TEST_F(IngestTest, WakesTheLoopOnceForABatchThatIsDoneOnAnotherThread) {
  for (int i = 0; i < 100; ++i)
    send();
  ASSERT_EQ(store_.waiting.size(), 100u);
  std::thread journal([&] { store_.sync(kKept); });
  journal.join();
  EXPECT_EQ(loop_.run(), 1u);
  EXPECT_EQ(answers_.size(), 100u);
}

TEST_F(IngestTest, KeepsAndCountsAnEventWhoseSenderHasLeft) {
  assume(on_loop);
  start(ingest_->handle(request()), [](http::Response) {});
  sync(kKept);
  EXPECT_THAT(metrics_.text(), HasSubstr("creel_requests_total{outcome=\"accepted\",source=\"openai\"} 1"));
  EXPECT_THAT(metrics_.text(), HasSubstr("creel_ingest_seconds_count 1"));
}

TEST_F(IngestTest, PrintsALineForAnEventThatGoesNowhere) {
  path_ = "/a";
  send();
  sync(kKept);
  EXPECT_THAT(printed_, ElementsAre("quiet  batch.completed  batch_1  wh_1  " + to_text(kKept.first)));

  path_ = "/webhooks/openai";
  send();
  sync(kKept);
  EXPECT_EQ(printed_.size(), 1u) << "this one has destinations";
}

TEST_F(IngestTest, LogsOneLineARequestWithoutSecretSignatureOrBody) {
  send();
  sync(kKept);
  send();
  sync(Kept{.first = {}, .duplicate = true});
  body_ += " ";
  send();
  const std::string text = logged();
  EXPECT_EQ(std::ranges::count(text, '\n'), 3);
  EXPECT_THAT(text, HasSubstr("event accepted"));
  EXPECT_THAT(text, HasSubstr(to_text(kKept.first)));
  EXPECT_THAT(text, HasSubstr("duplicate received"));
  EXPECT_THAT(text, HasSubstr("signature_mismatch"));
  EXPECT_THAT(text, Not(HasSubstr(headers_[3].second.substr(3))));
  EXPECT_THAT(text, Not(HasSubstr("created_at")));
  EXPECT_THAT(text, Not(HasSubstr(std::string(kSecret.substr(6)))));
}

TEST_F(IngestTest, CountsWhatTheHttpLayerRefused) {
  assume(on_loop);
  ingest_->refused(431, "header too large", "192.0.2.1");
  EXPECT_THAT(metrics_.text(), HasSubstr("creel_requests_total{outcome=\"refused\",source=\"\"} 1"));
}

TEST_F(IngestTest, SharesItsMetricsWithTheIngestOfAnotherLoop) {
  IngestOptions options;
  options.sources.push_back(source("openai", "/webhooks/openai", 1000));
  FakeLoop other_loop;
  Ingest other(std::move(options), routes_, store_, clock_, *log_, metrics_, other_loop);
  assume(on_loop);
  start(other.handle(request()),
        [this](http::Response response) { answers_.push_back(std::move(response)); });
  send();
  store_.sync(kKept);
  EXPECT_EQ(other_loop.run(), 1u);
  EXPECT_EQ(loop_.run(), 1u);
  EXPECT_THAT(metrics_.text(), HasSubstr("creel_requests_total{outcome=\"accepted\",source=\"openai\"} 2"));
}

TEST_F(IngestTest, AsksTheProviderToComeAgainWhenNoKeyIsGoodNow) {
  std::vector<Key> keys;
  keys.push_back({.secret = secret(), .label = "old", .not_after = std::chrono::sys_seconds(1s)});
  IngestOptions options;
  options.sources.push_back(
      {.name = "openai",
       .path = "/webhooks/openai",
       .receiver = std::make_shared<const Receiver>(*find_provider("openai"), std::move(keys),
                                                    ReceiverOptions{.body_bytes_max = 1000})});
  Ingest expired(std::move(options), routes_, store_, clock_, *log_, metrics_, loop_);
  assume(on_loop);
  start(expired.handle(request()),
        [this](http::Response response) { answers_.push_back(std::move(response)); });
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].status, 503);
  EXPECT_EQ(header(answers_[0], "Retry-After"), "60");
  ASSERT_EQ(store_.rejected.size(), 1u);
  EXPECT_EQ(store_.rejected[0].cause, "no_keys");
}

}  // namespace
}  // namespace creel

#include "ingest/ingest.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mutex>
#include <thread>

namespace creel {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
constexpr std::string_view kBody =
    R"({"id":"evt_1","object":"event","created_at":1750000000,"type":"batch.completed","data":{"id":"batch_1"}})";

class FakeClock final : public Clock {
 public:
  Time now() const override { return Time(1'750'000'000s); }
  Ticks ticks() const override { return Ticks(1s); }
};

// Takes work and does it when the test says so.
class FakeLoop final : public Executor {
 public:
  void post(std::move_only_function<void()> work) override {
    std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
  }
  std::size_t run() {
    std::vector<std::move_only_function<void()>> work;
    {
      std::lock_guard lock(mutex_);
      work.swap(work_);
    }
    for (auto& each : work)
      each();
    return work.size();
  }

 private:
  std::mutex mutex_;
  std::vector<std::move_only_function<void()>> work_;
};

// Holds appends until the test syncs, and remembers what was rejected.
class FakeStore final : public Store {
 public:
  struct Rejected {
    std::string source, cause, detail, head, body;
    int status;
  };

  void append(Append& append) override { waiting.push_back(&append); }
  void sync(std::expected<Kept, StoreError> result) {
    assume(on_journal);
    for (Append* append : std::exchange(waiting, {})) {
      append->result = result;
      append->done();
    }
  }
  void reject(const NewRejected& it) override {
    rejected.push_back({std::string(it.source), std::string(it.cause), std::string(it.detail),
                        std::string(it.head), std::string(it.body), it.status});
  }
  StoreStatus status() const override { return current; }

  void mark_accepted(std::uint64_t, EventId) override {}
  void record(Outcome) override {}
  void command(Command, std::move_only_function<void(std::expected<Sequence, StoreError>)>) override {}
  void read(Freshness, std::move_only_function<void(Reader&, Staleness)>) override {}
  void start(DeliveryFeed&) override {}
  void stop() override {}

  std::vector<Append*> waiting;
  std::vector<Rejected> rejected;
  StoreStatus current;
};

Secret secret() {
  return *Secret::parse(kSecret);
}

class IngestTest : public testing::Test {
 protected:
  IngestTest() {
    assume(on_loop);
    log_file_ = memfd_create("log", 0);
    log_ = std::make_unique<Log>(clock_, Log::Options{.format = LogFormat::json, .descriptor = log_file_});
    const Route routes[] = {{.from = {"openai"}, .to = {"app", "copy"}}};
    routes_ = std::make_unique<Routes>(routes);
    IngestOptions options;
    options.sources.push_back(source("openai", "/webhooks/openai", 1000));
    options.sources.push_back(source("quiet", "/a", 50));
    options.credential_key.fill(std::byte{1});
    options.print = [this](std::string_view line) { printed_.emplace_back(line); };
    ingest_ = std::make_unique<Ingest>(std::move(options), *routes_, store_, clock_, *log_, metrics_, loop_);
    path_ = "/webhooks/openai";
    sign(kBody);
  }
  ~IngestTest() override {
    log_.reset();
    close(log_file_);
  }

  static IngestSource source(std::string name, std::string path, std::size_t body_bytes_max) {
    std::vector<Key> keys;
    keys.push_back({.secret = secret(), .label = "current"});
    return {.name = std::move(name),
            .path = std::move(path),
            .receiver = std::make_shared<const Receiver>(*find_provider("openai"), std::move(keys),
                                                         ReceiverOptions{.body_bytes_max = 1000}),
            .body_bytes_max = body_bytes_max,
            .dedupe_window = 3600s};
  }

  // A genuine webhook with this body.
  void sign(std::string_view body) {
    const Secret key = secret();
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now());
    body_ = body;
    headers_ = {{"Host", "example.org"},
                {"webhook-id", "wh_1"},
                {"webhook-timestamp", std::to_string(now.time_since_epoch().count())},
                {"webhook-signature", Signer(key).sign("wh_1", now, body)}};
  }

  http::Request request() {
    head_ = method_ + " " + path_ + query_ + " HTTP/1.1\r\n";
    views_.clear();
    for (const auto& [name, value] : headers_) {
      head_ += name + ": " + value + "\r\n";
      views_.push_back({name, value});
    }
    http::Request request;
    request.method = method_;
    request.path = path_;
    if (!query_.empty()) request.query = std::string_view(query_).substr(1);
    request.head = head_;
    request.headers = views_;
    request.body = body_;
    request.peer = "192.0.2.1";
    return request;
  }

  std::expected<http::HeadDecision, http::Response> admit() {
    assume(on_loop);
    return ingest_->admit(request());
  }

  // Begins handling; the answer comes now or after a sync.
  void send() {
    assume(on_loop);
    start(ingest_->handle(request()),
          [this](http::Response response) { answers_.push_back(std::move(response)); });
  }
  http::Response answer() {
    send();
    EXPECT_EQ(answers_.size(), 1u);
    return answers_.empty() ? http::Response{.status = 0} : answers_.back();
  }
  void sync(std::expected<Kept, StoreError> result) {
    store_.sync(std::move(result));
    loop_.run();
  }
  static std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [each, value] : response.headers) {
      if (each == name) return value;
    }
    return "";
  }
  std::string logged() {
    log_->flush();
    std::string text(static_cast<std::size_t>(lseek(log_file_, 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(log_file_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }

  FakeClock clock_;
  FakeLoop loop_;
  FakeStore store_;
  Metrics metrics_;
  int log_file_ = -1;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Routes> routes_;
  std::unique_ptr<Ingest> ingest_;
  std::string method_ = "POST", path_, query_, body_, head_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::vector<Header> views_;
  std::vector<http::Response> answers_;
  std::vector<std::string> printed_;
};

const Kept kKept{.first = EventId::of(7, 0), .duplicate = false};

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
  EXPECT_EQ(event.secret_label, "current");
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
  Ingest other(std::move(options), *routes_, store_, clock_, *log_, metrics_, other_loop);
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
  Ingest expired(std::move(options), *routes_, store_, clock_, *log_, metrics_, loop_);
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

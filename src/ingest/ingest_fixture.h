// What the tests of ingest share: a store that syncs when told, a loop that runs when told, and requests.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "ingest/ingest.h"

namespace creel {

using namespace std::chrono_literals;

inline constexpr std::string_view kSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
inline constexpr std::string_view kBody =
    R"({"id":"evt_1","object":"event","created_at":1750000000,"type":"batch.completed","data":{"id":"batch_1"}})";

class FakeClock final : public Clock {
 public:
  Time now() const override { return time; }
  Ticks ticks() const override { return Ticks(1s); }

  Time time{1'750'000'000s};
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
  void set_state(std::string, std::string,
                 std::move_only_function<void(std::expected<Sequence, StoreError>)>) override {}
  void order(Orders, std::string, std::string,
             std::move_only_function<void(std::expected<Sequence, StoreError>)>) override {}
  std::vector<std::pair<std::string, std::string>> state() const override { return {}; }
  void read(Freshness, std::move_only_function<void(Reader&, Staleness)>) override {}
  void start(DeliveryFeed&) override {}
  void stop() override {}

  std::vector<Append*> waiting;
  std::vector<Rejected> rejected;
  StoreStatus current;
};

inline Secret secret() {
  return *Secret::parse(kSecret);
}

class IngestTest : public testing::Test {
 protected:
  IngestTest() {
    assume(on_loop);
    log_file_ = memfd_create("log", 0);
    log_ = std::make_unique<Log>(clock_, Log::Options{.format = LogFormat::json, .descriptor = log_file_});
    routes_ = routes_of({{.name = "all", .from = {"openai", "mine"}, .to = {"app", "copy"}}});
    IngestOptions options;
    options.sources.push_back(source("openai", "/webhooks/openai", 1000));
    options.sources.push_back(source("quiet", "/a", 50));
    options.store_secret = kStoreSecret;
    options.print = [this](std::string_view line) { printed_.emplace_back(line); };
    ingest_ = std::make_unique<Ingest>(std::move(options), routes_, store_, clock_, *log_, metrics_, loop_);
    path_ = "/webhooks/openai";
    sign(kBody);
  }
  ~IngestTest() override {
    log_.reset();
    close(log_file_);
  }

  static std::shared_ptr<const Routes> routes_of(std::vector<Route> routes) {
    return *Routes::make(std::move(routes));
  }

  // A source of OpenAI's webhooks under kSecret.
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

  // A source of a provider that a test makes up, at /mine.
  static IngestSource source_of(const Provider& row, std::string_view secret_text,
                                ReceiverOptions options = {}) {
    std::vector<Key> keys;
    if (!secret_text.empty())
      keys.push_back({.secret = *Secret::parse(secret_text, row.secret_form), .label = "mine"});
    return {.name = "mine",
            .path = "/mine",
            .receiver = std::make_shared<const Receiver>(row, std::move(keys), std::move(options))};
  }
  // From here on there is this source alone, and requests go to it, without headers of a signature.
  void only(IngestSource source) {
    assume(on_loop);
    path_ = source.path;
    headers_ = {{"Host", "example.org"}};
    std::vector<IngestSource> sources;
    sources.push_back(std::move(source));
    ingest_->reload(std::move(sources), routes_);
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

  static constexpr std::array<std::uint8_t, 32> kStoreSecret{1, 2, 3};

  FakeClock clock_;
  FakeLoop loop_;
  FakeStore store_;
  Metrics metrics_;
  int log_file_ = -1;
  std::unique_ptr<Log> log_;
  std::shared_ptr<const Routes> routes_;
  std::unique_ptr<Ingest> ingest_;
  std::string method_ = "POST", path_, query_, body_, head_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::vector<Header> views_;
  std::vector<http::Response> answers_;
  std::vector<std::string> printed_;
};

// A row that a test makes up: whoever knows the path may send.
inline Provider made_up() {
  static constexpr std::string_view kMethods[] = {"POST"};
  static constexpr Field kTypes[] = {in_body("/type")};
  Provider row;
  row.name = "made-up";
  row.methods = kMethods;
  row.types = kTypes;
  return row;
}

inline const Kept kKept{.first = EventId::of(7, 0), .duplicate = false};

}  // namespace creel

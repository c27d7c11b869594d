// The admin port without a port: requests go straight to the handler, and time, store and loop are the
// test's.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/admin.h"
#include "admin/fake_store.h"

namespace creel::admin {

class FakeClock final : public Clock {
 public:
  Time now() const override { return Time(std::chrono::seconds(1'750'000'000)); }
  Ticks ticks() const override { return at; }
  Ticks at{};
};

class FakeLoop final : public Executor {
 public:
  void post(std::move_only_function<void()> work) override { work_.push_back(std::move(work)); }
  bool run_one() {
    if (work_.empty()) return false;
    auto work = std::move(work_.front());
    work_.pop_front();
    work();
    return true;
  }

 private:
  std::deque<std::move_only_function<void()>> work_;
};

class AdminTest : public testing::Test {
 protected:
  static constexpr std::string_view kToken =
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

  AdminTest() : log_(clock_, {.level = LogLevel::error}) { restart({}); }

  void restart(AdminOptions options) {
    options.token = kToken;
    options.listen_address = "127.0.0.1";
    options.version = "1.2.3";
    if (!options.destinations) {
      options.destinations = [this] { return destinations_; };
    }
    options.after = [this](std::chrono::milliseconds, std::move_only_function<void()> work) {
      timers_.push_back(std::move(work));
    };
    admin_ = std::make_unique<Admin>(std::move(options), store_, clock_, log_, metrics_, loop_);
    headers_ = {{"Host", "127.0.0.1:3001"}, {"Authorization", "Bearer " + std::string(kToken)}};
  }

  http::Request request(std::string_view method, std::string_view target) {
    target_ = target;
    views_.clear();
    for (const auto& [name, value] : headers_)
      views_.push_back({name, value});
    http::Request request;
    request.method = method;
    request.target = target_;
    request.path = std::string_view(target_).substr(0, target_.find('?'));
    if (request.path.size() < target_.size())
      request.query = std::string_view(target_).substr(request.path.size() + 1);
    request.headers = views_;
    request.body = body_;
    return request;
  }

  // Begins a request; its answer is in `answer_` once it is there.
  void begin(std::string_view method, std::string_view target) {
    assume(on_loop);
    answer_.reset();
    start(admin_->handle(request(method, target)),
          [this](http::Response response) { answer_ = std::move(response); });
  }
  // Lets read threads and loop work until nothing is left to do.
  void settle() {
    while (store_.answer() || loop_.run_one()) {
    }
  }
  void fire_timers() {
    for (auto& work : std::exchange(timers_, {}))
      work();
    settle();
  }
  http::Response send(std::string_view method, std::string_view target) {
    begin(method, target);
    settle();
    EXPECT_TRUE(answer_) << method << " " << target;
    return answer_.value_or(http::Response{.status = 0});
  }
  http::Response get(std::string_view target) { return send("GET", target); }

  static std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [each, value] : response.headers) {
      if (each == name) return value;
    }
    return "";
  }

  EventRow& add_event(Sequence sequence, std::string provider_id, std::string type) {
    const EventId id = EventId::of(sequence, 0);
    EventRow row;
    row.id = id;
    row.source = "openai";
    row.type = std::move(type);
    row.provider_id = std::move(provider_id);
    row.subject = "batch_1";
    row.received = clock_.now();
    row.body_bytes = 2;
    StoredEvent content;
    content.id = id;
    content.peer = "192.0.2.1";
    content.secret_label = "current";
    content.head = "POST /webhooks/openai HTTP/1.1\r\nHost: example.org\r\n";
    content.body = "{}";
    store_.reader.contents[id] = std::move(content);
    return store_.reader.rows.emplace_back(std::move(row));
  }
  static DeliveryRow delivery(EventId event, std::string destination, DeliveryState state) {
    DeliveryRow row;
    row.id = {.event = event, .destination = std::move(destination), .ordinal = 1};
    row.state = state;
    return row;
  }

  void add_rejected(std::uint64_t id, std::string body, std::uint32_t bytes) {
    store_.reader.quarantine.push_back({.row = {.id = id,
                                                .source = "openai",
                                                .peer = "192.0.2.1",
                                                .cause = "signature_mismatch",
                                                .detail = "no key matched",
                                                .received = clock_.now(),
                                                .status = 400,
                                                .body_bytes = bytes,
                                                .accepted = {}},
                                        .head = "POST / HTTP/1.1\r\n",
                                        .body = std::move(body)});
  }

  FakeClock clock_;
  FakeLoop loop_;
  FakeStore store_;
  Metrics metrics_;
  Log log_;
  std::vector<DestinationStatus> destinations_;
  std::vector<std::move_only_function<void()>> timers_;
  std::unique_ptr<Admin> admin_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::vector<Header> views_;
  std::string target_;
  std::string body_;  // of the next requests
  std::optional<http::Response> answer_;
};

}  // namespace creel::admin

// For the tests of destinations of kind http: a client, the destinations that a test tries, and their
// reports.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "deliver/http_client.h"
#include "deliver/loopback_server.h"

namespace creel {

class Attempts final : AttemptSink {
 public:
  static Destination destination_at(const std::string& url) {
    Destination destination;
    destination.name = "app";
    destination.url = url;
    destination.sign = SignMode::none;
    destination.timeout = std::chrono::seconds(5);
    return destination;
  }
  // Its number.
  std::size_t to(const Destination& destination) {
    endpoints_.push_back(client_.endpoint(destination, receivers_, clock_));
    return endpoints_.size() - 1;
  }
  std::size_t to(const std::string& url, std::chrono::milliseconds timeout = std::chrono::seconds(5)) {
    Destination destination = destination_at(url);
    destination.timeout = timeout;
    return to(destination);
  }
  void start(std::size_t destination, std::string body = "{}", std::string head = "POST / HTTP/1.1\r\n") {
    assume(on_deliver);
    auto event = std::make_shared<StoredEvent>();
    event->id = EventId::of(++count_, 0);
    event->source = "openai";
    event->body = std::move(body);
    event->head = std::move(head);
    endpoints_[destination]->attempt({.destination = destination, .event = event->id, .content = event},
                                     clock_.now());
  }
  // The next report, of any destination.
  std::pair<std::size_t, AttemptReport> next() {
    assume(on_deliver);
    for (const auto until = clock_.ticks() + std::chrono::seconds(20);
         reports_.empty() && clock_.ticks() < until;) {
      client_.perform();
      if (reports_.empty()) client_.wait(std::chrono::milliseconds(100));
    }
    if (reports_.empty()) return {0, AttemptReport{.error = "no report came"}};
    auto report = std::move(reports_.front());
    reports_.erase(reports_.begin());
    return report;
  }
  template <class Condition>
  void perform_until(Condition condition) {
    assume(on_deliver);
    for (const auto until = clock_.ticks() + std::chrono::seconds(20);
         !condition() && clock_.ticks() < until;) {
      client_.perform();
      client_.wait(std::chrono::milliseconds(5));
    }
  }
  AttemptReport once(const Destination& destination) {
    start(to(destination));
    return next().second;
  }
  AttemptReport once(const std::string& url, std::chrono::milliseconds timeout = std::chrono::seconds(5)) {
    start(to(url, timeout));
    return next().second;
  }
  bool is_idle(std::size_t destination) {
    assume(on_deliver);
    return endpoints_[destination]->is_idle();
  }
  void remove(std::size_t destination) { endpoints_[destination].reset(); }

 private:
  void ended(AttemptOrder order, AttemptReport report) override {
    reports_.emplace_back(order.destination, std::move(report));
  }

  SystemClock clock_;
  ReceiverLookup receivers_ = [](std::string_view) { return nullptr; };
  HttpClient client_{{}, *this};
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::vector<std::pair<std::size_t, AttemptReport>> reports_;
  std::uint64_t count_ = 0;
};

inline LoopbackServer::Answer says(std::string text) {
  return
      [text = std::move(text)](int socket, const std::string&) { return LoopbackServer::send(socket, text); };
}

}  // namespace creel

// For the tests of destinations whose attempts end on a thread of their own: what ended, to be waited for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "deliver/destination.h"

namespace creel {

class PostedEnds {
 public:
  using End = std::pair<AttemptOrder, AttemptReport>;

  std::function<void(AttemptOrder, AttemptReport)> post() {
    return [this](AttemptOrder order, AttemptReport report) {
      std::lock_guard lock(mutex_);
      ends_.emplace_back(std::move(order), std::move(report));
      changed_.notify_all();
    };
  }
  // The next that ended, in time for any test.
  End next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(30), [this] { return !ends_.empty(); }))
      return {{}, {.error = "nothing ended"}};
    End end = std::move(ends_.front());
    ends_.pop_front();
    return end;
  }
  std::size_t count() {
    std::lock_guard lock(mutex_);
    return ends_.size();
  }

  static AttemptOrder order(std::string body, std::uint64_t sequence = 7) {
    auto event = std::make_shared<StoredEvent>();
    event->id = EventId::of(sequence, 0);
    event->source = "github";
    event->type = "push $(id)";
    event->head = "POST / HTTP/1.1\r\nX-A: b\r\n";
    event->body = std::move(body);
    return {.event = event->id, .number = 3, .content = event};
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<End> ends_;
};

}  // namespace creel

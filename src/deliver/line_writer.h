// Destinations of kind stdout: an event is one line of JSON on standard output.
//
//   {"id":"cev_…","delivery":"…","source":"github","type":"push","subject":"…","received":"2026-01-02T…Z",
//    "headers":[["Content-Type","application/json"]],"body":{…}}
//
// A body that is not JSON stands as "body_base64". Credentials in headers are what the store has in their
// place. Lines are written by a thread of its own, started with the first attempt, one after the other and
// each whole: a reader that stops reading holds up what is written here and nothing else. A line that was not
// begun in time fails; one that was begun is finished, whenever the reader goes on.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "core/clock.h"
#include "core/model.h"
#include "core/threads.h"
#include "deliver/destination.h"
#include "deliver/exec_process.h"

namespace creel {

// The line with its end.
std::string event_line(const AttemptOrder& order, const std::string& destination);

class LineWriter {
 public:
  // Called on the writer's thread; returns at once. Not called for attempts whose endpoint was gone before
  // they ended.
  using Ended = std::function<void(AttemptOrder, AttemptReport)>;

  // `descriptor` stays the caller's and outlives the writer.
  LineWriter(int descriptor, Ended ended);
  ~LineWriter() { stop(); }
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // Goes before the writer does.
  std::unique_ptr<Endpoint> endpoint(Destination destination) ON_DELIVER;
  // Writes no further; a line may stay torn when nobody reads it.
  void stop();

 private:
  class Handler;
  // What an endpoint and the thread both know.
  struct Shared {
    explicit Shared(Destination told) : destination(std::move(told)) {}

    const Destination destination;
    std::atomic<bool> is_gone = false;
    std::atomic<std::size_t> running = 0;
  };
  struct Job {
    std::shared_ptr<Shared> shared;
    AttemptOrder order;
    Ticks until;
  };
  enum class Written { whole, late, stopped, failed };

  void submit(Job job) ON_DELIVER;
  void run();
  AttemptReport report_of(Written written, const Job& job, int error) const;
  Written write(std::string_view line, Ticks until);
  bool wait_for_room(Ticks until, bool has_begun);

  const int descriptor_;
  const Ended ended_;
  const Descriptor stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::atomic<bool> is_stopping_ = false;
  bool is_torn_ = false;  // of the thread: the last line lacks its end
  std::thread thread_;
};

}  // namespace creel

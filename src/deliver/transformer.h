// The transform thread: what a destination's route makes of an event before an attempt leaves.
//
//   Transformer transformer([this](TransformResult result) { post(std::move(result)); });
//   transformer.submit({.order = order, .destination = "app", .routes = routes, .generation = 7});
//
// A thread of its own, because a script may take its time. Destinations share its time, not its runs: the one
// that has had least goes next, so a slow script holds up another destination by one run at most, and costs
// it no more than half of the thread. What is submitted is bounded by the attempts that run, which wait for
// it.
//
// The route that decides now is asked, not the one that decided when the event came. An event that was to be
// transformed, and that no route leads there any more, does not go out as it is: better held than leaked.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/model.h"
#include "core/threads.h"
#include "deliver/destination.h"
#include "rules/filter.h"
#include "rules/transform.h"

namespace creel {

class Routes;

struct TransformJob {
  AttemptOrder order;
  std::string destination;
  std::shared_ptr<const Routes> routes;  // null: there are none
  std::uint64_t generation = 0;          // of the routes; given back
};

struct TransformResult {
  enum class Kind : std::uint8_t {
    goes,       // as `order` has it: with another content and the one before as `kept`, or as it was
    cancelled,  // the transform returned nil
    failed,     // it, or the lack of a route, holds the delivery: `error` says why
  };
  AttemptOrder order;
  std::uint64_t generation = 0;
  Kind kind = Kind::goes;
  std::string error;  // one sentence for a person
};

// The compiled transforms of the routes it saw last. Used by one thread.
class RouteTransforms {
 public:
  TransformResult apply(TransformJob job);

 private:
  std::expected<Transform, TransformError>& compiled(const Route& route);

  RuleScratch scratch_;
  std::shared_ptr<const Routes> routes_;
  std::map<std::string, std::expected<Transform, TransformError>, std::less<>> compiled_;  // by text
};

class Transformer {
 public:
  // On the transform thread; returns at once. Called exactly once for each job until stop().
  using Done = std::function<void(TransformResult)>;

  explicit Transformer(Done done) : done_(std::move(done)) {}
  ~Transformer() { stop(); }
  Transformer(const Transformer&) = delete;
  Transformer& operator=(const Transformer&) = delete;

  // Starts the thread with the first job.
  void submit(TransformJob job) ON_DELIVER;
  // Drops what has not begun, and waits for what has: as long as a script may take. Nothing is told after it.
  void stop();

 private:
  void run();
  TransformJob take();

  const Done done_;
  std::mutex mutex_;
  std::condition_variable changed_;
  struct Lane {
    std::deque<TransformJob> jobs;
    std::chrono::nanoseconds used{0};  // of the thread's time, counted on from `reached_`
  };
  std::map<std::size_t, Lane> lanes_;    // by destination
  std::chrono::nanoseconds reached_{0};  // what the one had used that went last: who had no job begins there
  std::size_t waiting_ = 0;              // jobs in all lanes
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace creel

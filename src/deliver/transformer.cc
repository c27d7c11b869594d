#include "deliver/transformer.h"

#include <algorithm>
#include <utility>

#include "rules/routes.h"

namespace creel {
namespace {

constexpr std::size_t kErrorBytesMax = 500;

TransformResult failed(TransformJob job, std::string error) {
  if (error.size() > kErrorBytesMax) error.resize(kErrorBytesMax);
  return {.order = std::move(job.order),
          .generation = job.generation,
          .kind = TransformResult::Kind::failed,
          .error = std::move(error)};
}

TransformResult goes(TransformJob job) {
  return {.order = std::move(job.order), .generation = job.generation};
}

// The same event with another head and body.
std::shared_ptr<const StoredEvent> changed(const StoredEvent& event, Transformed transformed) {
  auto made = std::make_shared<StoredEvent>(StoredEvent{.id = event.id,
                                                        .source = event.source,
                                                        .received = event.received,
                                                        .peer = event.peer,
                                                        .secret_label = event.secret_label,
                                                        .provider_id = event.provider_id,
                                                        .type = event.type,
                                                        .subject = event.subject,
                                                        .dedupe_key = event.dedupe_key,
                                                        .occurred = event.occurred,
                                                        .is_whole = event.is_whole,
                                                        .transformed = event.transformed});
  made->head = std::move(transformed.head);
  made->body = std::move(transformed.body);
  return made;
}

}  // namespace

// --- One event
// -----------------------------------------------------------------------------------------------------

std::expected<Transform, TransformError>& RouteTransforms::compiled(const Route& route) {
  const auto found = compiled_.find(route.transform);
  if (found != compiled_.end()) return found->second;
  return compiled_.emplace(route.transform, Transform::compile(route.transform)).first->second;
}

TransformResult RouteTransforms::apply(TransformJob job) {
  if (job.routes != routes_) {
    compiled_.clear();
    routes_ = job.routes;
  }
  const StoredEvent& event = *job.order.content;
  const RuleInput input{.source = event.source, .type = event.type, .head = event.head, .body = event.body};
  const Route* route = routes_ ? routes_->deciding(input, scratch_, job.destination) : nullptr;
  if (!route) {
    if (std::ranges::find(event.transformed, job.destination) == event.transformed.end())
      return goes(std::move(job));
    std::string error =
        "no route leads this event to " + job.destination + " any more, and it was to be transformed";
    return failed(std::move(job), std::move(error));
  }
  if (route->transform.empty()) return goes(std::move(job));

  auto& transform = compiled(*route);
  if (!transform) return failed(std::move(job), route->name + ": " + transform.error().message);
  auto made = transform->run(event);
  if (!made) return failed(std::move(job), route->name + ": " + made.error().message);
  if (!*made) {
    return {.order = std::move(job.order),
            .generation = job.generation,
            .kind = TransformResult::Kind::cancelled};
  }
  job.order.kept = std::exchange(job.order.content, changed(event, *std::move(*made)));
  return goes(std::move(job));
}

// --- The thread
// ----------------------------------------------------------------------------------------------------

void Transformer::submit(TransformJob job) {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  {
    std::lock_guard lock(mutex_);
    Lane& lane = lanes_[job.order.destination];
    if (lane.jobs.empty()) lane.used = std::max(lane.used, reached_);
    lane.jobs.push_back(std::move(job));
    ++waiting_;
  }
  changed_.notify_one();
}

void Transformer::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
  lanes_.clear();
}

// The first of the destination that has had least.
TransformJob Transformer::take() {
  Lane* next = nullptr;
  for (auto& [destination, lane] : lanes_) {
    if (!lane.jobs.empty() && (!next || lane.used < next->used)) next = &lane;
  }
  reached_ = next->used;
  TransformJob job = std::move(next->jobs.front());
  next->jobs.pop_front();
  --waiting_;
  return job;
}

void Transformer::run() {
  Role::Holder holder(on_transform);
  RouteTransforms transforms;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_stopping_ || waiting_ > 0; });
    if (is_stopping_) return;
    TransformJob job = take();
    lock.unlock();
    const std::size_t destination = job.order.destination;
    const auto began = std::chrono::steady_clock::now();
    done_(transforms.apply(std::move(job)));
    const auto took = std::chrono::steady_clock::now() - began;
    lock.lock();
    lanes_[destination].used += took;
  }
}

}  // namespace creel

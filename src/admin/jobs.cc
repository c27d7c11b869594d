#include "admin/jobs.h"

#include <algorithm>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include "admin/waits.h"

namespace creel::admin {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kIdsChunk = 100;         // of ids that are named, each of which is looked up
constexpr std::size_t kRunningMax = 100;       // jobs at a time
constexpr std::size_t kEndedMax = 20;          // that are remembered
constexpr std::size_t kValueBytesMax = 65536;  // of what is kept of one
constexpr milliseconds kTick{100};             // a job with a rate orders so often, at most
constexpr milliseconds kTryAgain{1000};
constexpr milliseconds kLagging{200};
constexpr milliseconds kKeepEvery{1000};  // how far a job is that finds nothing

double per_second(const Rate& rate) {
  return rate.count / std::chrono::duration<double>(rate.per).count();
}

// "job_7 has ended": nothing to cancel.
http::Response has_ended(const Job& job) {
  return error(409, "finished", job.id() + " has ended: it is " + std::string(to_text(job.state)) + ".");
}

http::Response no_such_job(std::string_view id) {
  return error(
      404, "not_found",
      "There is no job " + std::string(id) + "; `creel jobs list` shows those that run and the last 20.");
}

}  // namespace

struct Jobs::Counts {
  explicit Counts(Metrics& metrics)
      : running(prometheus::BuildGauge()
                    .Name("creel_jobs_running")
                    .Help("Jobs that are not done.")
                    .Register(metrics.registry())
                    .Add({})),
        deliveries(prometheus::BuildCounter()
                       .Name("creel_job_deliveries_total")
                       .Help("Deliveries that jobs have ordered, by the kind of job.")
                       .Register(metrics.registry())) {}
  prometheus::Gauge& running;
  prometheus::Family<prometheus::Counter>& deliveries;
};

Jobs::Jobs(const AdminOptions& options, Store& store, const Clock& clock, Log& log, Metrics& metrics,
           Executor& loop)
    : options_(options),
      store_(store),
      clock_(clock),
      log_(log),
      loop_(loop),
      counts_(std::make_unique<Counts>(metrics)) {}

Jobs::~Jobs() {
  *alive_ = false;
}

void Jobs::start() {
  for (const auto& [name, value] : store_.state()) {
    auto job = job_of_entry(name, value);
    if (!job) continue;
    last_number_ = std::max(last_number_, job->number);
    if (job->is_running()) {
      log_.info("job goes on",
                {{"job", job->id()}, {"deliveries", static_cast<std::int64_t>(job->deliveries)}});
      add(*std::move(job));
    } else {
      ended_.emplace(job->number, *std::move(job));
    }
  }
  next();
}

void Jobs::add(Job job) {
  const std::uint64_t number = job.number;
  turn_.push_back(number);
  running_.emplace(number, Running{.job = std::move(job),
                                   .waiting = {},
                                   .not_before = {},
                                   .kept_at = clock_.ticks(),
                                   .is_cancelled = false,
                                   .waiters = {}});
  counts_->running.Set(static_cast<double>(running_.size()));
}

// --- Answers
// -------------------------------------------------------------------------------------------------------

http::Response Jobs::answer(const Job& job, std::string_view waiting, int status) const {
  JsonWriter json;
  write_job(json, job, waiting);
  http::Response response = json_response(json);
  response.status = status;
  if (status == 202) response.headers.emplace_back("Location", "/api/v1/jobs/" + job.id());
  return response;
}

http::Response Jobs::list() const {
  JsonWriter json;
  json.begin_object().key("jobs").begin_array();
  std::map<std::uint64_t, std::pair<const Job*, std::string_view>, std::greater<>> all;
  for (const auto& [number, running] : running_)
    all.emplace(number, std::pair(&running.job, std::string_view(running.waiting)));
  for (const auto& [number, job] : ended_)
    all.emplace(number, std::pair(&job, std::string_view()));
  for (const auto& [number, one] : all)
    write_job(json, *one.first, one.second);
  json.end_array().end_object();
  return json_response(json);
}

http::Response Jobs::show(std::string_view id) const {
  const auto number = parse_job_id(id);
  const auto running = number ? running_.find(*number) : running_.end();
  if (running != running_.end()) return answer(running->second.job, running->second.waiting);
  const auto ended = number ? ended_.find(*number) : ended_.end();
  return ended == ended_.end() ? no_such_job(id) : answer(ended->second, {});
}

// Of a key that was used before.
std::optional<http::Response> Jobs::answer_known(const JobRequest& request, const std::string& key) const {
  if (key.empty()) return std::nullopt;
  const auto answer_for = [&](const Job& job, std::string_view waiting) {
    if (job.request.text == request.text) return answer(job, waiting);
    return error(422, "idempotency_conflict",
                 "This Idempotency-Key made " + job.id() + " of another request: take another key.");
  };
  for (const auto& [number, running] : running_) {
    if (running.job.key == key) return answer_for(running.job, running.waiting);
  }
  for (const auto& [number, job] : ended_) {
    if (job.key == key) return answer_for(job, {});
  }
  return std::nullopt;
}

// --- Making and cancelling
// -----------------------------------------------------------------------------------------

Task<http::Response> Jobs::create(std::string body, std::string key) {
  auto request = parse_job_request(body);
  if (!request) co_return std::move(request.error());
  Task<http::Response> creating = create(*std::move(request), std::move(key));
  http::Response response = co_await creating;
  co_return response;
}

Task<http::Response> Jobs::create(JobRequest request, std::string key) {
  if (!request.to.empty()) {
    Asking asking(store_, loop_, Freshness::any, check_destinations(request.to, options_));
    Answer checked = co_await asking;
    if (checked.response.status != 200) co_return std::move(checked.response);
  }
  if (auto known = answer_known(request, key)) co_return *std::move(known);
  if (running_.size() >= kRunningMax) {
    co_return error(429, "too_many_jobs",
                    "A hundred jobs are under way. Wait for some of them, or cancel some.");
  }
  Job job;
  job.number = ++last_number_;
  job.request = std::move(request);
  job.created = job.updated = clock_.now();
  job.upto = EventId::of(store_.status().synced, 0xffff);
  job.key = std::move(key);
  const std::string value = job_entry_value(job);
  if (value.size() > kValueBytesMax) {
    co_return error(413, "too_large", "A job's request has at most 64 KiB: say what is meant with a filter.");
  }
  // Known from here on, so that the same key again does not make a second one; it begins once it is kept.
  const std::uint64_t number = job.number;
  ended_.emplace(number, job);
  KeepingState keeping(store_, loop_, job_entry_name(number), value);
  const KeepingState::Result kept = co_await keeping;
  ended_.erase(number);
  if (!kept) co_return error(kept.error());
  log_.info("job begins", {{"job", job.id()}, {"kind", to_text(job.request.kind)}});
  http::Response response = answer(job, {}, 202);
  add(std::move(job));
  next();
  co_return response;
}

// Waits until a job's cancellation is kept.
class Jobs::Cancelling {
 public:
  Cancelling(Jobs& jobs, Running& running) : jobs_(jobs), running_(running) {}
  Cancelling(const Cancelling&) = delete;
  Cancelling& operator=(const Cancelling&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    running_.is_cancelled = true;
    running_.waiters.emplace_back([this, waker = Waker(jobs_.loop_, waiting)](bool is_kept) mutable {
      is_kept_ = is_kept;
      waker.wake();
    });
    assume(on_loop);
    jobs_.next();
  }
  bool await_resume() const { return is_kept_; }

 private:
  Jobs& jobs_;
  Running& running_;
  bool is_kept_ = false;
};

Task<http::Response> Jobs::cancel(std::string id) {
  const auto number = parse_job_id(id);
  const auto ended = number ? ended_.find(*number) : ended_.end();
  if (ended != ended_.end()) co_return has_ended(ended->second);
  const auto found = number ? running_.find(*number) : running_.end();
  if (found == running_.end()) co_return no_such_job(id);
  Cancelling cancelling(*this, found->second);
  const bool is_kept = co_await cancelling;
  // Its last chunk may have come first.
  if (const auto over = ended_.find(*number); !is_kept && over != ended_.end())
    co_return has_ended(over->second);
  if (!is_kept) co_return error(is_draining_ ? StoreError::stopping : StoreError::full);
  co_return show(id);
}

// --- Doing them
// ----------------------------------------------------------------------------------------------------

// Sees to it that next() is called then at the latest.
void Jobs::next_at(Ticks at) {
  if ((timer_ && *timer_ <= at) || !options_.after) return;
  timer_ = at;
  const auto delay = std::chrono::ceil<milliseconds>(std::max(at - clock_.ticks(), Ticks::duration(1)));
  options_.after(delay, [this, alive = alive_, at] {
    if (!*alive) return;
    assume(on_loop);
    if (timer_ == at) timer_.reset();
    next();
  });
}

void Jobs::next() {
  if (is_busy_) return;
  if (is_draining_) {
    for (auto& [number, running] : running_) {
      for (auto& waiter : std::exchange(running.waiters, {}))
        waiter(false);
    }
    return;
  }
  const Ticks now = clock_.ticks();
  std::optional<Ticks> first;
  for (std::size_t i = 0; i < turn_.size(); ++i) {
    const std::uint64_t number = turn_.front();
    turn_.pop_front();
    turn_.push_back(number);
    Running& running = running_.at(number);
    if (running.not_before > now && !running.is_cancelled) {
      first = std::min(first.value_or(running.not_before), running.not_before);
      continue;
    }
    is_busy_ = true;
    return search(running);
  }
  if (first) next_at(*first);
}

std::size_t Jobs::chunk_limit(const Job& job) const {
  const std::size_t most = job.request.selection.ids.empty() ? kJobPage : kIdsChunk;
  if (!job.request.rate) return most;
  const double in_a_tick = per_second(*job.request.rate) * std::chrono::duration<double>(kTick).count();
  return std::clamp<std::size_t>(static_cast<std::size_t>(in_a_tick), 1, most);
}

void Jobs::search(Running& running) {
  const Job& job = running.job;
  if (running.is_cancelled) {
    Job cancelled = job;
    cancelled.state = JobState::cancelled;
    cancelled.finished = clock_.now();
    return keep(running, std::move(cancelled), {});
  }
  const std::size_t limit = chunk_limit(job);
  EventQuery query = job.request.query(limit);
  query.filter.upto = job.upto;
  if (job.cursor.value != 0) query.after = job.cursor;
  store_.read(Freshness::current,
              [this, &loop = loop_, alive = alive_, number = job.number, request = job.request,
               query = std::move(query), ids = job.ids, limit](Reader& reader, Staleness staleness) mutable {
                assume(on_read);
                JobFound found = search_job(reader, request, std::move(query), ids, limit);
                found.is_behind = staleness.behind > 0;
                loop.post([this, alive, number, found = std::move(found)]() mutable {
                  assume(on_loop);
                  if (*alive) on_found(number, std::move(found));
                });
              });
}

// Something is in the way: the job stands for a while.
void Jobs::stand(Running& running, std::string_view why, milliseconds delay) {
  running.waiting = why;
  running.not_before = clock_.ticks() + delay;
  is_busy_ = false;
  next();
}

static std::string_view reason_of(StoreError error) {
  switch (error) {
    case StoreError::full:
      return "the store is full";
    case StoreError::failed:
      return "the disk failed to sync";
    case StoreError::stopping:
      return "creel is stopping";
    case StoreError::broken:
      return "the index is being rebuilt";
    case StoreError::busy:
    case StoreError::not_found:
    case StoreError::too_large:
      return "the index could not be read in time";
  }
  std::unreachable();
}

void Jobs::on_found(std::uint64_t number, JobFound found) {
  Running& running = running_.at(number);
  if (found.trouble) return stand(running, reason_of(*found.trouble), kTryAgain);
  Job job = running.job;
  job.events += found.events;
  job.ids = std::max(job.ids, found.ids);
  if (found.cursor) job.cursor = *found.cursor;
  if (!job.first) job.first = found.first;
  job.deliveries += found.deliveries.size();
  const bool is_over = !found.more && !found.is_behind && !running.is_cancelled;
  if (is_over) {
    job.state = JobState::done;
    job.finished = clock_.now();
  }
  const bool is_due = clock_.ticks() - running.kept_at >= kKeepEvery;
  if (!is_over && found.deliveries.empty() && !is_due) {
    running.job = std::move(job);
    if (found.more) {
      is_busy_ = false;
      return next();
    }
    return stand(running, "the index is behind", kLagging);
  }
  keep(running, std::move(job), std::move(found.deliveries));
}

void Jobs::keep(Running& running, Job job, std::vector<DeliveryId> deliveries) {
  job.updated = clock_.now();
  const std::uint64_t number = job.number;
  std::string value = job_entry_value(job);
  const std::size_t count = deliveries.size();
  auto done = [this, &loop = loop_, alive = alive_, number, job = std::move(job),
               count](std::expected<Sequence, StoreError> result) mutable {
    loop.post([this, alive = std::move(alive), number, job = std::move(job), count, result] {
      assume(on_loop);
      if (*alive) on_kept(number, job, count, result);
    });
  };
  if (deliveries.empty()) return store_.set_state(job_entry_name(number), std::move(value), std::move(done));
  Orders orders{.kind = running.job.request.kind,
                .at = clock_.now(),
                .states = {},
                .deliveries = std::move(deliveries)};
  if (orders.kind != Orders::Kind::replay) orders.states = running.job.request.states();
  store_.order(std::move(orders), job_entry_name(number), std::move(value), std::move(done));
}

void Jobs::on_kept(std::uint64_t number, const Job& job, std::size_t deliveries,
                   std::expected<Sequence, StoreError> result) {
  Running& running = running_.at(number);
  if (!result) {
    const bool is_for_good = result.error() == StoreError::failed || result.error() == StoreError::stopping;
    for (auto& waiter : std::exchange(running.waiters, {}))
      waiter(false);
    running.is_cancelled = false;
    if (is_for_good) {
      // A restart goes on with it.
      is_draining_ = true;
      running.waiting = reason_of(result.error());
      is_busy_ = false;
      return next();
    }
    return stand(running, reason_of(result.error()), kTryAgain);
  }
  running.job = job;
  running.waiting.clear();
  running.kept_at = clock_.ticks();
  if (deliveries > 0) {
    counts_->deliveries.Add({{"kind", std::string(to_text(job.request.kind))}})
        .Increment(static_cast<double>(deliveries));
  }
  if (job.request.rate) {
    const double seconds = static_cast<double>(deliveries) / per_second(*job.request.rate);
    running.not_before = std::max(clock_.ticks() - kTick, running.not_before) +
                         std::chrono::duration_cast<Ticks::duration>(std::chrono::duration<double>(seconds));
  }
  is_busy_ = false;
  if (!job.is_running()) end(number);
  next();
}

void Jobs::end(std::uint64_t number) {
  auto found = running_.find(number);
  Running ended = std::move(found->second);
  running_.erase(found);
  std::erase(turn_, number);
  counts_->running.Set(static_cast<double>(running_.size()));
  log_.info("job ends", {{"job", ended.job.id()},
                         {"state", to_text(ended.job.state)},
                         {"events", static_cast<std::int64_t>(ended.job.events)},
                         {"deliveries", static_cast<std::int64_t>(ended.job.deliveries)}});
  const bool is_cancelled = ended.job.state == JobState::cancelled;
  ended_.emplace(number, std::move(ended.job));
  for (auto& waiter : ended.waiters)
    waiter(is_cancelled);
  forget_old();
}

void Jobs::forget_old() {
  while (ended_.size() > kEndedMax) {
    const std::uint64_t oldest = ended_.begin()->first;
    ended_.erase(ended_.begin());
    // When it cannot be kept that it is forgotten, it is there again after a restart, and forgotten then.
    store_.set_state(job_entry_name(oldest), "", [](std::expected<Sequence, StoreError>) {});
  }
}

}  // namespace creel::admin

// The jobs that there are: made, listed, cancelled, and done a chunk at a time.
//
// One chunk is under way at any time, of the job that has waited longest: a page of events is searched on a
// read thread, what is meant of them is ordered together with how far the job is, and once that is synced the
// next one comes. So a job goes on after any crash where it stood, and a hundred of them cost what one does.
// A job ends only on an answer of an index that has everything.
//
// Threads: everything on the loop.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/job.h"
#include "admin/job_search.h"
#include "admin/resources.h"
#include "core/executor.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/task.h"

namespace creel::admin {

class Jobs {
 public:
  // All given by reference outlive it. What it has begun at store and loop comes to nothing after its end.
  Jobs(const AdminOptions& options, Store& store, const Clock& clock, Log& log, Metrics& metrics,
       Executor& loop);
  ~Jobs();
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // Goes on with what the store holds. Once, after the store was started.
  void start() ON_LOOP;
  // Begins no chunk any more.
  void drain() ON_LOOP { is_draining_ = true; }

  // 202 with the job, after its sync; 200 with the one that came with the same key and request.
  Task<http::Response> create(std::string body, std::string key) ON_LOOP;
  Task<http::Response> create(JobRequest request, std::string key) ON_LOOP;
  http::Response list() const ON_LOOP;
  http::Response show(std::string_view id) const ON_LOOP;
  // After its sync; 409 for one that has ended.
  Task<http::Response> cancel(std::string id) ON_LOOP;

 private:
  struct Running {
    Job job;
    std::string waiting;  // why it stands
    Ticks not_before{};   // because of its rate, or as something is in the way
    Ticks kept_at{};      // when its state was last written
    bool is_cancelled = false;
    std::vector<std::move_only_function<void(bool is_kept)>> waiters;  // for its cancellation
  };
  class Cancelling;
  struct Counts;

  const Job* find(std::uint64_t number) const;
  std::optional<http::Response> answer_known(const JobRequest& request, const std::string& key) const;
  void add(Job job) ON_LOOP;
  void next() ON_LOOP;
  void next_at(Ticks at) ON_LOOP;
  void search(Running& running) ON_LOOP;
  void on_found(std::uint64_t number, JobFound found) ON_LOOP;
  void keep(Running& running, Job job, std::vector<DeliveryId> deliveries) ON_LOOP;
  void on_kept(std::uint64_t number, const Job& job, std::size_t deliveries,
               std::expected<Sequence, StoreError> result) ON_LOOP;
  void stand(Running& running, std::string_view why, std::chrono::milliseconds delay) ON_LOOP;
  void end(std::uint64_t number) ON_LOOP;
  void forget_old() ON_LOOP;
  std::size_t chunk_limit(const Job& job) const;
  http::Response answer(const Job& job, std::string_view waiting, int status = 200) const;

  const AdminOptions& options_;
  Store& store_;
  const Clock& clock_;
  Log& log_;
  Executor& loop_;
  std::unique_ptr<Counts> counts_;
  std::map<std::uint64_t, Running> running_;
  std::map<std::uint64_t, Job> ended_;
  std::deque<std::uint64_t> turn_;  // of those that run, who has waited longest
  std::uint64_t last_number_ = 0;
  bool is_busy_ = false;        // a chunk is under way
  std::optional<Ticks> timer_;  // when the next one goes off
  bool is_draining_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // what has begun asks it before it goes on
};

}  // namespace creel::admin

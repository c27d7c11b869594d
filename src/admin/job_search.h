// What a job is about, searched a page at a time on a read thread: by the job itself, and by whoever wants to
// know beforehand what it would do.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "admin/job.h"
#include "admin/resources.h"
#include "store/store.h"

namespace creel::admin {

inline constexpr std::size_t kJobPage = 500;  // events

struct JobFound {
  std::vector<DeliveryId> deliveries;
  std::size_t events = 0;  // that were looked at
  std::size_t ids = 0;     // of those that are named, how many are done
  std::optional<EventId> cursor, first;
  bool more = false;
  bool is_behind = false;  // the index lacks something
  std::optional<StoreError> trouble;
};
// The page that `query` names; of a job that names ids, at most `limit` of them from the `ids_done`th on.
JobFound search_job(Reader& reader, const JobRequest& request, EventQuery query, std::size_t ids_done,
                    std::size_t limit) ON_READ;

// 400 for one that is not configured; else an answer without a word.
Question check_destinations(std::vector<std::string> to, const AdminOptions& options);

// A page of what a job would do, counted. Events after `upto` are not looked at unless the body says another
// one.
Question plan_job_page(std::string body, const AdminOptions& options, EventId upto);

}  // namespace creel::admin

// A job: what an operator ordered for many deliveries at once, and how far it is.
//
// It is kept as operator state under "job/<number>", with everything that is needed to go on after a restart.
// Each chunk of orders is one record with the state that says so (Store::order), so nothing is ordered twice.
// Pure: which deliveries of an event are meant, what is kept, and what is shown.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/json.h"
#include "admin/selection.h"
#include "http/http.h"
#include "store/store.h"

namespace creel::admin {

std::string_view to_text(Orders::Kind kind);  // "retry", "cancel", "replay"

struct JobRequest {
  Orders::Kind kind = Orders::Kind::replay;
  Selection selection;
  std::vector<std::string> to;    // of a replay; none: where each event went before
  std::optional<Rate> rate;       // of deliveries
  std::string text;               // the request as it was put, minified: two are the same when this is
  std::string select, rate_text;  // parts of it, to be shown

  // The states in which a delivery has to be to be retried or cancelled: what is said, or what makes sense.
  std::vector<DeliveryState> states() const;
  // What the events are searched by.
  EventQuery query(std::size_t limit) const;
  // Appends what is meant of an event: of a replay one for each destination.
  void choose(const EventRow& event, std::vector<DeliveryId>& into) const;
};
// {"kind":…,"select":{…},"all":true,"to":[…],"rate":"100/s"}; what is wrong is the answer.
std::expected<JobRequest, http::Response> parse_job_request(std::string_view body);

// The same with "cursor" and "upto", as the page before gave them: a page of what a job would do.
struct JobPlanRequest {
  JobRequest job;
  std::optional<EventId> cursor, upto;
};
std::expected<JobPlanRequest, http::Response> parse_job_plan(std::string_view body);

enum class JobState : std::uint8_t { running, done, cancelled, failed };
std::string_view to_text(JobState state);

struct Job {
  std::uint64_t number = 0;
  JobRequest request;
  JobState state = JobState::running;
  Time created, updated;
  std::optional<Time> finished;
  EventId upto;                  // no event that came later is looked at
  std::optional<EventId> first;  // the first that was looked at
  EventId cursor;                // the last
  std::size_t ids = 0;           // of the request's, those that are done
  std::uint64_t events = 0;      // that were looked at
  std::uint64_t deliveries = 0;  // that were ordered
  std::string error;             // why it failed
  std::string key;               // the Idempotency-Key it came with

  std::string id() const { return "job_" + std::to_string(number); }
  bool is_running() const { return state == JobState::running; }
  double progress() const;  // 0 to 1
};
std::optional<std::uint64_t> parse_job_id(std::string_view text);

std::string job_entry_name(std::uint64_t number);
std::string job_entry_value(const Job& job);
// Nothing when the name is not that of a job. One whose value cannot be read has failed.
std::optional<Job> job_of_entry(std::string_view name, std::string_view value);

// As the API shows it; `waiting` says why it stands, "" when it does not.
void write_job(JsonWriter& json, const Job& job, std::string_view waiting);

}  // namespace creel::admin

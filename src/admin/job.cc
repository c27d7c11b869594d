#include "admin/job.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "admin/resources.h"
#include "verify/json.h"

namespace creel::admin {
namespace {

constexpr std::string_view kEntryPrefix = "job/", kIdPrefix = "job_";

std::optional<std::uint64_t> number_behind(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return parse_number(text.substr(prefix.size()));
}

std::int64_t millis(Time time) {
  return time.time_since_epoch().count();
}

std::uint64_t number_in(simdjson::dom::object object, std::string_view name) {
  std::uint64_t number = 0;
  return object[name].get(number) == simdjson::SUCCESS ? number : 0;
}
Time time_in(simdjson::dom::object object, std::string_view name) {
  return Time(std::chrono::milliseconds(number_in(object, name)));
}
std::string text_in(simdjson::dom::object object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

void write_ids(JsonWriter& json, std::string_view name, std::optional<EventId> id) {
  if (id) json.member(name, id->value);
}

}  // namespace

std::string_view to_text(JobState state) {
  switch (state) {
    case JobState::running:
      return "running";
    case JobState::done:
      return "done";
    case JobState::cancelled:
      return "cancelled";
    case JobState::failed:
      return "failed";
  }
  std::unreachable();
}

// --- What is meant
// -------------------------------------------------------------------------------------------------

std::vector<DeliveryState> JobRequest::states() const {
  if (selection.events.state) return {*selection.events.state};
  if (kind == Orders::Kind::retry) return {DeliveryState::dead};
  return {DeliveryState::pending, DeliveryState::dead};
}

EventQuery JobRequest::query(std::size_t limit) const {
  EventQuery query{.filter = selection.reading(), .newest_first = false, .after = {}, .limit = limit};
  // Of what is dead there is a list.
  if (kind == Orders::Kind::retry && !query.filter.state) query.filter.state = DeliveryState::dead;
  query.with_last_attempt = query.filter.status.has_value() || query.filter.result.has_value();
  return query;
}

void JobRequest::choose(const EventRow& event, std::vector<DeliveryId>& into) const {
  if (kind == Orders::Kind::replay && !to.empty()) {
    for (const std::string& destination : to)
      into.push_back({.event = event.id, .destination = destination, .ordinal = 0});
    return;
  }
  const auto meant = states();
  const std::size_t from = into.size();
  for (const DeliveryRow& delivery : event.deliveries) {
    if (!selection.takes(delivery)) continue;
    if (kind == Orders::Kind::replay) {
      const auto same = [&](const DeliveryId& each) { return each.destination == delivery.id.destination; };
      if (std::any_of(into.begin() + static_cast<std::ptrdiff_t>(from), into.end(), same)) continue;
    } else if (std::ranges::find(meant, delivery.state) == meant.end()) {
      continue;
    }
    into.push_back(delivery.id);
  }
}

double Job::progress() const {
  if (!is_running() && state != JobState::cancelled && state != JobState::failed) return 1;
  if (const std::size_t all = request.selection.ids.size(); all > 0)
    return static_cast<double>(ids) / static_cast<double>(all);
  if (!first || upto <= *first || cursor <= *first) return 0;
  const auto part = static_cast<double>(cursor.sequence() - first->sequence());
  const auto whole = static_cast<double>(upto.sequence() - first->sequence());
  return whole > 0 ? std::min(part / whole, 1.0) : 0;
}

std::optional<std::uint64_t> parse_job_id(std::string_view text) {
  return number_behind(kIdPrefix, text);
}

// --- Kept
// ----------------------------------------------------------------------------------------------------------

std::string job_entry_name(std::uint64_t number) {
  return std::string(kEntryPrefix) + std::to_string(number);
}

std::string job_entry_value(const Job& job) {
  JsonWriter json;
  json.begin_object().member("state", to_text(job.state));
  json.member("created", millis(job.created)).member("updated", millis(job.updated));
  if (job.finished) json.member("finished", millis(*job.finished));
  json.member("upto", job.upto.value).member("cursor", job.cursor.value);
  write_ids(json, "first", job.first);
  json.member("ids", std::uint64_t{job.ids})
      .member("events", job.events)
      .member("deliveries", job.deliveries);
  if (!job.error.empty()) json.member("error", job.error);
  if (!job.key.empty()) json.member("key", job.key);
  json.key("request").raw(job.request.text);
  return json.end_object().take();
}

std::optional<Job> job_of_entry(std::string_view name, std::string_view value) {
  const auto number = number_behind(kEntryPrefix, name);
  if (!number) return std::nullopt;
  Job job;
  job.number = *number;
  const auto unreadable = [&job] {
    job.state = JobState::failed;
    job.error = "what is kept of this job cannot be read";
    return job;
  };
  const auto parsed = parse_json(value);
  simdjson::dom::object object;
  simdjson::dom::element request;
  if (!parsed || parsed->get(object) != simdjson::SUCCESS ||
      object["request"].get(request) != simdjson::SUCCESS) {
    return unreadable();
  }
  const std::string state = text_in(object, "state");
  for (const JobState each : {JobState::running, JobState::done, JobState::cancelled, JobState::failed}) {
    if (state == to_text(each)) job.state = each;
  }
  job.created = time_in(object, "created");
  job.updated = time_in(object, "updated");
  if (const Time finished = time_in(object, "finished"); finished != Time()) job.finished = finished;
  job.upto.value = number_in(object, "upto");
  job.cursor.value = number_in(object, "cursor");
  if (const std::uint64_t first = number_in(object, "first"); first != 0) job.first = EventId{first};
  job.ids = number_in(object, "ids");
  job.events = number_in(object, "events");
  job.deliveries = number_in(object, "deliveries");
  job.error = text_in(object, "error");
  job.key = text_in(object, "key");
  const std::string text = simdjson::minify(request);
  auto read = parse_job_request(text);
  if (!read) return unreadable();
  job.request = *std::move(read);
  return job;
}

// --- Shown
// ---------------------------------------------------------------------------------------------------------

void write_job(JsonWriter& json, const Job& job, std::string_view waiting) {
  json.begin_object()
      .member("id", job.id())
      .member("kind", to_text(job.request.kind))
      .member("state", to_text(job.state))
      .member("created", job.created)
      .member("updated", job.updated)
      .member("finished", job.finished)
      .member("events", job.events)
      .member("deliveries", job.deliveries)
      .member("progress", job.progress());
  json.key("waiting");
  waiting.empty() ? json.null() : json.value(waiting);
  json.key("error");
  job.error.empty() ? json.null() : json.value(job.error);
  json.key("select").raw(job.request.select.empty() ? "{}" : job.request.select);
  json.key("to").begin_array();
  for (const std::string& destination : job.request.to)
    json.value(destination);
  json.end_array().key("rate");
  job.request.rate_text.empty() ? json.null() : json.value(job.request.rate_text);
  json.end_object();
}

}  // namespace creel::admin

// The body of POST /api/v1/jobs, read.
#include <algorithm>
#include <utility>

#include "admin/job.h"
#include "admin/resources.h"
#include "verify/json.h"

namespace creel::admin {
namespace {

constexpr std::size_t kToMax = 100;
constexpr std::uint64_t kRateMax = 1'000'000;

using Complaint = std::optional<http::Response>;

Complaint bad(std::string_view message) {
  return error(400, "bad_body", message);
}

// "100/s", "1000/m", "10/h".
std::optional<Rate> parse_job_rate(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto count = parse_number(text.substr(0, slash));
  if (slash == std::string_view::npos || !count || *count < 1 || *count > kRateMax) return std::nullopt;
  const std::string_view unit = text.substr(slash + 1);
  Rate rate{.count = static_cast<std::uint32_t>(*count)};
  if (unit == "s") {
    rate.per = std::chrono::seconds(1);
  } else if (unit == "m") {
    rate.per = std::chrono::minutes(1);
  } else if (unit == "h") {
    rate.per = std::chrono::hours(1);
  } else {
    return std::nullopt;
  }
  return rate;
}

// What was read, before the selection is: its filter is compiled by the same reader.
struct Draft {
  JobRequest request;
  bool has_kind = false, has_select = false, all = false;
  bool is_plan = false;
  std::optional<EventId> cursor, upto;
  simdjson::dom::object select;
};

Complaint take_to(simdjson::dom::element value, std::vector<std::string>& into) {
  simdjson::dom::array names;
  if (value.get(names) != simdjson::SUCCESS) return bad("`to` is a list of destinations.");
  for (simdjson::dom::element name : names) {
    std::string_view text;
    if (name.get(text) != simdjson::SUCCESS || text.empty()) return bad("`to` is a list of destinations.");
    if (std::ranges::find(into, text) == into.end()) into.emplace_back(text);
  }
  if (into.size() > kToMax) return bad("`to` has at most 100 destinations.");
  return std::nullopt;
}

Complaint take_member(std::string_view name, simdjson::dom::element value, Draft& into) {
  std::string_view text;
  if (name == "kind") {
    if (value.get(text) != simdjson::SUCCESS) text = {};
    for (const auto kind : {Orders::Kind::retry, Orders::Kind::cancel, Orders::Kind::replay}) {
      if (text != to_text(kind)) continue;
      into.request.kind = kind;
      into.has_kind = true;
    }
    if (!into.has_kind) return bad("`kind` is retry, cancel or replay.");
  } else if (name == "select") {
    if (value.get(into.select) != simdjson::SUCCESS)
      return bad("`select` is an object that says which events and deliveries are meant.");
    into.has_select = true;
    into.request.select = simdjson::minify(value);
  } else if (name == "all") {
    if (value.get(into.all) != simdjson::SUCCESS) return bad("`all` is true or false.");
  } else if (name == "to") {
    return take_to(value, into.request.to);
  } else if (name == "rate") {
    if (value.get(text) != simdjson::SUCCESS || !(into.request.rate = parse_job_rate(text)))
      return bad("`rate` is like 100/s, 1000/m or 10/h.");
    into.request.rate_text = text;
  } else if (into.is_plan && (name == "cursor" || name == "upto")) {
    if (value.is_null()) return std::nullopt;
    auto& id = name == "cursor" ? into.cursor : into.upto;
    if (value.get(text) != simdjson::SUCCESS || !(id = parse_event_id(text)))
      return bad("`cursor` and `upto` are what the page before gave.");
  } else {
    return error(
        400, "unknown_parameter",
        "There is no member `" + std::string(name) + "` here. Known are: kind, select, all, to, rate.");
  }
  return std::nullopt;
}

Complaint check(const JobRequest& request, bool all) {
  if (request.kind != Orders::Kind::replay && !request.to.empty())
    return bad("`to` belongs to a replay: a retry and a cancel are about deliveries that there are.");
  if (request.selection.is_empty() && !all)
    return bad("`select` says nothing: to mean every event that is kept, say \"all\":true.");
  if (!request.selection.is_empty() && all) return bad("`all` means every event: `select` says otherwise.");
  if (request.kind == Orders::Kind::cancel && request.selection.events.state &&
      request.selection.events.state != DeliveryState::pending &&
      request.selection.events.state != DeliveryState::dead) {
    return bad("What can be cancelled is pending or dead.");
  }
  return std::nullopt;
}

std::expected<Draft, http::Response> read(std::string_view body, bool is_plan) {
  const auto parsed = parse_json(body);
  simdjson::dom::object object;
  if (!parsed || parsed->get(object) != simdjson::SUCCESS) {
    return std::unexpected(
        *bad(R"(The body is a JSON object such as {"kind":"replay","select":{"source":"openai"}}.)"));
  }
  Draft draft;
  draft.is_plan = is_plan;
  draft.request.text = simdjson::minify(*parsed);
  for (const auto& [name, value] : object) {
    if (auto complaint = take_member(name, value, draft)) return std::unexpected(*std::move(complaint));
  }
  if (!draft.has_kind) return std::unexpected(*bad("`kind` is wanted: retry, cancel or replay."));
  if (draft.has_select) {
    auto selection = selection_of(draft.select);
    if (!selection) return std::unexpected(std::move(selection.error()));
    draft.request.selection = *std::move(selection);
  }
  if (auto complaint = check(draft.request, draft.all)) return std::unexpected(*std::move(complaint));
  return draft;
}

}  // namespace

std::string_view to_text(Orders::Kind kind) {
  switch (kind) {
    case Orders::Kind::retry:
      return "retry";
    case Orders::Kind::cancel:
      return "cancel";
    case Orders::Kind::replay:
      return "replay";
  }
  std::unreachable();
}

std::expected<JobRequest, http::Response> parse_job_request(std::string_view body) {
  auto draft = read(body, false);
  if (!draft) return std::unexpected(std::move(draft.error()));
  return std::move(draft->request);
}

std::expected<JobPlanRequest, http::Response> parse_job_plan(std::string_view body) {
  auto draft = read(body, true);
  if (!draft) return std::unexpected(std::move(draft.error()));
  return JobPlanRequest{std::move(draft->request), draft->cursor, draft->upto};
}

}  // namespace creel::admin

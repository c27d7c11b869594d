#include "admin/accept.h"

#include <map>
#include <utility>

#include "admin/waits.h"
#include "verify/json.h"

namespace creel::admin {
namespace {

constexpr std::size_t kSlice = 100, kSliceMax = 1000;
// A slice answers well before whoever asked gives up.
constexpr std::chrono::seconds kSliceTime{5};

AcceptAnswer cannot(std::string cause, std::string text) {
  return {.status = AcceptAnswer::Status::cannot,
          .event = {},
          .cause = std::move(cause),
          .text = std::move(text)};
}

http::Response bad_body(std::string_view message) {
  return error(400, "bad_body", message);
}

// A time as JSON has it: a text, or seconds.
std::optional<Time> time_in(simdjson::dom::element value) {
  if (std::int64_t seconds = 0; value.get(seconds) == simdjson::SUCCESS)
    return parse_time(std::to_string(seconds));
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return std::nullopt;
  return parse_time(text);
}

// Takes one member; nothing when it is good.
std::optional<http::Response> take_member(std::string_view name, simdjson::dom::element value,
                                          RejectedQuery& into) {
  std::string_view text;
  std::uint64_t number = 0;
  if (name == "source" || name == "cause") {
    if (value.get(text) != simdjson::SUCCESS) return bad_body("`source` and `cause` are texts.");
    (name == "source" ? into.filter.source : into.filter.cause) = text;
  } else if (name == "since" || name == "until") {
    const auto time = time_in(value);
    if (!time) return bad_time(name);
    (name == "since" ? into.filter.since : into.filter.until) = time;
  } else if (name == "cursor") {
    if (value.get(number) != simdjson::SUCCESS)
      return bad_body("`cursor` is what the slice before gave as its cursor.");
    into.before = number;
  } else if (name == "limit") {
    if (value.get(number) != simdjson::SUCCESS || number < 1 || number > kSliceMax)
      return bad_body("`limit` is a number from 1 to 1000.");
    into.limit = number;
  } else {
    return error(400, "unknown_parameter",
                 "There is no member `" + std::string(name) +
                     "` here. Known are: source, cause, since, until, cursor, limit.");
  }
  return std::nullopt;
}

}  // namespace

std::expected<AcceptMany, http::Response> parse_accept_many(std::string_view body) {
  const auto parsed = parse_json(body);
  simdjson::dom::object object;
  if (!parsed || parsed->get(object) != simdjson::SUCCESS)
    return std::unexpected(bad_body("The body is a JSON object such as {\"source\":\"openai\"}."));
  AcceptMany wanted;
  wanted.query.limit = kSlice;
  wanted.query.filter.unaccepted = true;
  for (const auto& [name, value] : object) {
    if (auto complaint = take_member(name, value, wanted.query))
      return std::unexpected(*std::move(complaint));
  }
  if (wanted.query.filter.source.empty())
    return std::unexpected(bad_body("`source` is wanted: all rejected requests of one source are accepted."));
  return wanted;
}

// --- One
// -----------------------------------------------------------------------------------------------------------

Task<Acceptor::Result> Acceptor::accept(std::uint64_t id) {
  Result result;
  Asking finding(store_, loop_, Freshness::any, fetch_rejected(id));
  Answer found = co_await finding;
  if (!found.rejected) {
    result.failure = std::move(found.response);
    co_return result;
  }
  const RejectedRow row = found.rejected->row;
  if (row.accepted) {
    result.was_before = true;
    result.answer.status = AcceptAnswer::Status::accepted;
    result.answer.event = row.accepted->event;
    co_return result;
  }
  if (!options_.accept) {
    result.answer = cannot("cannot_accept", "Nothing is known here of sources and secrets.");
    co_return result;
  }
  if (!is_whole(*found.rejected)) {
    result.answer = cannot("body_cut", "Only " + std::to_string(found.rejected->body.size()) + " of the " +
                                           std::to_string(row.body_bytes) +
                                           " bytes of its body were kept: it cannot be verified.");
    co_return result;
  }
  if (!underway_.insert(id).second) {
    result.answer = cannot("underway", "It is being accepted by another request.");
    co_return result;
  }
  Accepting accepting(options_.accept, loop_, *std::move(found.rejected));
  result.answer = co_await accepting;
  settle(row, result.answer);
  underway_.erase(id);
  co_return result;
}

void Acceptor::settle(const RejectedRow& row, const AcceptAnswer& answer) {
  if (answer.status != AcceptAnswer::Status::accepted && answer.status != AcceptAnswer::Status::duplicate)
    return;
  store_.mark_accepted(row.id, answer.event);
  log_.info("rejected request accepted",
            {{"request", static_cast<std::int64_t>(row.id)},
             {"source", row.source},
             {"event", answer.event.value == 0 ? std::string() : to_text(answer.event)},
             {"result", answer.status == AcceptAnswer::Status::accepted ? "accepted" : "duplicate"}});
}

std::string_view Acceptor::result_of(const Result& result) {
  if (result.was_before) return "already_accepted";
  switch (result.answer.status) {
    case AcceptAnswer::Status::accepted:
      return "accepted";
    case AcceptAnswer::Status::duplicate:
      return "duplicate";
    case AcceptAnswer::Status::still_rejected:
      return "still_rejected";
    case AcceptAnswer::Status::cannot:
      return "cannot";
  }
  std::unreachable();
}

void Acceptor::write(JsonWriter& json, std::uint64_t id, const Result& result) {
  json.begin_object().member("id", id).member("result", result_of(result)).key("event");
  result.answer.event.value == 0 ? json.null() : json.value(to_text(result.answer.event));
  if (!result.answer.cause.empty()) json.member("cause", result.answer.cause);
  if (!result.answer.text.empty()) json.member("text", result.answer.text);
  json.end_object();
}

Task<http::Response> Acceptor::one(std::uint64_t id) {
  Task<Result> accepting = accept(id);
  Result result = co_await accepting;
  if (result.failure) co_return *std::move(result.failure);
  JsonWriter json;
  write(json, id, result);
  co_return json_response(json);
}

// --- Many
// ----------------------------------------------------------------------------------------------------------

Task<http::Response> Acceptor::many(AcceptMany wanted) {
  const Ticks until = clock_.ticks() + kSliceTime;
  Asking listing(store_, loop_, Freshness::any, list_acceptable(wanted.query));
  Answer listed = co_await listing;
  if (!listed.page) co_return std::move(listed.response);
  const RejectedPage page = *std::move(listed.page);

  std::map<std::string_view, std::uint64_t> counts{
      {"accepted", 0}, {"duplicate", 0}, {"still_rejected", 0}, {"cannot", 0}, {"already_accepted", 0}};
  std::optional<std::uint64_t> cursor = page.next;
  bool has_more = page.more;
  JsonWriter json;
  json.begin_object().key("results").begin_array();
  for (const RejectedRow& row : page.rows) {
    Task<Result> accepting = accept(row.id);
    const Result result = co_await accepting;
    // One that has gone since it was listed is nobody's any more.
    if (!result.failure) {
      write(json, row.id, result);
      ++counts[result_of(result)];
    }
    const bool is_last = &row == &page.rows.back();
    if (is_last || (clock_.ticks() < until && !is_draining_)) continue;
    cursor = row.id;
    has_more = true;
    break;
  }
  json.end_array();
  for (const auto& [name, count] : counts)
    json.member(name, count);
  json.member("cursor", cursor).member("more", has_more).end_object();
  co_return json_response(json);
}

}  // namespace creel::admin

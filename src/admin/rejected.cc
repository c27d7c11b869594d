// Rejected requests: the newest first, one with everything that was kept of it, and why it was rejected.
#include <charconv>
#include <span>

#include "admin/resources.h"
#include "verify/base64.h"

namespace creel::admin {
namespace {

http::Response no_such_request(std::string_view id) {
  return error(404, "not_found",
               "No rejected request has the id " + std::string(id) +
                   "; GET /api/v1/rejected lists what the quarantine still holds.");
}

void write_rejected(JsonWriter& json, const RejectedRow& row) {
  json.member("id", row.id)
      .member("source", row.source)
      .member("received", row.received)
      .member("peer", row.peer)
      .member("cause", row.cause)
      .member("detail", row.detail)
      .member("status", row.status)
      .member("bytes", row.body_bytes)
      .key("accepted");
  if (!row.accepted) {
    json.null();
    return;
  }
  json.begin_object().key("event");
  row.accepted->event.value == 0 ? json.null() : json.value(to_text(row.accepted->event));
  json.member("at", row.accepted->at).end_object();
}

std::expected<bool, http::Response> unaccepted_of(const Query& query) {
  if (!query.has("accepted")) return false;
  if (query.get("accepted") == "false") return true;
  return std::unexpected(
      error(400, "bad_parameter", "`accepted` can be false: only what was not accepted since."));
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::expected<RejectedRequest, http::Response> find_rejected(Reader& reader, std::string_view id) {
  const auto number = parse_number(id);
  if (!number) return std::unexpected(no_such_request(id));
  auto rejected = reader.rejected_request(*number);
  if (rejected) return *std::move(rejected);
  if (rejected.error() == StoreError::not_found) return std::unexpected(no_such_request(id));
  return std::unexpected(error(rejected.error()));
}

std::expected<Question, http::Response> list_rejected(const Query& query) {
  const auto complaint =
      complain_of_unknown(query, {"source", "cause", "since", "until", "accepted", "cursor", "limit"});
  if (complaint) return std::unexpected(*complaint);
  const auto limit = limit_of(query);
  const auto since = time_of(query, "since"), until = time_of(query, "until");
  const auto unaccepted = unaccepted_of(query);
  if (!limit) return std::unexpected(limit.error());
  if (!since) return std::unexpected(since.error());
  if (!until) return std::unexpected(until.error());
  if (!unaccepted) return std::unexpected(unaccepted.error());
  RejectedQuery wanted{.filter = {.source = std::string(query.get("source")),
                                  .cause = std::string(query.get("cause")),
                                  .since = *since,
                                  .until = *until,
                                  .unaccepted = *unaccepted},
                       .before = {},
                       .limit = *limit};
  if (query.has("cursor")) {
    wanted.before = parse_number(query.get("cursor"));
    if (!wanted.before) {
      return std::unexpected(
          error(400, "bad_parameter", "`cursor` is what the page before gave as its cursor."));
    }
  }
  return [wanted = std::move(wanted)](Reader& reader, Staleness) -> Answer {
    assume(on_read);
    const auto page = reader.rejected(wanted);
    if (!page) return {.response = error(page.error())};
    JsonWriter json;
    json.begin_object().key("rejected").begin_array();
    for (const RejectedRow& row : page->rows) {
      json.begin_object();
      write_rejected(json, row);
      json.end_object();
    }
    json.end_array().member("cursor", page->next).member("more", page->more).end_object();
    return {.response = json_response(json)};
  };
}

Question show_rejected(std::string id) {
  return [id = std::move(id)](Reader& reader, Staleness) -> Answer {
    assume(on_read);
    const auto rejected = find_rejected(reader, id);
    if (!rejected) return {.response = rejected.error()};
    JsonWriter json;
    json.begin_object();
    write_rejected(json, rejected->row);
    json.member("head", rejected->head);
    const std::string& body = rejected->body;
    if (is_utf8(body)) {
      json.member("body", body);
    } else {
      json.member("body_base64",
                  encode_base64({reinterpret_cast<const std::uint8_t*>(body.data()), body.size()}));
    }
    json.member("body_is_whole", is_whole(*rejected)).end_object();
    return {.response = json_response(json)};
  };
}

Question explain_rejected(std::string id, const Explain& explain) {
  return [id = std::move(id), explain](Reader& reader, Staleness) -> Answer {
    assume(on_read);
    const auto rejected = find_rejected(reader, id);
    if (!rejected) return {.response = rejected.error()};
    if (!explain)
      return {.response = error(409, "cannot_explain", "Nothing is known here of sources and secrets.")};
    JsonWriter json;
    json.begin_object();
    write_rejected(json, rejected->row);
    json.member("body_is_whole", is_whole(*rejected));
    json.key("findings").begin_array();
    for (const Finding& finding : explain(*rejected)) {
      json.begin_object().member("kind", to_text(finding.kind)).member("text", finding.text);
      if (!finding.fix.empty()) json.member("fix", finding.fix);
      json.end_object();
    }
    json.end_array().end_object();
    return {.response = json_response(json)};
  };
}

Question fetch_rejected(std::uint64_t id) {
  return [id](Reader& reader, Staleness) -> Answer {
    assume(on_read);
    auto rejected = find_rejected(reader, std::to_string(id));
    if (!rejected) return {.response = rejected.error()};
    Answer answer;
    answer.rejected = *std::move(rejected);
    return answer;
  };
}

Question list_acceptable(RejectedQuery query) {
  return [query = std::move(query)](Reader& reader, Staleness) -> Answer {
    assume(on_read);
    auto page = reader.rejected(query);
    if (!page) return {.response = error(page.error())};
    Answer answer;
    answer.page = *std::move(page);
    return answer;
  };
}

}  // namespace creel::admin

// Rejected requests: the newest first, and one with everything that was kept of it.
#include <charconv>
#include <span>

#include "admin/resources.h"
#include "verify/base64.h"

namespace creel::admin {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

void write_rejected(JsonWriter& json, const RejectedRow& row) {
  json.member("id", row.id)
      .member("source", row.source)
      .member("received", row.received)
      .member("peer", row.peer)
      .member("cause", row.cause)
      .member("detail", row.detail)
      .member("status", row.status)
      .member("bytes", row.body_bytes);
}

}  // namespace

std::expected<Question, http::Response> list_rejected(const Query& query) {
  if (const auto complaint = complain_of_unknown(query, {"cursor", "limit"}))
    return std::unexpected(*complaint);
  const auto limit = limit_of(query);
  if (!limit) return std::unexpected(limit.error());
  std::optional<std::uint64_t> before;
  if (query.has("cursor")) {
    before = parse_number(query.get("cursor"));
    if (!before) {
      return std::unexpected(
          error(400, "bad_parameter", "`cursor` is what the page before gave as its cursor."));
    }
  }
  return [limit = *limit, before](Reader& reader, Staleness) -> Answer {
    assume(on_read);
    const auto page = reader.rejected({.filter = {}, .before = before, .limit = limit});
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
    const auto number = parse_number(id);
    auto rejected = number
                        ? reader.rejected_request(*number)
                        : std::expected<RejectedRequest, StoreError>(std::unexpected(StoreError::not_found));
    if (!rejected) {
      if (rejected.error() != StoreError::not_found) return {.response = error(rejected.error())};
      return {.response = error(404, "not_found",
                                "No rejected request has the id " + id +
                                    "; GET /api/v1/rejected lists what the quarantine still holds.")};
    }
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
    json.member("body_is_whole", body.size() == rejected->row.body_bytes).end_object();
    return {.response = json_response(json)};
  };
}

}  // namespace creel::admin

#include <charconv>
#include <utility>

#include "admin/resources.h"

namespace creel::admin {
namespace {

http::Response answer(int status, std::string body, std::string_view content_type) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  response.content_type = content_type;
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

http::Response try_again(std::string_view code, std::string_view message, std::string_view seconds) {
  http::Response response = error(503, code, message);
  response.headers.emplace_back("Retry-After", std::string(seconds));
  return response;
}

}  // namespace

http::Response error(int status, std::string_view code, std::string_view message) {
  JsonWriter json;
  json.begin_object()
      .member("type", "urn:creel:problem:" + std::string(code))
      .member("title", title_of(status))
      .member("status", status)
      .member("detail", message)
      .member("code", code)
      .end_object();
  return answer(status, json.take(), "application/problem+json");
}

http::Response error(StoreError trouble) {
  switch (trouble) {
    case StoreError::full:
      return try_again("store_full", "The store has no room. Free disk space or raise [store] max_size.",
                       "60");
    case StoreError::failed:
      return try_again("store_failed", "The disk failed to sync. Check it, then restart creel.", "60");
    case StoreError::stopping:
      return try_again("stopping", "creel is stopping. Try again when it is back.", "5");
    case StoreError::not_found:
      return error(404, "not_found",
                   "It is not in the store, or not any more: retention may have removed it.");
    case StoreError::too_large:
      return error(413, "too_large", "This is larger than the store can keep.");
    case StoreError::busy:
      return try_again("busy", "The index could not be read in time. Try again, or narrow the filter.", "1");
    case StoreError::broken:
      return try_again("rebuilding", "The index is being rebuilt. Try again later.", "10");
  }
  std::unreachable();
}

http::Response json_response(JsonWriter& json) {
  return answer(200, json.take(), "application/json");
}

http::Response bytes_response(std::string bytes, std::string_view content_type) {
  return answer(200, std::move(bytes), content_type);
}

std::optional<http::Response> complain_of_unknown(const Query& query,
                                                  const std::vector<std::string_view>& known) {
  const auto unknown = query.unknown(known);
  if (!unknown) return std::nullopt;
  std::string message = "There is no parameter `";
  message.append(*unknown).append("` here.");
  std::string_view before = " Known are: ";
  for (std::string_view name : known) {
    message.append(before).append(name);
    before = ", ";
  }
  return error(400, "unknown_parameter", message);
}

std::expected<std::size_t, http::Response> limit_of(const Query& query) {
  if (!query.has("limit")) return 50;
  const std::string_view text = query.get("limit");
  std::size_t limit = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (failure != std::errc() || end != text.data() + text.size() || limit < 1 || limit > 1000) {
    return std::unexpected(error(400, "bad_parameter", "`limit` is a number from 1 to 1000."));
  }
  return limit;
}

http::Response bad_time(std::string_view name) {
  return error(400, "bad_parameter",
               "`" + std::string(name) +
                   "` is a time like 2026-01-31T12:00:00Z (in a query a `+` is written %2B) or seconds "
                   "since 1970.");
}

std::expected<std::optional<Time>, http::Response> time_of(const Query& query, std::string_view name) {
  if (!query.has(name)) return std::nullopt;
  const auto time = parse_time(query.get(name));
  if (time) return time;
  return std::unexpected(bad_time(name));
}

void write_staleness(JsonWriter& json, Staleness staleness) {
  if (staleness.behind > 0) json.member("behind", staleness.behind);
}

}  // namespace creel::admin

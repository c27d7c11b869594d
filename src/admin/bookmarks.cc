#include "admin/bookmarks.h"

#include <algorithm>

#include "admin/waits.h"
#include "verify/json.h"

namespace creel::admin {
namespace {

constexpr std::string_view kPrefix = "bookmark/";
constexpr std::size_t kNameBytesMax = 100, kNoteBytesMax = 1000, kBookmarksMax = 1000;

http::Response bad(std::string_view message) {
  return error(400, "bad_body", message);
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && std::ranges::all_of(name, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' || letter == '-';
  });
}

http::Response no_such(std::string_view name) {
  return error(
      404, "not_found",
      "There is no bookmark " + std::string(name) + "; `creel bookmarks list` shows those that there are.");
}

void write(JsonWriter& json, const Bookmark& bookmark) {
  json.begin_object()
      .member("name", bookmark.name)
      .member("event", to_text(bookmark.event))
      .member("created", bookmark.created)
      .member("note", bookmark.note)
      .end_object();
}

http::Response answer(const Bookmark& bookmark) {
  JsonWriter json;
  write(json, bookmark);
  return json_response(json);
}

// An event's id and a note; `event` may be a provider's id.
struct Wanted {
  std::string event, note;
};
std::expected<Wanted, http::Response> parse(std::string_view body) {
  const auto parsed = parse_json(body);
  simdjson::dom::object object;
  if (!parsed || parsed->get(object) != simdjson::SUCCESS)
    return std::unexpected(
        bad(R"(The body is a JSON object such as {"event":"cev_…","note":"the odd one"}.)"));
  Wanted wanted;
  for (const auto& [name, value] : object) {
    if (name != "event" && name != "note") {
      return std::unexpected(
          error(400, "unknown_parameter",
                "There is no member `" + std::string(name) + "` here. Known are: event, note."));
    }
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return std::unexpected(bad("`event` and `note` are texts."));
    (name == "event" ? wanted.event : wanted.note) = text;
  }
  if (wanted.event.empty())
    return std::unexpected(bad("`event` is wanted: the id of an event that is kept."));
  if (wanted.note.size() > kNoteBytesMax) return std::unexpected(bad("`note` has at most 1000 bytes."));
  return wanted;
}

Question find_one(std::string id) {
  return [id = std::move(id)](Reader& reader, Staleness) -> Answer {
    assume(on_read);
    const auto event = find_event(reader, id);
    if (!event) return {.response = event.error()};
    return {.response = {.status = 200}, .event = event->id};
  };
}

}  // namespace

std::string bookmark_entry_name(std::string_view name) {
  return std::string(kPrefix) + std::string(name);
}

std::string bookmark_entry_value(const Bookmark& bookmark) {
  JsonWriter json;
  json.begin_object()
      .member("event", to_text(bookmark.event))
      .member("created", std::int64_t{bookmark.created.time_since_epoch().count()})
      .member("note", bookmark.note)
      .end_object();
  return json.take();
}

std::optional<Bookmark> bookmark_of_entry(std::string_view name, std::string_view value) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const auto parsed = parse_json(value);
  simdjson::dom::object object;
  std::string_view event, note;
  std::int64_t created = 0;
  if (!parsed || parsed->get(object) != simdjson::SUCCESS ||
      object["event"].get(event) != simdjson::SUCCESS ||
      object["created"].get(created) != simdjson::SUCCESS || object["note"].get(note) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  const auto id = parse_event_id(event);
  if (!id) return std::nullopt;
  return Bookmark{.name = std::string(name.substr(kPrefix.size())),
                  .event = *id,
                  .created = Time(std::chrono::milliseconds(created)),
                  .note = std::string(note)};
}

std::vector<EventId> bookmarked_events(const std::vector<std::pair<std::string, std::string>>& state) {
  std::vector<EventId> events;
  for (const auto& [name, value] : state) {
    if (const auto bookmark = bookmark_of_entry(name, value)) events.push_back(bookmark->event);
  }
  return events;
}

std::vector<Bookmark> Bookmarks::all() const {
  std::vector<Bookmark> all;
  for (const auto& [name, value] : store_.state()) {
    if (auto bookmark = bookmark_of_entry(name, value)) all.push_back(*std::move(bookmark));
  }
  return all;
}

std::optional<Bookmark> Bookmarks::find(std::string_view name) const {
  for (Bookmark& bookmark : all()) {
    if (bookmark.name == name) return std::move(bookmark);
  }
  return std::nullopt;
}

http::Response Bookmarks::list() const {
  JsonWriter json;
  json.begin_object().key("bookmarks").begin_array();
  for (const Bookmark& bookmark : all())
    write(json, bookmark);
  json.end_array().end_object();
  return json_response(json);
}

http::Response Bookmarks::show(std::string_view name) const {
  const auto bookmark = find(name);
  return bookmark ? answer(*bookmark) : no_such(name);
}

Task<http::Response> Bookmarks::set(std::string name, std::string body) {
  if (!is_name(name)) {
    co_return error(400, "bad_parameter",
                    "A bookmark's name has 1 to 100 of the letters A-Z, a-z, 0-9, full stop, _ and -.");
  }
  const auto wanted = parse(body);
  if (!wanted) co_return wanted.error();
  const std::vector<Bookmark> there = all();
  const bool is_new = std::ranges::find(there, name, &Bookmark::name) == there.end();
  if (is_new && there.size() >= kBookmarksMax)
    co_return error(409, "too_many_bookmarks", "There are a thousand bookmarks. Remove some first.");

  Asking finding(store_, loop_, Freshness::current, find_one(wanted->event));
  Answer found = co_await finding;
  if (!found.event) co_return std::move(found.response);
  const Bookmark bookmark{.name = name, .event = *found.event, .created = clock_.now(), .note = wanted->note};
  KeepingState keeping(store_, loop_, bookmark_entry_name(name), bookmark_entry_value(bookmark));
  const KeepingState::Result kept = co_await keeping;
  if (!kept) co_return error(kept.error());

  // Retention may have been about to remove it: now that it is pinned, what is there stays.
  Asking again(store_, loop_, Freshness::current, find_one(to_text(*found.event)));
  Answer still = co_await again;
  if (still.event || still.response.status != 404) co_return answer(bookmark);
  KeepingState removing(store_, loop_, bookmark_entry_name(name), "");
  const KeepingState::Result removed = co_await removing;
  if (!removed) co_return error(removed.error());
  co_return std::move(still.response);
}

Task<http::Response> Bookmarks::remove(std::string name) {
  if (!find(name)) co_return no_such(name);
  KeepingState removing(store_, loop_, bookmark_entry_name(name), "");
  const KeepingState::Result removed = co_await removing;
  if (!removed) co_return error(removed.error());
  http::Response response;
  response.status = 204;
  response.headers.emplace_back("Cache-Control", "no-store");
  co_return response;
}

// The job's request: the bookmark's event, and what the body says besides.
static std::expected<JobRequest, http::Response> replay_of(const Bookmark& bookmark, std::string_view body) {
  std::string to = "[]";
  if (!body.empty()) {
    const auto parsed = parse_json(body);
    simdjson::dom::object object;
    if (!parsed || parsed->get(object) != simdjson::SUCCESS)
      return std::unexpected(bad(R"(The body is empty, or a JSON object such as {"to":["app"]}.)"));
    for (const auto& [name, value] : object) {
      if (name != "to") {
        return std::unexpected(error(400, "unknown_parameter",
                                     "There is no member `" + std::string(name) + "` here. Known is: to."));
      }
      to = simdjson::minify(value);
    }
  }
  return parse_job_request(R"({"kind":"replay","select":{"ids":[")" + to_text(bookmark.event) +
                           R"("]},"to":)" + to + "}");
}

Task<http::Response> Bookmarks::replay(std::string name, std::string body, std::string key) {
  const auto bookmark = find(name);
  if (!bookmark) co_return no_such(name);
  auto request = replay_of(*bookmark, body);
  if (!request) co_return std::move(request.error());
  Task<http::Response> creating = jobs_.create(*std::move(request), std::move(key));
  http::Response response = co_await creating;
  co_return response;
}

}  // namespace creel::admin

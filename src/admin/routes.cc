// The routes of the running configuration, in the order in which they are asked.
#include <algorithm>
#include <memory>

#include "admin/pauses.h"
#include "admin/resources.h"

namespace creel::admin {
namespace {

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).begin_array();
  for (const std::string& text : texts)
    json.value(text);
  json.end_array();
}

// Leaves its object open.
void write_route(JsonWriter& json, const Route& route, const std::optional<Pause>& pause) {
  json.begin_object().member("name", route.name);
  write_texts(json, "from", route.from);
  write_texts(json, "types", route.types);
  json.key("filter");
  route.filter.empty() ? json.null() : json.raw(route.filter);
  json.key("transform");
  route.transform.empty() ? json.null() : json.value(route.transform);
  write_texts(json, "to", route.to);
  write_pause(json, pause);
}

std::vector<Pause> all_of(const Pauses& pauses) {
  return pauses ? pauses() : std::vector<Pause>();
}

}  // namespace

Question list_routes(const AdminOptions& options) {
  return [routes = options.routes, pauses = options.pauses](Reader&, Staleness) -> Answer {
    const std::shared_ptr<const Routes> now = routes ? routes() : nullptr;
    const std::vector<Pause> paused = all_of(pauses);
    JsonWriter json;
    json.begin_object().key("routes").begin_array();
    for (const Route& route : now ? now->routes() : std::span<const Route>()) {
      write_route(json, route, find_pause(paused, Pause::What::route, route.name));
      json.end_object();
    }
    json.end_array().end_object();
    return {.response = json_response(json)};
  };
}

Question show_route(std::string name, const AdminOptions& options) {
  return [name = std::move(name), routes = options.routes, pauses = options.pauses](
             Reader& reader, Staleness staleness) -> Answer {
    assume(on_read);
    const std::shared_ptr<const Routes> now = routes ? routes() : nullptr;
    const auto all = now ? now->routes() : std::span<const Route>();
    const auto found = std::ranges::find(all, name, &Route::name);
    if (found == all.end()) return {.response = unknown_name(Pause::What::route, name)};
    const std::optional<Pause> pause = find_pause(all_of(pauses), Pause::What::route, name);
    JsonWriter json;
    write_route(json, *found, pause);
    if (pause) {
      const auto count = count_held_of_route(reader, *now, *found);
      if (!count) return {.response = error(count.error())};
      write_held_count(json, *count);
      write_staleness(json, staleness);
    }
    json.end_object();
    return {.response = json_response(json)};
  };
}

}  // namespace creel::admin

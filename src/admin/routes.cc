// The routes of the running configuration, in the order in which they are asked.
#include <algorithm>

#include "admin/resources.h"

namespace creel::admin {
namespace {

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).begin_array();
  for (const std::string& text : texts)
    json.value(text);
  json.end_array();
}

void write_route(JsonWriter& json, const Route& route) {
  json.begin_object().member("name", route.name);
  write_texts(json, "from", route.from);
  write_texts(json, "types", route.types);
  json.key("filter");
  route.filter.empty() ? json.null() : json.raw(route.filter);
  json.key("transform");
  route.transform.empty() ? json.null() : json.value(route.transform);
  write_texts(json, "to", route.to);
  json.end_object();
}

}  // namespace

http::Response list_routes(const Routes* routes) {
  JsonWriter json;
  json.begin_object().key("routes").begin_array();
  for (const Route& route : routes ? routes->routes() : std::span<const Route>())
    write_route(json, route);
  json.end_array().end_object();
  return json_response(json);
}

http::Response show_route(const Routes* routes, std::string_view name) {
  for (const Route& route : routes ? routes->routes() : std::span<const Route>()) {
    if (route.name != name) continue;
    JsonWriter json;
    write_route(json, route);
    return json_response(json);
  }
  return error(404, "not_found",
               "No route has the name " + std::string(name) +
                   "; GET /api/v1/routes lists those that the configuration has.");
}

}  // namespace creel::admin

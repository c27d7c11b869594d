// An event and a script for it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "rules/transform.h"

namespace creel {

struct TransformWorld {
  StoredEvent event{.id = EventId::of(7, 0),
                    .source = "openai",
                    .received = Time(std::chrono::seconds(1'750'287'078)),
                    .provider_id = "wh_1",
                    .type = "batch.completed",
                    .subject = "batch_1",
                    .head =
                        "POST /webhooks/openai?team=a&tag=x&tag=y%20z HTTP/1.1\r\n"
                        "Host: hooks.example.com\r\n"
                        "Content-Type: application/json\r\n"
                        "X-Trace: 1\r\n"
                        "Accept: */*\r\n"
                        "X-Trace: 2\r\n",
                    .body = R"({"type":"batch.completed","data":{"id":"batch_1","n":3,"list":[1,2]}})"};
  TransformLimits limits;

  // What goes out, or "nil", or the error.
  std::string body(std::string_view lua) {
    auto made = run(lua);
    if (!made) return made.error().message;
    return *made ? (*made)->body : "nil";
  }
  std::string head(std::string_view lua) {
    auto made = run(lua);
    if (!made) return made.error().message;
    return *made ? (*made)->head : "nil";
  }
  // Of a function whose body this is.
  std::string value(std::string_view expression) {
    return body("function(event) event.body = {" + std::string(expression) + "} return event end");
  }
  std::expected<std::optional<Transformed>, TransformError> run(std::string_view lua) {
    auto transform = Transform::compile(lua, limits);
    if (!transform) return std::unexpected(transform.error());
    return transform->run(event);
  }
};

}  // namespace creel

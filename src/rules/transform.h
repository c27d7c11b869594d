// What becomes of an event on its way to a destination: a function in Lua 5.4 (docs/transforms.md).
//
//   auto transform = Transform::compile("function(event) event.body.data.secret = nil return event end");
//   auto made = transform->run(event);
//
// The function gets the event (id, source, type, subject, received, method, path, query, headers, body; a
// JSON body as a table) and returns it, or nil for an event that is not to be delivered. Only
// method-independent parts go out: path's query, headers and body. It is a pure function: nothing of one
// event is left for the next, and it reaches no file, no network, no clock and no environment. Instructions
// and memory are limited, those of library functions too.
//
// The same event and the same text give the same bytes, so that every attempt of a delivery is the same. Used
// by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/model.h"

namespace creel {

struct TransformLimits {
  std::size_t memory_max = std::size_t{64} << 20;  // bytes of the script's own values
  std::uint64_t steps_max = 10'000'000;            // instructions, about 0.1 s
};

struct TransformError {
  std::string message;  // one sentence for a person: "line 3: attempt to index a nil value (field 'data')"
  int line = 0;         // of the script, 0 when it is not about one
};

// What goes out in place of the event's own: as StoredEvent has them.
struct Transformed {
  std::string head;
  std::string body;
};

class Transform {
 public:
  // `lua` is a function, `function(event) … end`, or a chunk that returns one.
  static std::expected<Transform, TransformError> compile(std::string_view lua,
                                                          const TransformLimits& limits = {});
  Transform(Transform&&) noexcept;
  Transform& operator=(Transform&&) noexcept;
  ~Transform();

  // Nothing: the function returned nil. An error leaves the Transform as good as new.
  std::expected<std::optional<Transformed>, TransformError> run(const StoredEvent& event);

 private:
  struct Impl;
  explicit Transform(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace creel

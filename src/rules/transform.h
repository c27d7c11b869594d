// What becomes of an event on its way to a destination: a function in Lua 5.4 (docs/transforms.md).
//
//   auto transform = Transform::compile("function(event) event.body.data.secret = nil return event end");
//   auto made = transform->run(event);
//
// The function gets the event (id, source, provider_id, type, subject, received, method, path, query,
// headers, body; a JSON body as a table) and returns it, or nil for an event that is not to be delivered.
// Query, headers and body go out as it left them; to change anything else is an error. It is a pure function:
// nothing of one event is left for the next, and it reaches no file, no network, no clock and no environment.
// Instructions and memory are limited, those of library functions too.
//
// The same event and the same text give the same bytes, so that every attempt of a delivery is the same: a
// JSON body is written with sorted keys, or stays byte for byte when the function did not change it. Used by
// one thread at a time, which may be another each time.
#pragma once

#include <chrono>
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
  // Bytes of all values, some 40 KiB of the libraries among them.
  std::size_t memory_max = std::size_t{64} << 20;
  // Instructions, and the work of library functions in units of about one; takes some 0.1 s.
  std::uint64_t steps_max = 10'000'000;
  // Of processor time, for what steps do not see; far beyond what steps_max allows otherwise.
  std::chrono::milliseconds time_max = std::chrono::seconds(5);
};

// The message is at most 500 bytes, safe to show, and holds nothing of the event but names of fields, unless
// the script puts it there.
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
  // `lua` is a function, `function(event) … end`, or a chunk that returns one, of at most 64 KiB. A chunk is
  // run anew for each event, and once here to see that it gives a function.
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

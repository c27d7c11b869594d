// A destination as something that can be tried. One file a kind: http_client.h, exec_runner.h, line_writer.h.
//
// An endpoint performs one attempt and says what became of it. It never decides about retries, never waits
// for a slot and never touches the store: that is the dispatcher's. Everything here is on the deliver thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/ids.h"
#include "core/model.h"
#include "core/threads.h"

namespace creel {

// One try of a delivery that is to be made now.
struct AttemptOrder {
  std::size_t destination = 0;  // its place in the list of destinations
  EventId event;
  std::uint32_t ordinal = 1;
  std::uint32_t number = 1;                    // counts over the delivery's life
  std::shared_ptr<const StoredEvent> content;  // what is sent
  // The event as it is kept, where a transform has made `content` of it: what a retry starts from. Else null.
  std::shared_ptr<const StoredEvent> kept;
  AttemptTrigger trigger = AttemptTrigger::first;
};

// What became of it.
struct AttemptReport {
  AttemptResult result = AttemptResult::connect;
  int status = 0;                                   // HTTP status, 0 without one
  std::string reply;                                // head and body of a failure; "" for a success
  std::string error;                                // one sentence for a person; "" for a success
  std::optional<std::chrono::seconds> retry_after;  // as the answer asked, not bounded
  AttemptTimings timings;
  // Not to be tried again, whatever the policy says: a program ended with 65.
  bool is_final = false;
};

// Is told how attempts ended.
class AttemptSink {
 public:
  virtual ~AttemptSink() = default;
  virtual void ended(AttemptOrder order, AttemptReport report) ON_DELIVER = 0;
};

class Endpoint {
 public:
  virtual ~Endpoint() = default;
  // Begins an attempt. Its end is told to the sink exactly once, perhaps before this returns; never after the
  // endpoint is gone: attempts that run then are abandoned.
  virtual void attempt(AttemptOrder order, Time now) ON_DELIVER = 0;
  // No attempt runs: it may go without abandoning any.
  virtual bool is_idle() const ON_DELIVER = 0;
};

}  // namespace creel

// What goes out with a delivery: the URL and the headers, as a pure function of the event, the destination
// and the time.
//
// Everything that the provider sent goes on, but for what belongs to one connection, what is a credential,
// and what creel says itself. Then creel's own headers, then the signature. Nothing of the event can end a
// line: values with control characters are left out.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/model.h"
#include "deliver/destination.h"

namespace creel {

class Receiver;
class Signer;

// A source's keys by its name, or null when there is no such source any more. The receiver outlives the
// deliverer.
using ReceiverLookup = std::function<const Receiver*(std::string_view source)>;

// Header lines without line ends, each followed by a NUL: what libcurl wants, in one piece of memory that is
// reused.
struct HeaderLines {
  std::string text;
  std::size_t count = 0;

  void clear() {
    text.clear();
    count = 0;
  }
  // `name` and `value` hold no control character.
  void add(std::string_view name, std::string_view value);
};

// Writes the headers of this attempt into `into`. The error is a sentence: why it cannot be signed as the
// destination wants. `receiver` is the event's source, or null. `signer` is made of the destination's own
// secret; without it one is made for this call when it is needed.
std::expected<void, std::string> write_headers(const Destination& destination, const AttemptOrder& order,
                                               const Receiver* receiver, Time now, HeaderLines& into,
                                               const Signer* signer = nullptr);

// The destination's URL with the query that the provider sent appended, without a fragment.
std::string request_url(std::string_view destination_url, std::string_view event_head);

// Whether the event came with a query.
bool has_query(std::string_view event_head);

}  // namespace creel

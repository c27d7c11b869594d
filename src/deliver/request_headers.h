// What goes out with a delivery: the URL and the headers, as a pure function of the event, the destination
// and the time.
//
// Everything that the provider sent goes on, but for what belongs to one connection, what is a credential
// (headers and fields of the query alike), and what creel says itself. Then the signature, the headers that
// the destination adds, what it authenticates creel with, and creel's own; each in place of what came with
// its name. Nothing of the event can end a line: values with control characters are left out.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/model.h"
#include "deliver/destination.h"

namespace creel {

class Receiver;
class Signer;

// A source's keys by its name, or null when there is no such source any more. Called on the deliver thread
// for every attempt, so that a reload is seen at once.
using ReceiverLookup = std::function<std::shared_ptr<const Receiver>(std::string_view source)>;

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

// What an attempt sends besides its body. Memory is reused.
struct OutgoingRequest {
  std::string url;
  HeaderLines headers;
};

// A header that shows who creel is, ready to be sent.
struct AuthLine {
  std::string_view name, value;
};

// Whether a destination may add a header of this name: not what belongs to the connection or is creel's own,
// and no signature of any provider, which would stand where a handler looks for a genuine one.
bool can_be_added(std::string_view header);
// Whether it is a name, and can be sent as what authenticates: a signature's may.
bool can_authenticate(std::string_view header);
// Whether it can be sent: no control character.
bool is_header_value(std::string_view value);

// Writes what this attempt sends into `into`. The error is a sentence: why it cannot be signed as the
// destination wants. `receiver` is the event's source, or null. `signer` is made of the destination's own
// secret; without it one is made for this call when it is needed. `auth` is what the destination's
// authentication came to.
//
// SignMode::source passes the provider's signature on where the source's keys cannot sign (public ones).
// Where signing means that the secret itself travels, it does so only if the destination said `source`
// itself.
std::expected<void, std::string> write_request(const Destination& destination, const AttemptOrder& order,
                                               const Receiver* receiver, Time now, OutgoingRequest& into,
                                               const Signer* signer = nullptr,
                                               const AuthLine* auth = nullptr);

// The destination's URL with the query that the provider sent appended, without credentials and without a
// fragment.
std::string request_url(std::string_view destination_url, std::string_view event_head,
                        const Receiver* receiver);

}  // namespace creel

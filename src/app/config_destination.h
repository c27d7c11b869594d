// [destinations.NAME]: of which kind it is, how it is reached, and how much of what may go there when.
//
// The key that says where events go says the kind: `url`, `exec` or `stdout`. Keys that only another kind has
// are refused.
#pragma once

#include <string>

#include "app/config.h"
#include "app/config_section.h"

namespace creel {

// Where the parts of a destination stood in the file. 0:0 for what came from a flag.
struct DestinationPlaces {
  Place whole, url, sign, guard;
  bool has_sign = false;    // said in the file, not by default
  bool has_secret = false;  // said, be it good or bad
};

struct ReadDestination {
  Destination destination;
  DestinationPlaces places;
};

ReadDestination read_destination(const TomlEntry& entry, std::string title, const Outside& outside,
                                 ConfigProblems& problems);

// --- Its parts, each in a file of its own. What is wrong is reported, and the rest read all the same.
// ---------------------

// What an HTTP destination is told besides its URL; config_destination_http.cc.
void read_http(Section& from, Destination& into);
// `auth`; config_destination_auth.cc.
void read_auth(Section& from, HttpSettings& into);
// `exec` and what goes with it; config_destination_exec.cc.
void read_exec(Section& from, Destination& into);
// Retries, limits, breaker and order; config_policy.cc.
void read_policies(Section& from, Destination& into);

// Why a header of this name cannot be said, as the end of a sentence that begins with the name; "" when it
// can. `is_auth`: it is what authenticates, and may be called as a provider's signature is.
std::string header_name_problem(std::string_view name, bool is_auth);
// Neither control characters nor a space at either end.
bool is_plain_value(std::string_view value);

}  // namespace creel

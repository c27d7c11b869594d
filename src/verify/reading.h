// From a genuine request to its events: ids, types, subjects and times, by the provider's row.
//
// Nothing here decides whether a request is genuine; it is given verified bytes.
#pragma once

#include <expected>
#include <optional>
#include <vector>

#include <creel/provider.h>

#include "verify/scheme.h"

namespace creel {

struct ReadRequest {
  const Provider& provider;
  const IncomingRequest& request;
  const Proof& proof;
  bool dedupe_by_body = false;
};

// The events of a request. Views point into its body. The error is always ReceiveCause::invalid_json.
std::expected<std::vector<ReceivedItem>, ReceiveError> read_events(const ReadRequest& read);

}  // namespace creel

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

// The answer to a handshake that came signed; nothing for an event.
std::optional<Reply> answer_signed_handshake(Handshake handshake, const IncomingRequest& request,
                                             const SchemeKeys& keys, const Proof& proof);

// The answer to a handshake that comes without a signature; nothing for any other request.
std::optional<Reply> answer_open_handshake(Handshake handshake, std::string_view verify_token,
                                           const IncomingRequest& request);

}  // namespace creel

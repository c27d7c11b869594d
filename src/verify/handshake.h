// How a provider finds out that somebody listens, and the answers that satisfy it. None of them makes an
// event.
#pragma once

#include <optional>
#include <string_view>

#include <creel/provider.h>

#include "verify/scheme.h"

namespace creel {

// The answer to a handshake that came signed; nothing for an event.
std::optional<Reply> answer_signed_handshake(Handshake handshake, const IncomingRequest& request,
                                             const SchemeKeys& keys, const Proof& proof);

// The answer to a handshake that comes without a signature; nothing for any other request. What is echoed is
// at most 1 KiB of printable ASCII, as plain text. An empty `verify_token` is right for nobody.
std::optional<Reply> answer_open_handshake(Handshake handshake, const Provider& provider,
                                           std::string_view verify_token, const IncomingRequest& request);

}  // namespace creel

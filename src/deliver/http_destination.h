// A destination that is reached over HTTP.
#pragma once

#include <memory>

#include "core/clock.h"
#include "deliver/destination.h"
#include "deliver/http_multi.h"
#include "deliver/request_headers.h"

namespace creel {

// Everything but `destination` outlives it, and so does what `receivers` gives.
std::unique_ptr<Endpoint> make_http_destination(HttpMulti& multi, const HttpTransfer::Limits& limits,
                                                AttemptSink& sink, Destination destination,
                                                const ReceiverLookup& receivers, const Clock& clock);

}  // namespace creel

// Why a rejected request was rejected: the forensics of `creel verify` with today's configuration, and the
// time at which it came.
#pragma once

#include <vector>

#include "app/live.h"
#include "ingest/credentials.h"
#include "store/store.h"
#include "verify/forensics.h"

namespace creel {

// The most telling first; at least one. Other sources' secrets are suspects. Pure: any thread.
std::vector<Finding> explain_rejected(const RejectedRequest& rejected, const Live& live,
                                      const CredentialMask& mask);

}  // namespace creel

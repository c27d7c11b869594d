// A job of the server's, followed to its end.
#pragma once

#include "cli/admin_client.h"
#include "cli/commands.h"

namespace creel::cli {

// Waits until `job` (as the API shows it) has ended, says on stderr how far it is, and writes what it came
// to. On a terminal the progress is one line that is written over; elsewhere a line for each tenth, and one
// every ten seconds. A restart of the server is waited for. ctrl-C leaves the job running, says how to come
// back to it and how to stop it, and gives kInterrupted.
//
// kFine when it did something; kNegative when it failed, was cancelled or found nothing.
int follow_job(AdminClient& client, Json job, Format format, Io& io);

}  // namespace creel::cli

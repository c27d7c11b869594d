// What a job would do, counted before it does it.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>

#include "cli/admin_client.h"
#include "cli/commands.h"

namespace creel::cli {

struct JobPlan {
  std::int64_t events = 0;      // that have such deliveries
  std::int64_t deliveries = 0;  // that would be changed or made
  std::int64_t scanned = 0;     // events looked at
  std::map<std::string, std::int64_t> destinations;
};

// Asks the server page after page until all is counted. `job` is what would be posted to make the job. On a
// terminal it says how far it is. The error is an exit code.
std::expected<JobPlan, int> plan_job(AdminClient& client, const Json& job, Io& io);

// "would replay 41873 deliveries of 41873 events (50000 looked at)" and how many to each destination.
void print_plan(const JobPlan& plan, std::string_view kind, Format format, std::ostream& out);

}  // namespace creel::cli

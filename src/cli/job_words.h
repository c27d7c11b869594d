// Jobs in words: what they do, how far they are, and what they did.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "cli/json.h"

namespace creel::cli {

// "3 deliveries", "1 delivery".
std::string deliveries_text(std::int64_t count);

// "42 %", of a job as the API shows it.
std::string progress_text(const Json& job);

// "job_7: 42 %, 42000 events looked at, 41873 deliveries, about 12.00 s to go", or why it stands. `took` is
// how long it was watched, `from` the progress at which that began.
std::string running_text(const Json& job, double from, std::chrono::milliseconds took);

// "job_7: done: 41873 deliveries replayed, 50000 events looked at".
std::string ended_text(const Json& job);

// Why a job, or what is posted to make one, found nothing.
std::string nothing_matched(const Json& job);

// Its progress as a number from 0 to 1.
double progress_of(const Json& job);

bool is_running(const Json& job);

}  // namespace creel::cli

// creel replay, creel retry | cancel of many, creel dlq retry | drop: one job of the server's
#include <fmt/format.h>

#include <ostream>

#include "app/units.h"
#include "cli/admin_client.h"
#include "cli/confirm.h"
#include "cli/exit_code.h"
#include "cli/job_follow.h"
#include "cli/job_plan.h"
#include "cli/job_words.h"
#include "cli/output.h"
#include "cli/selection.h"

namespace creel::cli {
namespace {

int say_which(std::string_view command, Io& io) {
  complain(io.err, fmt::format("say which: ids, --source, --since 1h and the like, or --all; see creel {} "
                               "--help",
                               command));
  return kUsage;
}

// The bookmark's event in place of what was selected.
int put_bookmark(AdminClient& client, const JobOptions& options, Json& select, Io& io) {
  if (std::get<Json::Object>(select.value).size() > 0 || options.select.all) {
    complain(io.err, "--bookmark names one event: say no other ids and no filter beside it");
    return kUsage;
  }
  const auto bookmark = client.get("/api/v1/bookmarks/" + percent_encoded(options.bookmark));
  if (!bookmark) return bookmark.error();
  select.set("ids", {Json::Array{Json::of(std::string_view(bookmark->text("event")))}});
  return kFine;
}

// What is posted to make the job.
Json job_json(std::string_view kind, const Json& select, const JobOptions& options) {
  Json job = Json::object();
  job.set("kind", Json::of(kind)).set("select", select);
  if (std::get<Json::Object>(select.value).empty()) job.set("all", Json::of(true));
  if (!options.to.empty()) {
    Json::Array to;
    for (const std::string& name : options.to)
      to.push_back(Json::of(std::string_view(name)));
    job.set("to", {std::move(to)});
  }
  if (!options.rate.empty()) job.set("rate", Json::of(std::string_view(options.rate)));
  return job;
}

// Counts, and asks before more than one delivery is changed. kFine to go on; with --plan never.
int look_first(AdminClient& client, const Json& job, const JobOptions& options, Io& io, bool& goes_on) {
  goes_on = false;
  const auto plan = plan_job(client, job, io);
  if (!plan) return plan.error();
  const std::string kind = job.text("kind");
  if (options.plan) print_plan(*plan, kind, options.format, io.out);
  if (plan->deliveries == 0) {
    complain(io.err, nothing_matched(job));
    return kNegative;
  }
  if (options.plan) return kFine;
  goes_on = true;
  if (plan->deliveries == 1) return kFine;
  print_plan(*plan, kind, Format::text, io.err);
  return confirm(fmt::format("{} {}", kind, deliveries_text(plan->deliveries)), "say --yes", io);
}

int start(AdminClient& client, const Json& job, const JobOptions& options, Io& io) {
  AdminClient::Extra extra;
  if (!options.idempotency_key.empty()) extra.headers = {{"Idempotency-Key", options.idempotency_key}};
  auto made = client.post("/api/v1/jobs", job.dump(), extra);
  if (!made) return made.error();
  if (!options.detach) return follow_job(client, *std::move(made), options.format, io);
  io.out << (options.format == Format::json ? made->dump() : made->text("id")) << '\n';
  return kFine;
}

int run_job(std::string_view kind, std::string_view command, const JobOptions& options, Io& io) {
  auto select = selection_json(options.select, io);
  if (!select) return select.error();
  const bool says_something = !std::get<Json::Object>(select->value).empty();
  if (!says_something && !options.select.all && options.bookmark.empty()) return say_which(command, io);
  if (says_something && options.select.all) {
    complain(io.err, "--all means every one: say no ids and no filter beside it");
    return kUsage;
  }
  if (!options.rate.empty()) {
    if (const auto rate = parse_rate(options.rate); !rate) {
      complain(io.err, "--rate: " + rate.error());
      return kUsage;
    }
  }
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  if (!options.bookmark.empty()) {
    if (const int code = put_bookmark(*client, options, *select, io); code != kFine) return code;
  }
  // Dead letters are what is dead, whatever else is said.
  if (command.starts_with("dlq")) select->set("state", Json::of(std::string_view("dead")));

  const Json job = job_json(kind, *select, options);
  if (options.plan || !options.yes) {
    bool goes_on = false;
    const int code = look_first(*client, job, options, io, goes_on);
    if (code != kFine || !goes_on) return code;
  }
  return start(*client, job, options, io);
}

}  // namespace

int replay(const JobOptions& options, Io& io) {
  return run_job("replay", "replay", options, io);
}
int retry_many(const JobOptions& options, Io& io) {
  return run_job("retry", "retry", options, io);
}
int cancel_many(const JobOptions& options, Io& io) {
  return run_job("cancel", "cancel", options, io);
}
int dlq_retry(const JobOptions& options, Io& io) {
  return run_job("retry", "dlq retry", options, io);
}
int dlq_drop(const JobOptions& options, Io& io) {
  return run_job("cancel", "dlq drop", options, io);
}

}  // namespace creel::cli

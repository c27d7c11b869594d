// creel jobs list | get | cancel | wait
#include <fmt/format.h>

#include <ostream>

#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/job_follow.h"
#include "cli/job_words.h"
#include "cli/output.h"

namespace creel::cli {
namespace {

std::string path_of(const std::string& id) {
  return "/api/v1/jobs/" + percent_encoded(id);
}

std::string select_text(const Json& job) {
  const std::string text = shown(job.find("select"));
  return text.empty() || text == "{}" ? "everything" : text;
}

void print_job(const Json& job, std::ostream& out) {
  std::vector<std::pair<std::string, std::string>> fields{
      {"job", job.text("id")},
      {"kind", job.text("kind")},
      {"state", job.text("state")},
      {"created", local_time(job.text("created"))},
      {"updated", local_time(job.text("updated"))},
      {"finished", local_time(job.text("finished"))},
      {"progress", progress_text(job)},
      {"looked at", fmt::format("{} events", job.integer("events"))},
      {"deliveries", shown(job.find("deliveries"))},
      {"waits", shown(job.find("waiting"))},
      {"error", shown(job.find("error"))},
      {"select", select_text(job)}};
  std::string to;
  for (const Json& name : job.items("to"))
    to += (to.empty() ? "" : ", ") + shown(&name);
  fields.emplace_back("to", to);
  fields.emplace_back("rate", shown(job.find("rate")));
  std::erase_if(fields, [](const auto& field) { return field.second.empty(); });
  print_fields(out, fields);
}

}  // namespace

int jobs_list(const ListOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto all = client->get("/api/v1/jobs");
  if (!all) return all.error();
  Table table({"JOB", "KIND", "STATE", "CREATED", "DONE", "EVENTS", "DELIVERIES"});
  for (const Json& job : all->items("jobs")) {
    if (options.names) {
      io.out << job.text("id") << '\n';
    } else if (options.format == Format::json) {
      io.out << job.dump() << '\n';
    }
    table.add({job.text("id"), job.text("kind"), job.text("state"), local_time(job.text("created")),
               progress_text(job), shown(job.find("events")), shown(job.find("deliveries"))});
  }
  if (options.names) return kFine;
  if (!table.has_rows()) complain(io.err, "no jobs");
  if (options.format == Format::text && table.has_rows()) table.print(io.out);
  return kFine;
}

int jobs_get(const OneOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto job = client->get(path_of(options.id));
  if (!job) return job.error();
  if (options.format == Format::json) {
    io.out << job->dump() << '\n';
  } else {
    print_job(*job, io.out);
  }
  return kFine;
}

int jobs_cancel(const OneOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const auto before = client->get(path_of(options.id));
  if (!before) return before.error();
  if (!is_running(*before)) {
    complain(io.err, fmt::format("{} has ended ({}): there is nothing to stop", before->text("id"),
                                 before->text("state")));
    return kNegative;
  }
  const auto job = client->post(path_of(options.id) + "/cancel");
  if (!job) return job.error();
  io.out << (options.format == Format::json ? job->dump() : ended_text(*job)) << '\n';
  return kFine;
}

int jobs_wait(const OneOptions& options, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  auto job = client->get(path_of(options.id));
  if (!job) return job.error();
  return follow_job(*client, *std::move(job), options.format, io);
}

}  // namespace creel::cli

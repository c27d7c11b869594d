#include "cli/job_plan.h"

#include <fmt/format.h>

#include <ostream>

#include "cli/exit_code.h"
#include "cli/job_words.h"
#include "cli/output.h"

namespace creel::cli {
namespace {

constexpr std::chrono::seconds kPageTimeout(60);

void add(JobPlan& plan, const Json& page) {
  plan.events += page.integer("events");
  plan.deliveries += page.integer("deliveries");
  plan.scanned += page.integer("scanned");
  const Json* destinations = page.find("destinations");
  const auto* members = destinations ? std::get_if<Json::Object>(&destinations->value) : nullptr;
  if (!members) return;
  for (const auto& [name, count] : *members)
    plan.destinations[name] += destinations->integer(name);
}

}  // namespace

std::expected<JobPlan, int> plan_job(AdminClient& client, const Json& job, Io& io) {
  JobPlan plan;
  Json body = job;
  while (true) {
    const auto page = client.post("/api/v1/jobs/plan", body.dump(), {.timeout = kPageTimeout});
    if (!page) return std::unexpected(page.error());
    add(plan, *page);
    const Json *cursor = page->find("cursor"), *upto = page->find("upto");
    if (!page->is_true("more") || !cursor) break;
    body.set("cursor", *cursor);
    if (upto) body.set("upto", *upto);
    if (io.err_is_terminal) {
      io.err << fmt::format("\r\x1b[K{} events looked at, {} so far", plan.scanned,
                            deliveries_text(plan.deliveries))
             << std::flush;
    }
  }
  if (io.err_is_terminal) io.err << "\r\x1b[K" << std::flush;
  return plan;
}

void print_plan(const JobPlan& plan, std::string_view kind, Format format, std::ostream& out) {
  if (format == Format::json) {
    Json destinations = Json::object();
    for (const auto& [name, count] : plan.destinations)
      destinations.set(name, Json::of(count));
    Json json = Json::object();
    json.set("kind", Json::of(kind)).set("events", Json::of(plan.events));
    json.set("deliveries", Json::of(plan.deliveries)).set("destinations", std::move(destinations));
    json.set("scanned", Json::of(plan.scanned));
    out << json.dump() << '\n';
    return;
  }
  out << fmt::format("would {} {} of {} {} ({} looked at)\n", kind, deliveries_text(plan.deliveries),
                     plan.events, plan.events == 1 ? "event" : "events", plan.scanned);
  Table table({"DESTINATION", "DELIVERIES"});
  for (const auto& [name, count] : plan.destinations)
    table.add({name, std::to_string(count)});
  if (table.has_rows()) table.print(out, "  ");
}

}  // namespace creel::cli

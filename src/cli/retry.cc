// creel retry, creel cancel: of one event or delivery at once, of many by a job
#include <fmt/format.h>

#include <map>
#include <ostream>

#include "cli/admin_client.h"
#include "cli/confirm.h"
#include "cli/exit_code.h"
#include "cli/job_plan.h"
#include "cli/job_words.h"
#include "cli/output.h"
#include "core/ids.h"

namespace creel::cli {
namespace {

// Whether it is one event or one delivery, named by its id: then no job is needed.
bool is_one(const JobOptions& options) {
  const Selection& select = options.select;
  const bool has_filter = select.all || !select.types.empty() || !select.source.empty() ||
                          !select.id.empty() || !select.subject.empty() || !select.state.empty() ||
                          !select.status.empty() || !select.error.empty() || !select.text.empty() ||
                          !select.filter.empty() || !select.since.empty() || !select.until.empty();
  return select.ids.size() == 1 && !has_filter && !options.detach && options.rate.empty() &&
         options.idempotency_key.empty();
}

// What is to come or dead can be cancelled; what is over can be retried.
bool can(std::string_view verb, const Json& delivery) {
  const std::string state = delivery.text("state");
  return verb == "retry" || state == "pending" || state == "held" || state == "dead";
}

int say_none(const std::string& event, const std::string& destination, Io& io) {
  complain(io.err, destination.empty() ? fmt::format("event {} has no deliveries", event)
                                       : fmt::format("event {} has no delivery for {}", event, destination));
  return kNotFound;
}

int change_delivery(AdminClient& client, const JobOptions& options, std::string_view verb, Io& io) {
  const std::string& id = options.select.ids.front();
  const std::string path = "/api/v1/deliveries/" + percent_encoded(id);
  const auto delivery = client.get(path);
  if (!delivery) return delivery.error();
  if (!can(verb, *delivery)) {
    complain(io.err,
             fmt::format("delivery {} is {}: there is nothing to cancel", id, delivery->text("state")));
    return kNegative;
  }
  if (options.plan) {
    print_plan(
        {.events = 1, .deliveries = 1, .scanned = 1, .destinations = {{delivery->text("destination"), 1}}},
        verb, options.format, io.out);
    return kFine;
  }
  const auto answer = client.post(fmt::format("{}/{}", path, verb));
  if (!answer) return answer.error();
  io.out << (options.format == Format::json ? answer->dump() : fmt::format("{}: {} accepted", id, verb))
         << '\n';
  return kFine;
}

int change_event(AdminClient& client, const JobOptions& options, std::string_view verb, Io& io) {
  const std::string &id = options.select.ids.front(), &destination = options.select.destination;
  const std::string path = "/api/v1/events/" + percent_encoded(id);
  const auto event = client.get(path);
  if (!event) return event.error();

  JobPlan plan{.events = 1, .deliveries = 0, .scanned = 1, .destinations = {}};
  bool has_any = false;
  for (const Json& delivery : event->items("deliveries")) {
    const std::string to = delivery.text("destination");
    if (!destination.empty() && to != destination) continue;
    has_any = true;
    if (!can(verb, delivery)) continue;
    ++plan.deliveries;
    ++plan.destinations[to];
  }
  if (!has_any) return say_none(id, destination, io);
  if (plan.deliveries == 0) {
    complain(io.err, fmt::format("event {} has nothing to cancel: no delivery of it is pending or dead", id));
    return kNegative;
  }
  if (options.plan) {
    print_plan(plan, verb, options.format, io.out);
    return kFine;
  }
  const std::string meant = deliveries_text(plan.deliveries);
  if (plan.deliveries > 1 && !options.yes) {
    const int code =
        confirm(fmt::format("{} {}", verb, meant), "say --yes, or name one with --destination", io);
    if (code != kFine) return code;
  }
  QueryText query;
  query.add("destination", destination);
  const auto answer = client.post(fmt::format("{}/{}{}", path, verb, query.text()));
  if (!answer) return answer.error();
  io.out << (options.format == Format::json ? answer->dump()
                                            : fmt::format("{}: {} accepted for {}", id, verb, meant))
         << '\n';
  return kFine;
}

int change_one(const JobOptions& options, std::string_view verb, Io& io) {
  auto client = AdminClient::open(options.server, io);
  if (!client) return client.error();
  const bool is_delivery =
      options.select.destination.empty() && parse_delivery_id(options.select.ids.front());
  return is_delivery ? change_delivery(*client, options, verb, io) : change_event(*client, options, verb, io);
}

}  // namespace

int retry(const JobOptions& options, Io& io) {
  return is_one(options) ? change_one(options, "retry", io) : retry_many(options, io);
}
int cancel(const JobOptions& options, Io& io) {
  return is_one(options) ? change_one(options, "cancel", io) : cancel_many(options, io);
}

}  // namespace creel::cli
